// Two people whose browsers publish AV1: recorded, sealed, opened, decoded and played. Codecs are agreed on between their connections and the
// service only; what they see of each other stays VP8.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { must, pause } from './command.mjs';
import { Meeting } from './meeting.mjs';
import { sent_between } from './person.mjs';
import { decoding_errors, probe } from './recording.mjs';

const TAKE_MS = 15000;
let folder, meeting, sealed, recording, files, gate;
const sent = {};

/** In the page: a picture that is only sent (to the service) is sent as AV1 and nothing else. Between people pictures go both ways. */
function only_av1() {
  const original = RTCRtpTransceiver.prototype.setCodecPreferences;
  RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
    const av1 = codecs.filter(({ mimeType }) => mimeType === 'video/AV1');
    return original.call(this, this.direction === 'sendonly' && av1.length > 0 ? av1 : codecs);
  };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unavoce-av1-'));
  meeting = await Meeting.gather(folder, { ids: ['anna', 'ben'], page_script: only_av1 });
  try {
    await meeting.ask();
    await meeting.everybody_approves();
    await meeting.gate_is('open');
    await pause(TAKE_MS);
    sealed = await meeting.stop();
    await meeting.gate_is('closed');
    gate = await meeting.open_span();
    for (const person of meeting.people) sent[person.id] = await person.sent();
    recording = await meeting.fetch();
    files = await recording.open_with_unavoce(meeting.room.key);
  } catch (error) {
    error.message += `\n${meeting.complaints()}`;
    throw error;
  }
}, { timeout: 180000 });

after(async () => {
  await meeting?.end();
  if (folder && !process.env.UNAVOCE_KEEP) await rm(folder, { recursive: true, force: true });
}, { timeout: 30000 });

test('each person has one WebM file with AV1 and Opus, and the seal says so', async (t) => {
  assert.equal(files.length, 2);
  for (const file of files) {
    const probed = await probe(file);
    t.diagnostic(`${basename(file)}: ${JSON.stringify(probed)}`);
    assert.match(file, /\.webm$/);
    assert.equal(probed.video?.codec, 'av1');
    assert.equal(probed.audio?.codec, 'opus');
  }
  assert.deepEqual(sealed.tracks.map(({ codecs }) => codecs), [['av1', 'opus'], ['av1', 'opus']]);
});

test('ffmpeg decodes every file without an error, from a key frame on', { timeout: 60000 }, async () => {
  for (const file of files) {
    assert.equal(await decoding_errors(file), '', file);
    const first = await must('ffprobe', ['-v', 'error', '-select_streams', 'v', '-read_intervals', '%+#1', '-show_entries', 'packet=flags', '-of', 'csv=p=0', file]);
    assert.match(first.toString(), /^K/);
  }
});

test('nearly every picture that was sent within the take is in the file', async (t) => {
  const approvals = await meeting.approvals(recording);
  for (const { id } of meeting.people) {
    const file = files.find((name) => basename(name).includes(`-${approvals[id].slice(0, 16)}-`));
    const recorded = (await probe(file)).video.packets;
    const expected = sent_between(sent[id], 'video', gate.opened_ms, gate.closed_ms);
    t.diagnostic(`${id}: ${recorded} of ${expected.toFixed(1)} pictures`);
    assert.ok(recorded >= 0.9 * expected, `${id}: ${recorded} of ${expected}`);  // up to half a second until the key frame, of 15 s
  }
});

test('it verifies, and a second implementation opens the same bytes', { timeout: 60000 }, async () => {
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  await recording.second_opinion(meeting.room.key, files);
});

test('the host opens the recording in the browser, and both pictures play', { timeout: 60000 }, async () => {
  const { host, service, room } = meeting;
  await host.leave();
  await host.open(`${service.base}/host`);
  await host.page.locator(`[data-testid=recording-item][data-recording="${recording.id}"]`).getByTestId('recording-open').click();
  await host.at('recording-key-file').setInputFiles(room.key);
  await host.state('recording-status', 'open');
  await host.click('player-play');
  await host.page.waitForFunction(() => {
    const players = [...document.querySelectorAll('[data-testid=player-tile] video')];
    return players.length === 2 && players.every((video) => video.currentTime > 2 && video.videoWidth > 0 && !video.error);
  });
});
