// scripts/run --demo: a whole meeting that holds itself, told step by step. Three people in headless Chromium with fake cameras and real speech, all
// approve, it is recorded and sealed, and opened again with the host's key. Uses the same modules as the tests.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { envelopeOf, whose } from './envelope.mjs';
import { Meeting } from './meeting.mjs';
import { duration_s, decoding_errors, probe } from './recording.mjs';
import { cast } from './speech.mjs';
import { pause, until } from './command.mjs';

const TAKE_MS = 24000;  // three pieces for the comparison of speech: one in which a microphone skips decides nothing
const out = resolve(new URL('../..', import.meta.url).pathname, process.argv[2] ?? 'demo-output');
const started = Date.now();
const tell = (line) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const here = (path) => relative(process.cwd(), path) || '.';
const sign = (good) => (good ? 'ok' : 'NOT OK');

// The last demo goes; nobody else's folder does.
const MARK = '.unavoce-demo';
const there = await readdir(out).catch(({ code }) => { if (code === 'ENOENT') return []; throw new Error(`the demo cannot use ${out}: ${code}`); });
if (there.length > 0 && !there.includes(MARK)) {
  console.error(`demo: ${out} holds other files; name a folder that is empty, or does not exist yet`);
  process.exit(2);
}
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await writeFile(join(out, MARK), '');
console.log(`\nUnavoce: a meeting is recorded with one voice, or not at all.\n`);

let meeting, good = true;
const check = (fact, holds) => { tell(`${fact}: ${sign(holds)}`); good &&= Boolean(holds); };
try {
  meeting = await Meeting.gather(join(out, 'meeting'), { tell });
  const { host, people, service } = meeting;

  await meeting.ask();
  tell(`${host.name} asks to record. Everybody sees the same question: what, why, for whom, until when`);
  for (const person of people.slice(0, -1)) {
    await person.approve();
    tell(`${person.name} approves: sound and picture, sealed to a key made just now in ${person === host ? 'her' : 'that'} browser`);
  }
  check(`One approval is missing, so the gate is ${(await meeting.gate()).state}`, (await meeting.gate()).state === 'closed');

  const last = people.at(-1);
  await last.approve();
  tell(`${last.name} approves, the last of ${people.length}`);
  const gate = await meeting.gate_is('open');
  await Promise.all(people.map((person) => person.state('recording-sign', 'recording')));
  tell(`The gate is open; every page shows the sign. Take ${gate.take} is recorded and sealed while it is written …`);
  const latencies = await until('the first sealed frame of every track', () => service.latencies_ms().length >= people.length && service.latencies_ms());
  tell(`From the last approval to the first sealed frame: ${latencies[0]} ms; to the last track's first one: ${latencies.at(-1)} ms (of ${people.length})`);

  await pause(Math.max(0, gate.opened_ms + TAKE_MS - Date.now()));
  const sealed = await meeting.stop();
  tell(`${host.name} stops. The recording is sealed: ${sealed.tracks.length} tracks, ${(sealed.tracks.reduce((sum, track) => sum + track.size_bytes, 0) / 1e6).toFixed(2)} MB that the service cannot open`);
  for (const person of people) for (const file of ['receipt-download', 'keyfile-download']) await person.download(file);
  tell('Everybody took home a receipt and the key to their own part');

  const recording = await meeting.fetch('recording');
  const verified = await recording.verify('--key', meeting.room.key, '--fingerprint', new URL(meeting.room.link).hash.slice(1));
  process.stdout.write(verified.stdout.toString().replace(/^/gm, '            ').trimEnd() + '\n');
  check('Verified offline: signatures, ledger proofs, hashes, and that every approval precedes the take', verified.status === 0);

  const playable = join(out, 'playable');
  const files = await recording.open_with_unavoce(meeting.room.key, playable);
  tell(`Opened with the room key, which never left ${host.name}'s side`);
  const approvals = await meeting.approvals(recording), sources = {}, listed = [];
  for (const person of people) sources[person.id] = await envelopeOf(person.wav);
  for (const person of people) {
    const file = files.find((path) => basename(path).includes(`-${approvals[person.id].slice(0, 16)}-`));
    const { audio, video } = await probe(file), heard = whose(await envelopeOf(file), sources);
    listed.push(`  ${here(file)}   (${person.name})`);
    check(`${person.name}: ${(await duration_s(file)).toFixed(1)} s, ${audio.codec} ${audio.packets} packets, ${video.codec} ${video.packets} frames, decodes without an error`, (await decoding_errors(file)) === '');
    check(`${person.name}: the sound is ${cast[heard.id].name}'s text (likeness ${heard.own.toFixed(2)}; next best ${heard.next.toFixed(2)})`, heard.clear && heard.id === person.id);
  }
  console.log(`\nPlay them:\n${listed.join('\n')}`);
  console.log(`Sealed recording, room key, receipts and the service's own files:\n  ${here(join(out, 'recording'))}\n  ${here(meeting.room.key)}\n  ${here(join(out, 'meeting'))}\n`);
} catch (error) {
  console.error(`\nThe demo failed: ${error.stack ?? error}\n${meeting?.complaints() ?? ''}`);
  good = false;
} finally {
  await meeting?.end();
}
process.exit(good ? 0 : 1);
