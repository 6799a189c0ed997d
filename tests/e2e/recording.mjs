// A finished recording in the hands of its host: fetched as a bundle, opened with our tool and with stock age, looked at with ffprobe and ffmpeg.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { must, run } from './command.mjs';
import { UNAVOCE } from './service.mjs';

const SECOND_IMPLEMENTATION = new URL('../second_implementation/unavoce_reader.py', import.meta.url).pathname;

/** What an envelope says and the id of its statement (SHA-256 of the DSSE PAE). The signature is `unavoce verify`'s work. */
export function statement(envelope) {
  const { payloadType, payload } = JSON.parse(envelope);
  const body = Buffer.from(payload, 'base64');
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
  return { id: createHash('sha256').update(pae).digest('hex'), body: JSON.parse(body) };
}

export class Recording {
  /** Fetches the bundle with the host's cookie and unpacks it in folder. */
  static async fetch(host, base, id, folder) {
    await mkdir(folder, { recursive: true });
    const answer = await host.page.request.get(`${base}/api/v1/recordings/${id}/bundle`);
    if (!answer.ok()) throw new Error(`bundle: ${answer.status()} ${await answer.text()}`);
    const tar = join(folder, `unavoce-${id}.tar`);
    await writeFile(tar, await answer.body());
    await must('tar', ['-xf', tar, '-C', folder]);
    return new Recording(id, folder, tar, join(folder, `unavoce-${id}`));
  }

  constructor(id, folder, tar, bag) { Object.assign(this, { id, folder, tar, bag }); }

  /** Ledger entries in order: [{kind, id, body, envelope}]. */
  async entries() {
    const names = (await readdir(join(this.bag, 'data/entries'))).filter((name) => /^\d{6}\.json$/.test(name)).sort();
    return Promise.all(names.map(async (name) => {
      const entry = JSON.parse(await readFile(join(this.bag, 'data/entries', name), 'utf8'));
      const envelope = Buffer.from(entry.envelope, 'base64').toString();
      return { ...entry, envelope, ...statement(envelope) };
    }));
  }

  /** Names of the main track files. */
  async tracks() {
    return (await readdir(join(this.bag, 'data/tracks')).catch(() => [])).filter((name) => /\.(webm|mkv)\.age$/.test(name) && !/\.(tail|idx)\.age$/.test(name)).sort();
  }

  /** Opens with `unavoce open`; resolves to the paths of the media files. */
  async open_with_unavoce(key, out = join(this.folder, 'opened')) {
    await must(UNAVOCE, ['open', this.tar, '--key', key, '-o', out]);
    return (await readdir(out)).filter((name) => /\.(webm|mkv)$/.test(name)).sort().map((name) => join(out, name));
  }

  /** Opens one track with nothing but `age` and `grep -x`, as DESIGN section 2 says: W gives e, e gives the media. */
  async open_with_age(key, track, out = join(this.folder, 'opened-with-age')) {
    await mkdir(out, { recursive: true });
    const prefix = /^t\d+-([0-9a-f]{16})-/.exec(track)[1];
    const wrapped = (await readdir(join(this.bag, 'data/keys'))).find((name) => name.startsWith(prefix));
    const document = await must('age', ['-d', '-i', key, join(this.bag, 'data/keys', wrapped)]);
    const identity = document.toString().split('\n').find((line) => /^AGE-SECRET-KEY-1[0-9A-Z]*$/.test(line));
    const identity_file = join(out, `${prefix}.txt`), media = join(out, basename(track, '.age'));
    await writeFile(identity_file, `${identity}\n`, { mode: 0o600 });
    await must('age', ['-d', '-i', identity_file, '-o', media, join(this.bag, 'data/tracks', track)]);
    return { media, identity_file };
  }

  /** What the implementation in tests/second_implementation says, and whether it opens the same bytes as these files of `unavoce open`. */
  async second_opinion(key, opened) {
    const { status, stdout, stderr } = await run('/usr/bin/python3', ['-B', SECOND_IMPLEMENTATION, '--json', '--key', key, this.tar]);
    assert.equal(status, 0, stdout + stderr);
    const theirs = Object.entries(JSON.parse(stdout).opened).map(([name, { sha256 }]) => `${sha256}  ${name}`);
    const ours = await Promise.all(opened.map(async (file) => `${createHash('sha256').update(await readFile(file)).digest('hex')}  ${basename(file)}`));
    assert.deepEqual(theirs.sort(), ours.sort());
  }

  async verify(...flags) { return run(UNAVOCE, ['verify', this.tar, ...flags]); }
}

/** Codecs and packet counts of a media file: {audio: {codec, packets}, video: {…}}. */
export async function probe(file) {
  const report = JSON.parse(await must('ffprobe', ['-v', 'error', '-count_packets', '-show_streams', '-show_format', '-of', 'json', file]));
  const streams = Object.fromEntries(report.streams.map((stream) => [stream.codec_type, { codec: stream.codec_name, packets: Number(stream.nb_read_packets) }]));
  return { ...streams, format: report.format.format_name };
}

/** What ffmpeg complains about while it decodes everything; empty when all is well. WebRTC's frame rate varies, hence the options. */
export async function decoding_errors(file) {
  const { status, stderr } = await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-fps_mode', 'passthrough', '-enc_time_base', '1:90000', '-f', 'null', '-']);
  return status === 0 ? stderr : `exit ${status}: ${stderr}`;
}

/** Seconds of sound and picture: from the first packet's time to the last one's. */
export async function duration_s(file) {
  const times = (await must('ffprobe', ['-v', 'error', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file])).toString().split('\n').map(parseFloat).filter(Number.isFinite);
  return Math.max(...times) - Math.min(...times);
}

/** Where a stream of a media file pauses for longer than `pause_ms`, the time before its first packet too: ["0.000 +512 ms", …]. */
export async function pauses_of(file, kind, pause_ms = 200) {
  const lines = (await must('ffprobe', ['-v', 'error', '-show_entries', 'packet=codec_type,pts_time', '-of', 'csv=p=0', file])).toString().split('\n');
  const packets = lines.map((line) => line.split(',')).map(([type, time]) => ({ type, ms: 1000 * parseFloat(time) })).filter(({ ms }) => Number.isFinite(ms));
  const times = packets.filter(({ type }) => type === kind).map(({ ms }) => ms).sort((a, b) => a - b);
  const starts = [Math.min(...packets.map(({ ms }) => ms)), ...times.slice(0, -1)];
  return times.flatMap((ms, at) => (ms - starts[at] > pause_ms ? [`${(starts[at] / 1000).toFixed(3)} +${Math.round(ms - starts[at])} ms`] : []));
}
