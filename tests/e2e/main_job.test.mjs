// The main job: three people meet, all approve, it is recorded and sealed, its host opens it. One meeting, many facts about it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { keys_of, raw_key, recipients_opened_by, spellings } from './age_header.mjs';
import { pause, run } from './command.mjs';
import { envelopeOf, whose } from './envelope.mjs';
import { sent_between } from './person.mjs';
import { decoding_errors, duration_s, pauses_of, probe } from './recording.mjs';
import { CONTAINER_MARKS, Watch, files_below, needles_of, scan } from './scan.mjs';
import { scene } from './scene.mjs';
import { UNAVOCE } from './service.mjs';

// A track begins with a key frame, which the sender has to be asked for: up to 0.5 s without a picture, 1 s on a busy machine, which must stay
// below 2 %.
const TAKE_MS = 50000;
// The gate asks when a frame arrived; the statistics say when it left. On a busy machine both are this far apart: what left shortly before the gate
// opened may be in the track, and what left shortly before it closed need not. That not one frame too many is written, and none too few, is shown
// where arrivals are known: in the frame-path proof.
const ON_THE_WAY_MS = 300;
let meeting, watch, recording, sealed, entries, gate, approvals;
const sources = {}, sent = {}, take_home = {};
/** By person: the sealed track of the `seal` statement, and the file `unavoce open` made of it. */
const tracks = {}, opened = {};

// The tag makes the names unmistakable when the service's memory is searched.
scene('main', { name_tag: ` ${randomBytes(8).toString('hex')}` }, async (gathered) => {
  meeting = gathered;
  const { people, service, room } = meeting;
  for (const person of people) sources[person.id] = await envelopeOf(person.wav);
  watch = new Watch([service.data, service.temp, service.home], join(meeting.folder, 'watched'));
  await meeting.ask();
  await meeting.everybody_approves();
  await meeting.gate_is('open');
  await Promise.all(people.map((person) => person.state('recording-sign', 'recording')));
  await pause(TAKE_MS);
  sealed = await meeting.stop();
  await meeting.gate_is('closed');
  gate = await meeting.open_span();
  for (const person of people) {
    sent[person.id] = await person.sent();
    take_home[person.id] = { receipt: await person.download('receipt-download'), key_file: await person.download('keyfile-download') };
  }
  recording = await meeting.fetch();
  entries = await recording.entries();
  approvals = await meeting.approvals(recording);
  const files = await recording.open_with_unavoce(room.key);
  for (const { id } of people) {
    tracks[id] = sealed.tracks.find(({ approval }) => approval === approvals[id]);
    opened[id] = files.find((file) => basename(file) === basename(tracks[id].name, '.age'));
  }
}, async () => { await watch?.stop(); });

const everybody = () => meeting.people.map(({ id }) => id);

test('the first sealed frame follows the last approval at once, for every track', (t) => {
  const latencies = meeting.service.latencies_ms();
  t.diagnostic(`from the last approval to the first sealed frame: ${latencies.join(', ')} ms`);
  assert.equal(latencies.length, everybody().length);
  assert.ok(latencies.every((ms) => ms > 0), 'no frame before the last approval');
});

test('each person has one track with sound and picture, at least ten seconds long', async (t) => {
  for (const id of everybody()) {
    const { audio, video, format } = await probe(opened[id]);
    const length_s = await duration_s(opened[id]);
    t.diagnostic(`${id}: ${audio?.codec} ${audio?.packets} packets, ${video?.codec} ${video?.packets} frames, ${length_s.toFixed(1)} s, ${format}`);
    assert.equal(audio.codec, 'opus');
    assert.equal(video.codec, 'vp8');
    assert.ok(length_s >= 10, `${id}: ${length_s} s`);
  }
});

test('ffmpeg decodes every track without an error', async () => {
  for (const id of everybody()) assert.equal(await decoding_errors(opened[id]), '', id);
});

test("each person's recorded sound is their own speech and clearly nobody else's", async (t) => {
  for (const id of everybody()) {
    const found = whose(await envelopeOf(opened[id]), sources);
    t.diagnostic(`${id}: own ${found.own.toFixed(3)}, next ${found.next.toFixed(3)}`);
    assert.equal(found.id, id);
    assert.ok(found.clear, JSON.stringify(found.scores));
  }
});

test("at least 98 % of the frames that each sender's statistics count within the take are in the track", async (t) => {
  const found = [];
  for (const id of everybody()) {
    const { audio, video } = await probe(opened[id]);
    for (const [kind, recorded] of [['audio', audio.packets], ['video', video.packets]]) {
      const expected = sent_between(sent[id], kind, gate.opened_ms, gate.closed_ms);
      const at_least = 0.98 * sent_between(sent[id], kind, gate.opened_ms, gate.closed_ms - ON_THE_WAY_MS);
      const at_most = sent_between(sent[id], kind, gate.opened_ms - ON_THE_WAY_MS, gate.closed_ms) + 3;
      const [span_s, length_s] = [(gate.closed_ms - gate.opened_ms) / 1000, await duration_s(opened[id])];
      const pauses = (await pauses_of(opened[id], kind)).join(', ') || 'no';
      found.push({ id, kind, recorded, expected, at_least, at_most, span_s, length_s, pauses });
      t.diagnostic(`${id}: ${kind} ${recorded} of ${expected.toFixed(1)} (${((100 * recorded) / expected).toFixed(1)} %), at least ${at_least.toFixed(1)}, at most ${at_most.toFixed(1)}; pauses: ${pauses}`);
    }
  }
  const all = found.map((one) => JSON.stringify(one)).join('\n');
  for (const { id, kind, recorded, at_least, at_most } of found) {
    assert.ok(recorded >= at_least, `${id}: ${kind}: too few in\n${all}`);
    assert.ok(recorded <= at_most, `${id}: ${kind}: more than can have arrived while the gate was open, in\n${all}`);
  }
});

test('stock age opens every track to the same bytes as unavoce does', async () => {
  for (const id of everybody()) {
    const { media } = await recording.open_with_age(meeting.room.key, tracks[id].name);
    assert.deepEqual(await readFile(media), await readFile(opened[id]), id);
  }
});

test('unavoce verify finds the recording in order, offline; with the room key also that everything opens', async (t) => {
  const fingerprint = new URL(meeting.room.link).hash.slice(1);
  for (const flags of [[], ['--fingerprint', fingerprint], ['--key', meeting.room.key, '--fingerprint', fingerprint]]) {
    const { status, stdout, stderr } = await recording.verify(...flags);
    assert.equal(status, 0, stdout + stderr);
    if (flags.length === 4) t.diagnostic(`\n${stdout}`);
  }
  assert.notEqual((await recording.verify('--fingerprint', fingerprint.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')))).status, 0, 'another room');
});

test('a second implementation, written from FORMATS.md alone, verifies the recording and opens it to the same bytes', () =>
  recording.second_opinion(meeting.room.key, Object.values(opened)));

test('one changed byte in a track is found and the file named', async () => {
  const track = join(recording.bag, 'data/tracks', tracks.ben.name);
  const bytes = await readFile(track);
  const changed = Buffer.from(bytes);
  changed[bytes.length >> 1] ^= 1;
  try {
    await writeFile(track, changed);
    const { status, stdout, stderr } = await run(UNAVOCE, ['verify', recording.bag]);
    assert.notEqual(status, 0);
    assert.ok((stdout + stderr).includes(tracks.ben.name), stdout + stderr);
  } finally {
    await writeFile(track, bytes);
  }
});

test('every approval is in the ledger before the take, and the take is countersigned by the host', (t) => {
  // A host's page that takes longer than 10 s is not waited for: a machine that stands still for so long fails here.
  const countersigned = meeting.service.said.match(/[^\n]*countersigned a take[^\n]*/g)?.join('\n') ?? '';
  t.diagnostic(countersigned);
  const kinds = entries.map(({ kind }) => kind);
  assert.ok(kinds.lastIndexOf('approval') < kinds.indexOf('take'), kinds.join(' '));
  const take = entries.find(({ kind }) => kind === 'take');
  assert.deepEqual(take.body.approvals, Object.values(approvals).sort());
  assert.equal(JSON.parse(take.envelope).signatures.length, 2, `${countersigned}\n${meeting.host.complaints.join('\n')}`);
});

test("everybody's receipt verifies", async () => {
  for (const id of everybody()) {
    const { status, stdout, stderr } = await run(UNAVOCE, ['receipt', 'verify', take_home[id].receipt]);
    assert.equal(status, 0, `${id}: ${stdout}${stderr}`);
  }
});

test("everybody's key file opens their own part with stock age, and nobody else's", async () => {
  const open = (id, track) => run('age', ['-d', '-i', take_home[id].key_file, join(recording.bag, 'data/tracks', tracks[track].name)]);
  for (const id of everybody()) {
    for (const other of everybody()) {
      const { status, stdout } = await open(id, other);
      assert.equal(status === 0, id === other, `${id}'s key file on ${other}'s track: exit ${status}`);
      if (id === other) assert.deepEqual(stdout, await readFile(opened[id]));
      else assert.equal(stdout.length, 0);
    }
  }
});

test('the host opens the recording in the browser, and it plays', { timeout: 60000 }, () => meeting.host_plays(3));

test('nothing the service wrote holds a piece of the media in the clear, at any moment', async (t) => {
  const seen = await watch.stop();
  const places = [meeting.service.folder, join(meeting.folder, 'watched')];
  const media = (await Promise.all(Object.values(opened).map((file) => readFile(file)))).flatMap((bytes) => needles_of(bytes));
  const needles = [...media, ...CONTAINER_MARKS];
  t.diagnostic(`${needles.length} needles, ${seen.length} files watched, ${(await files_below(places[1])).length} copies`);
  assert.ok(seen.some((file) => file.endsWith('.webm.age')), 'the watch saw the track files');
  assert.deepEqual(await scan(places, needles), []);
  // The same scan finds the media where they do lie in the clear: a scan that never finds anything proves nothing.
  const hits = await scan([join(meeting.folder, 'bundle/opened')], needles);
  for (const needle of needles) assert.ok(hits.some((hit) => hit.needle === needle.toString('hex')), `needle ${needle.toString('hex')} is found in the opened files`);
});

/** {identity, recipient, secret} of the room and of everybody's consent key, as the host gets them. */
async function all_identities() {
  const files = [meeting.room.key];
  for (const id of everybody()) files.push((await recording.open_with_age(meeting.room.key, tracks[id].name)).identity_file);
  return Promise.all(files.map(async (file) => {
    const identity = /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/m.exec(await readFile(file, 'utf8'))[0];
    return { file, identity, secret: raw_key(identity) };
  }));
}

test('no name reaches the disk: names live in memory and inside what is sealed', async () => {
  const names = meeting.people.map(({ name }) => Buffer.from(name));
  assert.deepEqual(await scan([meeting.service.folder, join(meeting.folder, 'watched')], names), []);
});

test("what lies on the service's disk opens no track, its own keys included; the room key does", { timeout: 180000 }, async (t) => {
  const files = await files_below(meeting.service.folder);
  const identities = await all_identities();

  const needles = identities.flatMap(({ identity, secret }) => spellings(secret, identity));
  assert.deepEqual(await scan([meeting.service.folder], needles), [], 'a secret key lies on the disk');
  assert.ok((await scan([join(meeting.folder, 'people/anna')], needles)).length > 0, 'the same scan finds the room key in the host\'s downloads');

  // Whatever is there, used as a key: every file as an identity file, and all bytes that could be a secret key as one.
  const entry = entries.filter(({ kind }) => kind === 'approval').map(({ body }) => body.consent_recipient);
  const room = await readFile(meeting.room.key, 'utf8');
  const recipients = [...entry, /age1[0-9a-z]{58}/.exec(room)[0]];
  let keys = 0;
  // Half a millisecond each: not the ciphertext itself, and not GStreamer's list of plugins.
  for (const file of files.filter((name) => !/\.age$|registry\./.test(name))) {
    const { size } = await stat(file);
    const { opened: found, tried } = recipients_opened_by(await readFile(file), recipients, size <= 4096 ? 1 : 32);
    assert.deepEqual(found, [], file);
    keys += tried;
  }
  t.diagnostic(`${files.length} files, ${keys} candidates for a key`);
  assert.deepEqual(recipients_opened_by(Buffer.concat([Buffer.from('x'), ...identities.map(({ secret }) => secret)]), recipients).opened.length, recipients.length);

  const track = files.find((file) => basename(file) === tracks.ben.name);
  const wrapped = join(recording.bag, 'data/keys', `${approvals.ben}.age`);
  for (const file of files.filter((file) => !file.endsWith('.age'))) {
    for (const sealed_file of [track, wrapped]) assert.notEqual((await run('age', ['-d', '-i', file, '-o', '/dev/null', sealed_file])).status, 0, `${file} opens ${sealed_file}`);
  }
  const ben = identities[1 + everybody().indexOf('ben')];
  assert.equal((await run('age', ['-d', '-i', ben.file, '-o', '/dev/null', track])).status, 0);
});

test('after the take the memory of the service holds no consent key, no room key and no file key', { timeout: 60000 }, async (t) => {
  const as_root = process.getuid() === 0 ? [] : ['sudo', '-n'];
  if (as_root.length > 0 && (await run('sudo', ['-n', 'true'])).status !== 0) return t.skip('reading the memory of another process needs root or sudo without a password');
  const identities = await all_identities();
  const secrets = identities.flatMap(({ identity, secret }) => spellings(secret, identity));
  for (const [index, id] of everybody().entries()) {
    const { file_key, payload_key } = keys_of(await readFile(join(recording.bag, 'data/tracks', tracks[id].name)), identities[index + 1].identity);
    secrets.push(file_key, payload_key);
  }
  const room = await readFile(meeting.room.key, 'utf8');
  const signing = Buffer.from(/^# signing-key: (\S+)$/m.exec(room)[1], 'base64url');
  secrets.push(...spellings(signing));
  // Ben and Chloé are still in the session, and their names are kept in RAM while it lasts.
  const canaries = [meeting.person('ben'), meeting.person('chloe')].map(({ name }) => Buffer.from(name));
  const [program, ...args] = [...as_root, process.execPath, new URL('memory_scan.mjs', import.meta.url).pathname, String(meeting.service.child.pid)];
  const { status, stdout, stderr } = await run(program, args, { input: [...canaries, ...secrets].map((needle) => needle.toString('hex')).join('\n') });
  assert.equal(status, 0, stderr);
  const { found, bytes_read, made_code } = JSON.parse(stdout);
  t.diagnostic(`${secrets.length} spellings of secrets, ${(bytes_read / 1e6).toFixed(0)} MB of memory`);
  assert.deepEqual(found, canaries.map((_, index) => index), 'the canaries, and nothing but the canaries');
  assert.deepEqual(made_code, [], 'nothing made code in memory: packaging/unavoced.service.in forbids it');
});

test('no page complained', () => assert.deepEqual(meeting.people.flatMap(({ complaints }) => complaints), []));
