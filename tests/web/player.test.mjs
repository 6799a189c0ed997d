// The host opens a recording in the page, and participants save their own part of it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';
import { damage, recorded as recordedMeeting } from './recorded.mjs';

const { whollyWithdrawn } = await load('web/src/core/withdrawals.ts');
const folder = mkdtempSync(join(tmpdir(), 'unavoce-player-'));
const built = await pages();
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

/** A recording of two people, and its host in front of it with the room key. */
async function recorded(t, passphrase) {
  const all = await recordedMeeting(t, { browser, built, folder }, { passphrase });
  await all.host.open(`${all.service.base}/host`);
  await all.host.at('recording-open').click();
  await all.host.at('recording-key-file').waitFor();
  return all;
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

test('a participant saves their own part in the page, and with the key file alone on another device', async (t) => {
  const { guest, service, films, approvals } = await recorded(t);
  assert.equal(await guest.at('own-part').count(), 1);
  await guest.at('own-part').click();
  await guest.state('own-part-status', 'running');
  service.ownPrefix = approvals[1].id.slice(0, 16);
  const saved = async (who) => {
    const [download] = await Promise.all([who.page.waitForEvent('download'), who.at('own-part').click()]);
    assert.match(download.suggestedFilename(), /^t001-[0-9a-f]{16}-f001\.webm$/);
    assert.deepEqual(readFileSync(await download.path()), films[1]);
    await who.state('own-part-status', service.request ? 'some' : 'saved');
  };
  await saved(guest);
  const keyFile = await guest.save('keyfile-download', join(folder, 'mine.txt'));
  assert.match(readFileSync(keyFile, 'utf8'), /^# token: [A-Za-z0-9_-]{43}$/m);
  const other = await person(browser);
  t.after(() => other.context.close());
  await other.open(`${service.base}/withdraw`);
  await other.at('withdraw-file').setInputFiles(keyFile);
  await saved(other);
  service.end('ended');
  service.ownPrefix = '';
  await other.at('own-part').click();
  await other.state('own-part-status', 'empty');
  assert.deepEqual(other.complaints, []);
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
  const name = [...files.keys()][1];
  damage(files, name);
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

test('an approval counts as withdrawn when nothing is left of it', () => {
  const withdrawal = (body, kinds, index) => ({ body: { recording: body.recording, key: body.key, kinds, advance: false, issued_ms: 0 }, index });
  const approval = { body: { recording: 'r', key: 'k', scope: ['audio', 'video'] }, index: 5 };
  const nothing = { body: { ...approval.body, scope: [] }, index: 5 };
  const all = ['audio', 'video', 'screen', 'chat'];
  const of = (kinds, index) => withdrawal(approval.body, kinds, index);
  assert.equal(whollyWithdrawn(approval, [of(['audio'], 6)]), false, 'some kinds');
  assert.equal(whollyWithdrawn(approval, [of(['audio'], 6), of(['video'], 7)]), true, 'by several');
  assert.equal(whollyWithdrawn(approval, [of(['audio', 'video'], 4)]), false, 'what came before a new approval');
  assert.equal(whollyWithdrawn(approval, [of(all, 4)]), true, 'everything, whenever');
  assert.equal(whollyWithdrawn(nothing, [of(['audio', 'video', 'screen'], 6)]), false, 'an empty scope');
  assert.equal(whollyWithdrawn(nothing, [of(['audio', 'video'], 6), of(['screen', 'chat'], 7)]), false, 'an empty scope, everything in parts');
  assert.equal(whollyWithdrawn(nothing, [of(all, 6)]), true, 'an empty scope, everything');
  assert.equal(whollyWithdrawn(approval, [{ body: { ...of(all, 6).body, key: 'another' }, index: 6 }]), false, 'somebody else');
});

const again = (entries, kind, change) => entries.map((entry) => (entry.kind === kind ? { ...entry, ...change(entry) } : entry));
const SEEN = {
  'no proof that the ledger begins with what was seen': () => ({ consistency: [] }),
  'one such proof missing': ({ consistency }) => ({ consistency: consistency.slice(0, -1) }),
  'such a proof of something else': ({ consistency }) => ({ consistency: consistency.map(({ size, proof }) => ({ size, proof: proof.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) })) }),
};
const GARBAGE = {
  ...SEEN,
  'a proof that does not hold': (detail) => ({ entries: again(detail.entries, 'approval', ({ proof }) => ({ proof: proof.replace(/index (\d+)/, (_, n) => `index ${Number(n) + 1}`) })) }),
  'an opening that is garbage': (detail) => ({ entries: again(detail.entries, 'take', () => ({ r: Buffer.alloc(32, 9).toString('base64') })) }),
  'a checkpoint that is garbage': () => ({ checkpoint: 'garbage' }),
  "another ledger's key": (detail) => ({ ledger_vkey: detail.ledger_vkey.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')) }),
  'a statement left out': (detail) => ({ entries: detail.entries.filter(({ kind }, i) => kind !== 'track' || i % 2) }),
  'approvals after the take': (detail) => ({ entries: [...detail.entries.filter(({ kind }) => kind !== 'approval'), ...again(detail.entries.filter(({ kind }) => kind === 'approval'), 'approval', ({ index }) => ({ index: index + 100 }))] }),
};
test('what does not verify is named and opened only when asked to', async (t) => {
  const { host, key, service, films } = await recorded(t);
  const good = service.lies.detail;
  for (const [what, change] of Object.entries(GARBAGE)) await t.test(what, async () => {
    service.lies.detail = { ...good, ...change(good) };
    await host.page.reload();
    await host.page.waitForSelector('html[data-ready="true"]');
    if (await host.at('recording-open').count()) await host.at('recording-open').click();
    await host.at('recording-key-file').setInputFiles(key);
    await host.state('recording-status', 'unverified');
    assert.match(await host.at('recording-doubts').textContent(), /not what it claims/);
    if (what in SEEN) assert.match((await host.at('recording-doubts').locator('li').allTextContents()).join(' | '), /^Nothing proves that the service's log begins with what people had seen of it[^|]*$/, 'that alone is in doubt');
    assert.equal(await host.at('player-tile').count(), 0);
  });
  await host.at('recording-unverified').click();
  await host.state('recording-status', 'open');
  assert.match(await host.at('recording-doubts').textContent(), /not what it claims/, 'the warning stays');
  const [download] = await Promise.all([host.page.waitForEvent('download'), host.at('track-download').first().click()]);
  assert.deepEqual(readFileSync(await download.path()), films[0]);
});
