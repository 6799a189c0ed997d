// Before a meeting, and after it: what is said to people who are about to slip, in their own language.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-steps-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

async function hosted(t, look = {}) {
  const service = await MockService.start(built);
  const host = await person(browser, look);
  t.after(async () => { service.stop(); await host.context.close(); });
  await host.register(service.base);
  return { service, host };
}
const shot = (who, name) => process.env.UNAVOCE_SHOTS && who.page.screenshot({ path: join(process.env.UNAVOCE_SHOTS, `${name}.png`), fullPage: true });

test('the login name is not offered as the name that everyone sees', async (t) => {
  const { service, host } = await hosted(t);
  await host.at('room-new').click();
  assert.equal(await host.at('room-holder').inputValue(), '');
  await host.at('room-title').fill('Room');
  await host.at('room-create').click();
  assert.equal(await host.at('room-holder').evaluate((input) => input.validity.valueMissing), true);
  await host.at('room-holder').fill('Frau Berg');
  await host.at('room-create').click();
  await host.save('room-key-download', join(folder, 'holder.key'));
  await host.at('room-key-confirm').click(); await host.at('room-card').waitFor();
  const [{ envelope }] = service.ledger.entries.filter(({ kind }) => kind === 'room');
  const room = Buffer.from(envelope, 'base64').toString();
  const { body } = await openStatement('room', room);
  assert.equal(body.host_keys[0].holder, 'Frau Berg');
  assert.equal(JSON.stringify(body).includes('Miriam'), false, 'the account is called Miriam');
});

test('the owner in a browser without the host key is led to where it is added', async (t) => {
  const { service, host } = await hosted(t, { lang: 'de' });
  const link = await host.createRoom('Chor', join(folder, 'owner.key'));
  const other = await person(browser, { lang: 'de' });
  t.after(() => other.context.close());
  await other.register(service.base); // the double knows one account: this is the owner, elsewhere
  await other.open(link);
  assert.match(await other.at('join-not-host').textContent(), /Ihr Raum/);
  await shot(other, 'join-not-host');
  await other.at('join-add-browser').click();
  await other.page.waitForURL('**/host#room-*');
  await other.at('room-add-browser-file').setInputFiles(join(folder, 'owner.key'));
  await other.at('room-open').click();
  await other.at('join-as-host').waitFor();
  assert.equal(await other.at('join-not-host').count(), 0);
});

test('another host, in a browser of their own, asks under their own name', async (t) => {
  const { service, host } = await hosted(t);
  const key = join(folder, 'two.key');
  const link = await host.createRoom('Choir', key);
  const [other, guest] = [await person(browser), await person(browser)];
  t.after(() => Promise.all([other, guest].map(({ context }) => context.close())));
  const rooms = () => service.ledger.entries.filter(({ kind }) => kind === 'room');
  await other.register(service.base); // the hosts of a room share its account
  await other.at('room-add-browser-holder').waitFor();
  assert.match(await other.at('room-card').textContent(), /this account and the room key.*running in this room ends/);
  assert.equal(await other.at('room-add-browser-holder').inputValue(), 'Miriam', 'the name given with the room');
  await other.at('room-add-browser-holder').fill(' ');
  await other.at('room-add-browser-file').setInputFiles(key);
  await other.page.waitForFunction(() => /your name first/.test(document.querySelector('[data-testid=room-add-browser-error]').textContent));
  assert.equal(rooms().length, 1, 'nobody hosts without a name');
  await other.at('room-add-browser-holder').fill('Paul');
  await other.at('room-add-browser-file').setInputFiles(key);
  await other.at('room-open').waitFor();
  const { body } = await openStatement('room', Buffer.from(rooms().at(-1).envelope, 'base64').toString());
  assert.deepEqual([body.version, body.host_keys.map(({ holder }) => holder)], [2, ['Miriam', 'Paul']]);
  await other.join(link, 'Paul'); await guest.join(link, 'Jonas');
  await other.ask('Minutes'); await guest.at('prompt').waitFor();
  assert.match(await guest.at('prompt').textContent(), /Paul asks\./);
  const { body: request } = await openStatement('request', service.posted.find(({ kind }) => kind === 'request').envelope);
  assert.equal(request.key, body.host_keys[1].key, 'signed with the key that is listed under that name');
});

test('a guest is not told that the room is theirs', async (t) => {
  const { host } = await hosted(t);
  const link = await host.createRoom('Choir', join(folder, 'guest.key'));
  const guest = await person(browser);
  t.after(() => guest.context.close());
  await guest.open(link);
  assert.equal(await guest.at('join-not-host').count(), 0);
});

test('a camera that is missing or denied is explained at once', async (t) => {
  const { host } = await hosted(t);
  const link = await host.createRoom('Choir', join(folder, 'camera.key'));
  const deny = (kinds) => `navigator.mediaDevices.getUserMedia = ((real) => (wish) => ${kinds}.some((kind) => wish[kind])
    ? Promise.reject(new DOMException('denied', 'NotAllowedError')) : real(wish))(navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices))`;
  for (const [kinds, words] of [['["video"]', /No camera was found/], ['["audio", "video"]', /No camera and no microphone/]]) {
    const guest = await person(browser);
    await guest.page.addInitScript(deny(kinds));
    await guest.open(link);
    await guest.at('join-devices-missing').waitFor();
    assert.match(await guest.at('join-devices-missing').textContent(), words);
    await guest.context.close();
  }
  const guest = await person(browser);
  await guest.open(link);
  assert.equal(await guest.at('join-devices-missing').isVisible(), false);
  await guest.context.close();
});

test('the receipt chosen instead of the key file is called by its name, in the language of the page', async (t) => {
  const { service, host } = await hosted(t, { lang: 'de' });
  const key = join(folder, 'slip.key');
  const link = await host.createRoom('Chor', key);
  await host.join(link, 'Miriam');
  await host.ask('Protokoll'); await host.approve('audio');
  assert.match(await host.at('take-home').textContent(), /Verlieren Sie sie nicht/);
  const receipt = await host.save('receipt-download', join(folder, 'receipt.json'));
  const keyFile = await host.save('keyfile-download', join(folder, 'mine.txt'));
  await host.page.goto('about:blank');
  await host.open(`${service.base}/withdraw`);
  for (const [file, words] of [[receipt, /Das ist die Quittung/], [key, /Raumschlüssel: Behalten Sie ihn/], [import.meta.url.slice(7), /keine Schlüsseldatei/]]) {
    await host.at('withdraw-file').setInputFiles(file);
    await host.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=withdraw-error]').textContent), words.source);
  }
  await shot(host, 'withdraw-slip');
  await host.at('withdraw-file').setInputFiles(keyFile);
  await host.at('withdraw-send').waitFor();
  assert.equal(await host.at('withdraw-error').textContent(), '');
  assert.ok(readFileSync(receipt, 'utf8').includes('unavoce-receipt'));
});

for (const [lang, words] of [['en', /open the invitation link there.*only the host can help, by erasing the whole recording/], ['de', /Öffnen Sie dort den Einladungslink.*nur der Gastgeber helfen, indem er die ganze Aufzeichnung löscht/]]) {
  test(`whoever lost the key file reads on the withdrawal page what is left to do (${lang})`, async (t) => {
    const service = await MockService.start(built);
    const somebody = await person(browser, { lang });
    t.after(async () => { service.stop(); await somebody.context.close(); });
    await somebody.open(`${service.base}/withdraw`);
    assert.equal(await somebody.at('withdraw-lost').isVisible(), true);
    assert.match(await somebody.at('withdraw-lost').textContent(), words);
  });
}

test("the list of recordings counts only parts that are there", async (t) => {
  const { service, host } = await hosted(t, { lang: 'de' });
  const track = (name, more) => ({ name, empty: false, erased: false, ...more });
  service.lies.recordings = [{ recording: 'a'.repeat(32), room: 'b'.repeat(32), session: 'c'.repeat(32), purpose: 'Protokoll', state: 'sealed', requested_ms: 1, delete_after_ms: 2, takes: 1,
    tracks: [track('t001-x-f001.webm.age'), track('t001-y-f001.webm.age', { erased: true }), track('t001-z-f001.webm.age', { empty: true })] }];
  await host.at('recordings-refresh').click();
  await host.at('recording-item').waitFor();
  assert.match(await host.at('recording-item').textContent(), /Teile: 1(?!\d)/);
});
