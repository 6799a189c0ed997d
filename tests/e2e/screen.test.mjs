// A shared screen is recorded in a file of its own, and only of those who approved it: both share, one of them allowed it.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { decoding_errors, probe } from './recording.mjs';
import { files_below } from './scan.mjs';
import { scene } from './scene.mjs';

let meeting, recording, approvals, files;

scene('screen', { ids: ['anna', 'ben'] }, async (gathered) => {
  meeting = gathered;
  await meeting.ask();
  await meeting.person('anna').approve(['audio', 'video', 'screen']);
  await meeting.person('ben').approve(['audio', 'video']);
  await meeting.gate_is('open');
  for (const person of meeting.people) {
    await person.click('screen-share');
    await person.state('screen-share', 'on');
  }
  // The later file of a take is announced in the ledger before its media flows.
  const is_track = (file) => /^t\d{3}-.*f\d{3}\.\w+\.age$/.test(basename(file));
  await until('the shared screen has a file', async () => (await files_below(meeting.service.data)).filter(is_track).length >= 3, { timeout_ms: 30000 });
  await pause(6000);
  await meeting.stop();
  recording = await meeting.fetch();
  approvals = await meeting.approvals(recording);
  files = await recording.open_with_unavoce(meeting.room.key);
});

const files_of = (id) => files.filter((file) => basename(file).includes(`-${approvals[id].slice(0, 16)}-`));

test('who approved the screen has two files: camera and microphone in one, the screen in the other', async (t) => {
  const probed = await Promise.all(files_of('anna').map(probe));
  t.diagnostic(JSON.stringify(probed));
  assert.equal(probed.length, 2);
  const [camera] = probed.filter(({ audio }) => audio);
  const [screen] = probed.filter(({ audio }) => !audio);
  assert.ok(camera?.video.packets > 0 && screen?.video.packets > 0);
});

test('who did not approve the screen has their camera and microphone recorded, and not one picture of the screen they shared', async () => {
  const own = files_of('ben');
  assert.equal(own.length, 1);
  assert.ok((await probe(own[0])).audio);
  assert.equal(files.length, 3);
  const published = (await meeting.person('ben').page.evaluate(() => window.__sent())).filter(({ whip }) => whip);
  assert.equal(published.length, 1, 'his page sent the service nothing but camera and microphone');
});

test('the others saw both screens all the same', async () => {
  for (const person of meeting.people) assert.equal(await person.page.locator('[data-testid=tile][data-role=screen]').count(), 2, person.name);
});

test('it verifies, and every file decodes without an error', { timeout: 60000 }, async () => {
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  for (const file of files) assert.equal(await decoding_errors(file), '', file);
});
