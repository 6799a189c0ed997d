// Consent in a meeting that is not tidy: somebody knocks while a recording runs, takes part with sound alone, another one gives less from
// now on, reloads the page and comes back. The room asks before people enter.
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { Person } from './person.mjs';
import { scene } from './scene.mjs';

let meeting, chloe;
const take_is = (number) => until(`take ${number} runs`, async () => { const gate = await meeting.gate(); return gate?.state === 'open' && gate.take === number; });

scene('life', { ids: ['anna', 'ben'], lobby: true }, async (gathered) => {
  meeting = gathered;
  await meeting.ask();
  await meeting.everybody_approves();
  await take_is(1);
  chloe = await Person.enter('chloe', join(meeting.folder, 'people'));
}, async () => { await chloe?.close().catch(() => {}); });

test('whoever knocks is asked in front of the door, and the take goes on', { timeout: 60000 }, async () => {
  const heard = (await meeting.host.heard('gate')).length;
  await chloe.knock(meeting.room.link);
  await chloe.at('prompt').waitFor();
  await meeting.host.at('door-waiting').filter({ hasText: chloe.name }).waitFor();
  await pause(2000);
  assert.equal((await meeting.host.heard('gate')).length, heard, 'the gate said nothing new');
  assert.equal(await chloe.at('tile').count(), 0);
});

test('with an approval of sound alone they enter, and the next take names all three', { timeout: 60000 }, async () => {
  await chloe.approve(['audio']);
  await chloe.at('meeting').waitFor();
  meeting.people.push(chloe);
  await take_is(2);
  await Promise.all(meeting.people.map((person) => person.sees(2)));
  await pause(4000);
});

test('less from now on: the take goes on without the picture', { timeout: 60000 }, async () => {
  const ben = meeting.person('ben');
  await ben.change(['audio']);
  await pause(3000);
  const { audio, video } = (await ben.sent()).at(-1);
  assert.ok(audio > 50 && !video, `since then Ben sends ${audio} packets of sound and ${video ?? 0} pictures`);
  assert.equal((await meeting.gate()).take, 2);
  assert.equal((await meeting.gate()).state, 'open');
});

test('a page that is reloaded stands in front of the door, is asked again, and enters', { timeout: 60000 }, async () => {
  const ben = meeting.person('ben');
  await ben.page.reload();
  await take_is(3);
  await ben.page.waitForSelector('html[data-ready="true"]');
  await ben.click('join-submit');
  await ben.at('prompt-earlier').waitFor();
  await ben.approve(['audio', 'video']);
  await ben.at('meeting').waitFor();
  await take_is(4);
  await pause(4000);
});

test('every file holds what was granted, and the recording verifies', { timeout: 90000 }, async () => {
  await meeting.stop();
  const recording = await meeting.fetch();
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  const entries = await recording.entries();
  const granted = new Map(entries.filter(({ kind }) => kind === 'approval').map(({ id, body }) => [id, body.scope]));
  const tracks = entries.filter(({ kind, body }) => kind === 'seal' && body.take !== null).flatMap(({ body }) => body.tracks.filter(({ empty }) => !empty));
  assert.ok(tracks.length >= 9, `${tracks.length} files in four takes`);
  for (const { name, approval, codecs } of tracks) {
    const kinds = codecs.map((codec) => (codec === 'opus' ? 'audio' : 'video'));
    assert.ok(kinds.every((kind) => granted.get(approval).includes(kind)), `${basename(name)}: ${kinds} of ${granted.get(approval)}`);
  }
  const files = await recording.open_with_unavoce(meeting.room.key);
  assert.equal(files.length, tracks.length);
  await recording.second_opinion(meeting.room.key, files);
});
