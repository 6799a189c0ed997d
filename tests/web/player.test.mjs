// The host opens a recording in the page: real age files of real pictures and sound, without cues as the recorder writes them.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encrypter } from 'age-encryption';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement, signStatement } = await load('web/src/core/dsse.ts');
const { headerSizeOf } = await load('web/src/core/age.ts');
const folder = mkdtempSync(join(tmpdir(), 'unavoce-player-'));
const built = await pages();
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function film(name, tone, seconds) {
  const path = join(folder, `${name}.webm`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=size=320x180:rate=15:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=frequency=${tone}:duration=${seconds}`,
    '-c:v', 'libvpx', '-b:v', '1500k', '-deadline', 'realtime', '-c:a', 'libopus', '-live', '1', '-cluster_time_limit', '500', '-f', 'webm', path]);
  return readFileSync(path);
}

/** A service with one recording of two people: one take, Jonas comes 700 ms after Miriam. */
async function recorded(t, passphrase) {
  const service = await MockService.start(built);
  const [host, guest] = [await person(browser), await person(browser)];
  t.after(async () => { service.stop(); await host.context.close(); await guest.context.close(); });
  const key = join(folder, 'room.key');
  await host.register(service.base);
  const link = await host.createRoom('Choir board', key, { passphrase });
  await host.join(link, 'Miriam'); await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio', 'video'); await guest.approve('audio', 'video');
  await host.state('recording-sign', 'recording');
  const approvals = await Promise.all(service.posted.filter(({ kind }) => kind === 'approval').map(({ envelope }) => openStatement('approval', envelope)));
  const recording = approvals[0].body.recording;
  const files = new Map();
  const films = [film('a', 440, 6), film('b', 880, 5)];
  const tracks = [];
  for (const [i, { id, body }] of approvals.entries()) {
    const age = new Encrypter(); age.addRecipient(body.consent_recipient);
    const sealed = await age.encrypt(films[i]);
    const name = `t001-${id.slice(0, 16)}-f001.webm.age`;
    files.set(name, sealed);
    tracks.push({ name, approval: id, file: 1, header_sha256: sha256(sealed.subarray(0, headerSizeOf(sealed))), size_bytes: sealed.length, sha256: sha256(sealed), empty: false,
      codecs: ['vp8', 'opus'], duration_ms: i ? 5000 : 6000, first_ms: 0, last_ms: i ? 5000 : 6000, offset_ms: i * 700, last_arrival_ms: Date.now(), frames_audio: 300, frames_video: 90, dropped: 0 });
  }
  const key_ = service.signer.publicKey;
  const take = await signStatement('take', { recording, take: 1, approvals: approvals.map(({ id }) => id).sort(), checkpoint: { size: 1, root: 'a'.repeat(64) }, key: key_, start_ms: Date.now() }, service.signer);
  const seal = await signStatement('seal', { recording, take: 1, reason: 'stopped', tracks, entries: null, key: key_, issued_ms: Date.now() }, service.signer);
  await service.ledger.append(recording, 'take', take.envelope, take.id); await service.ledger.append(recording, 'seal', seal.envelope, seal.id);
  const entries = service.ledger.entries.filter((entry) => entry.recording === recording);
  const listed = { recording, room: link.split('/').at(-1).slice(0, 32), session: '0'.repeat(32), purpose: 'Minutes', state: 'sealed', requested_ms: Date.now(), delete_after_ms: Date.now() + 1e9, takes: 1, tracks };
  Object.assign(service.lies, { files, recordings: [listed], detail: { ...listed, entries, room_entry: service.ledger.entries.find(({ kind }) => kind === 'room'), checkpoint: '', ledger_vkey: '' } });
  await host.open(`${service.base}/host`);
  await host.at('recording-open').click();
  await host.at('recording-key-file').waitFor();
  return { host, key, files, films, service };
}

test('a recording is opened with the room key, plays together in sync, can be sought, and each track is saved byte for byte', async (t) => {
  const { host, key, films } = await recorded(t);
  await host.at('recording-key-file').setInputFiles(key);
  await host.state('recording-status', 'open');
  const tiles = host.at('player-tile');
  assert.deepEqual(await tiles.evaluateAll((all) => all.map((tile) => tile.dataset.name)), ['Miriam', 'Jonas']);
  await host.at('player-play').click();
  const apart = () => host.page.evaluate(() => { const [a, b] = document.querySelectorAll('[data-testid=player-tile] video'); return { a: a.currentTime, b: b.currentTime, apart: a.currentTime - b.currentTime, paused: [a.paused, b.paused] }; });
  await host.page.waitForFunction(() => document.querySelectorAll('[data-testid=player-tile] video')[1].currentTime > 1.5);
  const now = await apart();
  assert.ok(Math.abs(now.apart - 0.7) < 0.15, `0.7 s expected between the tracks, ${JSON.stringify(now)}`);
  await host.at('player-seek').evaluate((range) => { range.value = '4000'; range.dispatchEvent(new Event('input')); });
  await host.page.waitForFunction(() => { const [a, b] = document.querySelectorAll('[data-testid=player-tile] video'); return a.currentTime > 4.1 && Math.abs(a.currentTime - b.currentTime - 0.7) < 0.15; });
  await host.at('player-seek').evaluate((range) => { range.value = '1000'; range.dispatchEvent(new Event('input')); });
  await host.page.waitForFunction(() => { const [a] = document.querySelectorAll('[data-testid=player-tile] video'); return a.currentTime > 1.1 && a.currentTime < 3 && !a.seeking; });
  await host.page.waitForSelector('[data-testid=player-play][data-state=paused]', { timeout: 15000 });
  for (const [i, name] of ['Miriam', 'Jonas'].entries()) {
    const [download] = await Promise.all([host.page.waitForEvent('download'), host.page.locator(`[data-testid=track-download][data-name=${name}]`).click()]);
    assert.match(download.suggestedFilename(), new RegExp(`001 ${name} 1\\.webm`));
    assert.deepEqual(readFileSync(await download.path()), films[i]);
  }
  assert.deepEqual(host.complaints.filter((text) => !text.includes('503')), []);
  await host.page.screenshot({ path: process.env.UNAVOCE_PICTURES ? join(process.env.UNAVOCE_PICTURES, 'player.png') : join(folder, 'player.png'), fullPage: true });
});

test('without native ChaCha20-Poly1305 the page opens the same bytes', async (t) => {
  const { host, key, films } = await recorded(t);
  await host.page.evaluate(() => { crypto.subtle.importKey = ((original) => (format, bytes, name, ...rest) => name?.name === 'ChaCha20-Poly1305' ? Promise.reject(new Error('no')) : original.call(crypto.subtle, format, bytes, name, ...rest))(crypto.subtle.importKey); });
  await host.at('recording-key-file').setInputFiles(key);
  await host.state('recording-status', 'open');
  const [download] = await Promise.all([host.page.waitForEvent('download'), host.at('track-download').first().click()]);
  assert.deepEqual(readFileSync(await download.path()), films[0]);
});

test('a damaged track is named and not played, the others are', async (t) => {
  const { host, key, files } = await recorded(t);
  const [name, bytes] = [...files][1];
  files.set(name, bytes.map((byte, i) => (i === bytes.length - 100 ? byte ^ 1 : byte)));
  await host.at('recording-key-file').setInputFiles(key);
  await host.state('recording-status', 'failed');
  assert.match(await host.at('recording-error').textContent(), new RegExp(name));
  assert.deepEqual(await host.at('player-tile').evaluateAll((all) => all.map((tile) => tile.dataset.name)), ['Miriam']);
});

test('a room key under a passphrase opens from the copy in this browser; a wrong passphrase says so', async (t) => {
  const { host } = await recorded(t, 'a long enough passphrase');
  await host.at('recording-key-passphrase').fill('not the right passphrase');
  await host.at('recording-key-unlock').click();
  await host.page.waitForFunction(() => document.querySelector('[data-testid=recording-key-error]').textContent !== '', undefined, { timeout: 30000 });
  await host.at('recording-key-passphrase').fill('a long enough passphrase');
  await host.at('recording-key-unlock').click();
  await host.page.waitForSelector('[data-testid=recording-status][data-state=open]', { timeout: 30000 });
});
