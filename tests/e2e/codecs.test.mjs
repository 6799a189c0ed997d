// Three people whose browsers publish AV1, VP9 and H.264: recorded, sealed, opened, decoded and played. Codecs are agreed on between their
// connections and the service only; what they see of each other stays VP8.
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { must, pause } from './command.mjs';
import { sent_between } from './person.mjs';
import { decoding_errors, probe } from './recording.mjs';
import { scene } from './scene.mjs';

const TAKE_MS = 15000;
const ON_THE_WAY_MS = 300;  // what left later need not have arrived before the gate closed
// In the order in which they approve. Files are prepared with the last approval: whoever publishes H.264 only then begins in a WebM file with
// sound alone, and has the picture in a second file.
const CODECS = { chloe: { codec: 'h264', ending: '.mkv' }, anna: { codec: 'av1', ending: '.webm' }, ben: { codec: 'vp9', ending: '.webm' } };
let meeting, sealed, recording, files, gate;
/** By person: their connection's statistics, and the file that `unavoce open` made. */
const sent = {}, opened = {};

/** In the page: a picture that is only sent (to the service) is sent in one's own codec and nothing else. Between people pictures go both ways. */
function only_ones_own(id) {
  const wanted = { anna: 'video/AV1', ben: 'video/VP9', chloe: 'video/H264' }[id];
  const original = RTCRtpTransceiver.prototype.setCodecPreferences;
  RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
    const own = codecs.filter(({ mimeType }) => mimeType === wanted);
    if (own.length === 0) throw new Error(`this browser does not offer ${wanted}`);
    return original.call(this, this.direction === 'sendonly' ? own : codecs);
  };
}

scene('codecs', { ids: Object.keys(CODECS), page_script: only_ones_own }, async (gathered) => {
  meeting = gathered;
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
  const approvals = await meeting.approvals(recording);
  for (const { id } of meeting.people) opened[id] = files.find((name) => basename(name).includes(`-${approvals[id].slice(0, 16)}-`));
});

test('each person has one file with their codec and Opus, and the seal says so', async (t) => {
  assert.equal(files.length, 3);
  for (const [id, { codec, ending }] of Object.entries(CODECS)) {
    const probed = await probe(opened[id]);
    t.diagnostic(`${id}: ${basename(opened[id])}: ${JSON.stringify(probed)}`);
    assert.ok(opened[id].endsWith(ending), opened[id]);
    assert.equal(probed.video?.codec, codec);
    assert.equal(probed.audio?.codec, 'opus');
  }
  assert.deepEqual(sealed.tracks.map(({ codecs }) => codecs.join(' ')).sort(), ['av1 opus', 'h264 opus', 'vp9 opus']);
});

test('ffmpeg decodes every file without an error, from a key frame on', { timeout: 60000 }, async () => {
  for (const file of files) {
    assert.equal(await decoding_errors(file), '', file);
    const first = await must('ffprobe', ['-v', 'error', '-select_streams', 'v', '-read_intervals', '%+#1', '-show_entries', 'packet=flags', '-of', 'csv=p=0', file]);
    assert.match(first.toString(), /^K/);
  }
});

test('nearly every picture that was sent within the take is in the file', async (t) => {
  for (const { id } of meeting.people) {
    const recorded = (await probe(opened[id])).video.packets;
    const expected = sent_between(sent[id], 'video', gate.opened_ms, gate.closed_ms - ON_THE_WAY_MS);
    t.diagnostic(`${id}: ${recorded} of ${expected.toFixed(1)} pictures`);
    assert.ok(recorded >= 0.9 * expected, `${id}: ${recorded} of ${expected}`);  // up to a second until the key frame, of 15 s
  }
});

test('it verifies, and a second implementation opens the same bytes', { timeout: 60000 }, async () => {
  const { status, stdout, stderr } = await recording.verify();
  assert.equal(status, 0, stdout + stderr);
  await recording.second_opinion(meeting.room.key, files);
});

test('the host opens the recording in the browser, and all pictures play', { timeout: 60000 }, () => meeting.host_plays(3));
