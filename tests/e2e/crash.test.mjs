// kill -9 in the middle of a take costs at most two seconds: what was sealed before opens, plays and verifies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { envelopeOf, whose } from './envelope.mjs';
import { decoding_errors, duration_s } from './recording.mjs';
import { scene } from './scene.mjs';

const LOST_AT_MOST_S = 2;
let meeting, recorded_s, recording, opened;

scene('crash', { ids: ['anna', 'ben'] }, async (gathered) => {
  meeting = gathered;
  const { service, host } = meeting;
  await meeting.ask();
  await meeting.everybody_approves();
  const gate = await meeting.gate_is('open');
  await pause(10000);
  const killed_ms = Date.now();
  await service.stop('SIGKILL');
  recorded_s = (killed_ms - gate.opened_ms) / 1000;
  // Nobody comes back to the meeting: the pages are left before the service returns.
  for (const person of meeting.people) await person.page.goto('about:blank');
  await service.restart();
  await host.open(`${service.base}/host`);
  // By itself the service would end it after two minutes.
  const stopped = await host.page.request.post(`${service.base}/api/v1/recordings/${meeting.recording_id}/stop`, { data: {} });
  assert.equal(stopped.status(), 204, await stopped.text());
  await until('the recording is marked as interrupted', async () => (await meeting.recording_state())?.state === 'interrupted');
  recording = await meeting.fetch();
  opened = await recording.open_with_unavoce(meeting.room.key);
});

test('both tracks open, decode without an error, and lack at most two seconds', async (t) => {
  assert.equal(opened.length, 2);
  for (const file of opened) {
    const length_s = await duration_s(file);
    t.diagnostic(`${length_s.toFixed(2)} s of ${recorded_s.toFixed(2)} s`);
    assert.ok(length_s >= recorded_s - LOST_AT_MOST_S, `${length_s} s of ${recorded_s} s`);
    assert.equal(await decoding_errors(file), '');
  }
});

test('the sound is still what each person said', async () => {
  const sources = {};
  for (const person of meeting.people) sources[person.id] = await envelopeOf(person.wav);
  const found = [];
  for (const file of opened) found.push(whose(await envelopeOf(file), sources));
  assert.deepEqual(found.map(({ id }) => id).sort(), ['anna', 'ben']);
  assert.ok(found.every(({ clear }) => clear), JSON.stringify(found));
});

test('the interrupted recording verifies', async () => {
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
});

test('a second implementation verifies it and joins main and tail file to the same bytes', () => recording.second_opinion(meeting.room.key, opened));
