// The service dies in the middle of a take and comes back after some attempts of the pages have failed: the pages, which stay open, find it,
// confirm what their people approved, and recording goes on in the next take. Nobody clicks on anything.
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { envelopeOf, whose } from './envelope.mjs';
import { decoding_errors } from './recording.mjs';
import { scene } from './scene.mjs';

/** Longer than the unit waits before it starts the service again (packaging/unavoced.service.in): several attempts fail. */
const OUTAGE_MS = 5000;
let meeting, recording, opened, notices;

scene('restart', { ids: ['anna', 'ben'] }, async (gathered) => {
  meeting = gathered;
  await meeting.ask();
  await meeting.everybody_approves();
  await meeting.gate_is('open');
  await pause(8000);
  await meeting.service.stop('SIGKILL');
  await pause(OUTAGE_MS);
  await meeting.service.restart();
  await until('the next take runs for both', async () => (await Promise.all(meeting.people.map((person) => meeting.gate(person)))).every((gate) => gate?.take >= 2), { timeout_ms: 30000 });
  await Promise.all(meeting.people.map((person) => person.state('recording-sign', 'recording')));
  notices = await Promise.all(meeting.people.map((person) => person.at('notice').textContent()));
  await pause(8000);
  await meeting.stop();
  recording = await meeting.fetch();
  opened = await recording.open_with_unavoce(meeting.room.key);
});

test('nobody was asked again: each person approved once', async () => {
  const kinds = (await recording.entries()).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'approval').length, 2, kinds.join(' '));
  // The host's page, back a moment before the other, may have begun a take alone.
  assert.ok(kinds.filter((kind) => kind === 'take').length >= 2, kinds.join(' '));
  for (const notice of notices) assert.match(notice, /still holds/);
});

test('the first take says that it was interrupted', async () => {
  const seals = (await recording.entries()).filter(({ kind }) => kind === 'seal').map(({ body }) => body.reason);
  assert.deepEqual([seals[0], ...seals.slice(-2)], ['interrupted', 'stopped', 'stopped']);
});

test('the first and the last take of both people open, decode without an error, and hold their own voice', async () => {
  const takeOf = (file) => /^t\d+/.exec(basename(file))[0];
  const takes = opened.map(takeOf).sort();
  const files = opened.filter((file) => [takes[0], takes.at(-1)].includes(takeOf(file)));
  assert.equal(files.length, 4);
  const sources = {};
  for (const person of meeting.people) sources[person.id] = await envelopeOf(person.wav);
  const found = [];
  for (const file of files) {
    assert.equal(await decoding_errors(file), '');
    found.push(whose(await envelopeOf(file), sources));
  }
  assert.deepEqual(found.map(({ id }) => id).sort(), ['anna', 'anna', 'ben', 'ben']);
  assert.ok(found.every(({ clear }) => clear), JSON.stringify(found));
});

test('the recording verifies', async () => {
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  await recording.second_opinion(meeting.room.key, opened);
});
