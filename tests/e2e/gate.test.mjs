// The gate from outside: while one approval is missing nothing is on the disk; a withdrawal closes it at once and erases one's own part.
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { Watch, files_below } from './scan.mjs';
import { scene } from './scene.mjs';

let meeting, watch, said_before;

scene('gate', { flags: ['--log-level', 'debug'] }, async (gathered) => {
  meeting = gathered;
  watch = new Watch([meeting.service.data, meeting.service.temp, meeting.service.home], join(meeting.folder, 'watched'));
}, async () => { await watch?.stop(); });

const is_track = (file) => /^t\d{3}-.*\.age/.test(basename(file));
const tracks_ever_seen = async () => { await watch.round(); return [...watch.names].filter(is_track); };
const tracks_on_disk = async () => (await files_below(meeting.service.data)).map((file) => basename(file)).filter(is_track);

test('a link with another fingerprint stops the page', { timeout: 60000 }, async () => {
  const { link } = meeting.room;
  const wrong = link.replace(/#(.)/, (_, first) => `#${first === 'A' ? 'B' : 'A'}`);
  const visitor = await meeting.person('chloe').page.context().newPage();
  for (const address of [wrong, link.replace(/#.*/, '')]) {
    await visitor.goto('about:blank');
    await visitor.goto(address);
    await visitor.getByTestId('fingerprint-error').waitFor();
    assert.equal(await visitor.getByTestId('join-submit').isVisible(), false, address);
  }
  await visitor.close();
});

test('while the host who asked has not approved, media flow and not one track file exists', { timeout: 60000 }, async (t) => {
  const [ben, chloe] = meeting.participants;
  await meeting.ask();
  await ben.approve();
  await chloe.approve();
  for (const person of [ben, chloe]) {
    await person.state('publish-state', 'connected');
    await until(`${person.name} sends sound and picture`, async () => { const last = (await person.sent()).at(-1); return last?.audio > 100 && last?.video > 10; });
  }
  await pause(2000);
  assert.equal((await meeting.gate()).state, 'closed');
  assert.deepEqual(await tracks_ever_seen(), []);
  const sent = (await ben.sent()).at(-1);
  t.diagnostic(`Ben sent ${sent.audio} packets of sound and ${sent.video} pictures meanwhile`);
});

test('the missing approval opens the gate', { timeout: 30000 }, async () => {
  await meeting.host.approve();
  await meeting.gate_is('open');
  await Promise.all(meeting.people.map((person) => person.state('recording-sign', 'recording')));
  await pause(4000);
  assert.equal((await tracks_on_disk()).filter((name) => !name.includes('.tail.')).length, 3);
});

test('a withdrawal closes the gate and erases that person\'s tracks; the others stay', { timeout: 60000 }, async () => {
  const ben = meeting.person('ben');
  said_before = meeting.service.said.length;
  await ben.withdraw();
  const gate = await meeting.gate_is('closed');
  assert.match(gate.reason, /withdr/);
  await until('the take is sealed', async () => (await meeting.recording_state())?.tracks.length > 0);
  const recording = await meeting.fetch('after-withdrawal');
  const approvals = await meeting.approvals(recording);
  const prefix = (id) => `-${approvals[id].slice(0, 16)}-`;
  const names = await tracks_on_disk();
  assert.deepEqual(names.filter((name) => name.includes(prefix('ben'))), [], 'tracks of Ben');
  for (const id of ['anna', 'chloe']) assert.ok(names.some((name) => name.includes(prefix(id))), `tracks of ${id}`);
});

test('the gate closed before the withdrawal was in the ledger, and the erasure is in it', async () => {
  const said = meeting.service.said.slice(said_before);
  const [closed, durable] = ['gate closed', 'withdrawal in the ledger'].map((words) => said.indexOf(words));
  assert.ok(closed >= 0 && durable > closed, said);
  const recording = await meeting.fetch('ledger');
  const kinds = (await recording.entries()).map(({ kind }) => kind);
  assert.ok(kinds.includes('withdrawal') && kinds.indexOf('erased') > kinds.indexOf('withdrawal'), kinds.join(' '));
});

test('what is left verifies and opens', { timeout: 60000 }, async () => {
  await meeting.stop();
  const recording = await meeting.fetch('rest');
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  const files = await recording.open_with_unavoce(meeting.room.key);
  assert.equal(files.length, 2);
  await recording.second_opinion(meeting.room.key, files);
});
