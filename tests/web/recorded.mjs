// A recording for the tests of the pages: real age files of real pictures and sound, without cues as the recorder writes them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Encrypter } from 'age-encryption';
import { load } from './bundle.mjs';
import { person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement, signStatement } = await load('web/src/core/dsse.ts');
const { headerSizeOf } = await load('web/src/core/age.ts');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const films = new Map(); // made once for all tests of a file

function film(folder, tone, seconds) {
  const path = join(folder, `${tone}.webm`);
  if (!films.has(path)) {
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=size=320x180:rate=15:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=frequency=${tone}:duration=${seconds}`,
      '-c:v', 'libvpx', '-b:v', '1500k', '-deadline', 'realtime', '-c:a', 'libopus', '-live', '1', '-cluster_time_limit', '500', '-f', 'webm', path]);
    films.set(path, readFileSync(path));
  }
  return films.get(path);
}

/** A service with one recording of two people: one take, Jonas comes 700 ms after Miriam. Both are still in the meeting. */
export async function recorded(t, { browser, built, folder }, { passphrase, look } = {}) {
  const service = await MockService.start(built);
  const [host, guest] = [await person(browser, look), await person(browser, look)];
  t.after(async () => { service.stop(); await host.context.close(); await guest.context.close(); });
  const key = join(folder, `${Math.random()}.key`);
  await host.register(service.base);
  const link = await host.createRoom('Choir board', key, { passphrase });
  await host.join(link, 'Miriam'); await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio', 'video'); await guest.approve('audio', 'video');
  await host.state('recording-sign', 'recording');
  const approvals = await Promise.all(service.posted.filter(({ kind }) => kind === 'approval').map(({ envelope }) => openStatement('approval', envelope)));
  const recording = approvals[0].body.recording;
  const files = new Map();
  const media = [film(folder, 440, 6), film(folder, 880, 5)];
  const tracks = [];
  for (const [i, { id, body }] of approvals.entries()) {
    const age = new Encrypter(); age.addRecipient(body.consent_recipient);
    const sealed = await age.encrypt(media[i]);
    const name = `t001-${id.slice(0, 16)}-f001.webm.age`;
    files.set(name, sealed);
    tracks.push({ name, approval: id, file: 1, header_sha256: sha256(sealed.subarray(0, headerSizeOf(sealed))), size_bytes: sealed.length, sha256: sha256(sealed), empty: false,
      codecs: ['vp8', 'opus'], duration_ms: i ? 5000 : 6000, first_ms: 0, last_ms: i ? 5000 : 6000, offset_ms: i * 700, last_arrival_ms: Date.now(), frames_audio: 300, frames_video: 90, dropped: 0 });
  }
  const key_ = service.signer.publicKey;
  const take = await signStatement('take', { recording, take: 1, approvals: approvals.map(({ id }) => id).sort(), checkpoint: await service.ledger.head(), key: key_, start_ms: Date.now() }, service.signer);
  const seal = await signStatement('seal', { recording, take: 1, reason: 'stopped', tracks, entries: null, key: key_, issued_ms: Date.now() }, service.signer);
  await service.ledger.append(recording, 'take', take.envelope, take.id);
  for (const { name, approval, file, header_sha256 } of tracks) {
    const track = await signStatement('track', { recording, take: 1, approval, file, name, kinds: ['audio', 'video'], header_sha256, key: key_, issued_ms: Date.now() }, service.signer);
    await service.ledger.append(recording, 'track', track.envelope, track.id);
  }
  await service.ledger.append(recording, 'seal', seal.envelope, seal.id);
  const entries = await service.ledger.proven(service.ledger.entries.filter((entry) => entry.recording === recording));
  const [room_entry] = await service.ledger.proven(service.ledger.entries.filter(({ kind }) => kind === 'room'));
  const listed = { recording, room: link.split('/').at(-1).slice(0, 32), session: '0'.repeat(32), purpose: 'Minutes', state: 'sealed', requested_ms: Date.now(), delete_after_ms: Date.now() + 1e9, takes: 1, tracks };
  const seen = new Set([...approvals, take].map(({ body }) => body.checkpoint.size));
  const consistency = await Promise.all([...seen].map((size) => service.ledger.consistency(size)));
  Object.assign(service.lies, { files, recordings: [listed], detail: { ...listed, entries, room_entry, checkpoint: await service.ledger.checkpoint(), consistency, ledger_vkey: service.ledger.vkey } });
  return { host, guest, key, files, films: media, service, approvals };
}

/** The service damages a track file: one bit of it is another. */
export function damage(files, name) {
  files.set(name, files.get(name).map((byte, i, { length }) => (i === length - 100 ? byte ^ 1 : byte)));
}
