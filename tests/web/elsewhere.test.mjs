// One person in two places: an approval that is taken back somewhere else, or expires, and a tab that was duplicated. The page in the meeting
// notices, sends nothing more, says so, and shows the way on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { anotherTab, duplicate, launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const { parseKeyFile } = await load('web/src/core/identity.ts');
const { newsOfMine } = await load('web/src/room/own_answer.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-elsewhere-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

/** A recording runs; Jonas approved it with his sound. */
async function recorded(t, { look = {}, prepare = () => {} } = {}) {
  const service = await MockService.start(built);
  const [host, guest] = [await person(browser, look), await person(browser, look)];
  t.after(async () => { service.stop(); await host.context.close(); await guest.context.close(); });
  await prepare(guest);
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, `${Math.random()}.key`));
  await host.join(link, 'Miriam');
  await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  return { service, host, guest, link };
}
const shows = (who, testid, words) => who.page.waitForFunction(([id, text]) => document.querySelector(`[data-testid=${id}]`)?.textContent.includes(text), [testid, words]);
const saveKeyFile = (who) => who.save('keyfile-download', join(folder, `${Math.random()}.unavoce-key.txt`));
const withdrawalIn = (path) => parseKeyFile(readFileSync(path, 'utf8')).withdrawal;
/** As `unavoce withdraw` or an operator does it. */
const send = (service, envelope) => fetch(`${service.base.replace('localhost', '127.0.0.1')}/api/v1/statements`, { method: 'POST', body: JSON.stringify({ envelope, wrapped: null }) });
const rejoin = async (who) => {
  await who.page.reload();
  await who.page.waitForSelector('html[data-ready="true"]');
  await who.at('join-submit').click();
  await who.at('meeting').waitFor();
};

for (const [lang, words] of Object.entries({ en: 'from somewhere else', de: 'von anderer Stelle aus widerrufen' })) test(`an approval taken back with the key file is noticed in the meeting: nothing is sent, nothing stands any more, and the page says so (${lang})`, async (t) => {
  const { service, host, guest } = await recorded(t, { look: { lang } });
  const path = await saveKeyFile(guest);
  const elsewhere = await person(browser);
  await elsewhere.open(`${service.base}/withdraw`);
  await elsewhere.at('withdraw-file').setInputFiles(path);
  await elsewhere.at('withdraw-send').click();
  await elsewhere.state('withdraw-status', 'done');
  await elsewhere.context.close();
  await guest.state('approval-status', 'withdrawn');
  await shows(guest, 'notice', words);
  await Promise.all([host.state('recording-sign', 'paused'), guest.state('publish-state', 'off')]);
  await guest.at('withdraw').waitFor({ state: 'hidden' });
  await guest.at('home-withdraw').waitFor({ state: 'detached' });
  assert.equal(await guest.at('change-scope').isVisible(), false);
  assert.equal(await guest.at('alarm').isVisible(), false);
});

test('after that one leaves, comes back, and is asked anew', async (t) => {
  const { service, host, guest, link } = await recorded(t);
  await send(service, withdrawalIn(await saveKeyFile(guest)));
  await guest.state('approval-status', 'withdrawn');
  await guest.at('leave').click();
  await guest.at('left').waitFor();
  await guest.page.goto('about:blank');
  await guest.join(link, 'Jonas');
  await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
});

test('another tab takes back what this one approved, and this one knows', async (t) => {
  const { guest, link } = await recorded(t);
  const tab = await anotherTab(guest);
  await tab.open(link);
  await tab.at('home-withdraw').click(); await tab.at('withdraw-confirm').click();
  await tab.state('withdraw-result', 'done');
  await guest.state('approval-status', 'withdrawn');
  await shows(guest, 'notice', 'in another tab');
  await shows(guest, 'take-home', 'taken back since');
});

test('a question that is open once more is closed when its key is taken out of the recording', async (t) => {
  const { service, guest } = await recorded(t);
  const withdrawal = withdrawalIn(await saveKeyFile(guest));
  await rejoin(guest);
  await guest.at('prompt').waitFor();
  await send(service, withdrawal);
  await guest.at('prompt').waitFor({ state: 'detached' });
  await guest.state('approval-status', 'withdrawn');
});

test('what was taken back while the page was away is found out at the next answer, with the way on', async (t) => {
  const { service, guest } = await recorded(t);
  const withdrawal = withdrawalIn(await saveKeyFile(guest));
  let come;
  service.lies.holdJoins = new Promise((resolve) => { come = resolve; });
  service.dropSockets('Jonas');
  await send(service, withdrawal);
  come();
  await guest.at('prompt').waitFor();
  await guest.at('prompt-scope-audio').check(); await guest.at('prompt-approve').click();
  await guest.state('approval-status', 'withdrawn');
  await shows(guest, 'notice', 'leave and come back');
  await guest.at('prompt').waitFor({ state: 'detached' });
});

/** The service says what it likes of the answer of the person with this name. */
const tellsWithdrawn = (service, name) => {
  service.lies.roster = (roster) => roster.map((entry) => (entry.name === name ? { ...entry, answer: 'withdrawn', approval: null } : entry));
  service.tellRoster();
};

for (const [lang, words, kept] of [['en', 'found no proof', 'no proof of that was seen here'], ['de', 'keinen Beweis|Beweis dafür hat diese Seite nicht gefunden', 'hat dieser Browser nicht gesehen']]) test(`on the service's word alone nothing is sent any more, but nothing counts as taken back: the page says whose word it is, and one can take back (${lang})`, async (t) => {
  const { service, host, guest } = await recorded(t, { look: { lang } });
  tellsWithdrawn(service, 'Jonas');
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=said]');
  await guest.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=notice]').textContent), words);
  await shows(guest, 'take-home', kept);
  await guest.state('publish-state', 'off');
  await guest.page.reload();
  await guest.page.waitForSelector('html[data-ready="true"]');
  await shows(guest, 'take-home', kept);
  assert.equal(await guest.at('keyfile-download').count() + await guest.at('home-withdraw').count(), 2, 'file and button outlive a reload');
  delete service.lies.roster;
  await guest.at('home-withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  assert.deepEqual(service.posted.filter(({ kind }) => kind === 'withdrawal').length, 1);
  await guest.at('home-withdraw').waitFor({ state: 'detached' });
  assert.ok(host);
});

test('in the meeting the button stays, too, and what is sent with it is proven', async (t) => {
  const { service, guest } = await recorded(t);
  tellsWithdrawn(service, 'Jonas');
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=said]');
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=proven]');
  await guest.at('withdraw').waitFor({ state: 'hidden' });
  await shows(guest, 'take-home', 'taken back since');
});

for (const [what, receipt] of [
  ['of another statement', (one, { other }) => ({ ...one, ...other })],
  ['with another opening', (one) => ({ ...one, r: Buffer.alloc(32).toString('base64') })],
  ['whose proof leads elsewhere', (one) => ({ ...one, proof: one.proof.replace(/index \d+/, 'index 0') })],
  ['whose checkpoint somebody else signed', (one) => ({ ...one, proof: one.proof.replace(/[^\n]{88}\n$/, (signature) => `${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`) })],
]) test(`a receipt ${what} proves no withdrawal: an alarm, and the button stays`, async (t) => {
  const { service, guest } = await recorded(t);
  const path = await saveKeyFile(guest);
  const [other] = await service.ledger.proven(service.ledger.entries.filter(({ kind }) => kind === 'approval').slice(0, 1));
  service.lies.receipt = (one) => receipt(one, { other: { entry: other.entry, r: other.r, proof: other.proof } });
  await send(service, withdrawalIn(path));
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=said]');
  assert.equal(await guest.at('alarm').isVisible(), true);
  assert.equal(await guest.at('withdraw').isVisible(), true);
});

test('an acknowledgement whose proof does not hold takes the button from nobody', async (t) => {
  const { service, guest } = await recorded(t);
  service.lies.proof = (proof) => proof.replace(/index \d+/, 'index 0');
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'unproven');
  await shows(guest, 'withdraw-result', 'The service says');
  await guest.at('withdraw-close').click();
  delete service.lies.proof;
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.at('confirmation-save').waitFor();
  await guest.at('withdraw').waitFor({ state: 'hidden' });
});

test('a withdrawal whose proof follows is known by its id, if it was signed here, and looked for; no other one is', async (t) => {
  const { service, guest } = await recorded(t);
  const withdrawal = withdrawalIn(await saveKeyFile(guest));
  const { id } = await openStatement('withdrawal', withdrawal);
  service.tell({ type: 'proven', id: 'f'.repeat(64) });
  service.tell({ type: 'problem', problem: { code: 'rate_limited', status: 429, detail: 'too much at once' } });
  await shows(guest, 'notice', 'Too many attempts');
  await guest.state('approval-status', 'approved');
  service.tell({ type: 'proven', id });
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=said]');
  assert.equal(await guest.at('withdraw').isVisible(), true, 'its id alone is no proof');
  await send(service, withdrawal);
  service.tell({ type: 'proven', id });
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=proven]');
  await shows(guest, 'take-home', 'taken back since');
});

test('a roster from before an approval was counted takes nothing back', async (t) => {
  const service = await MockService.start(built);
  const [host, guest, late] = [await person(browser), await person(browser), await person(browser)];
  t.after(async () => { service.stop(); await Promise.all([host, guest, late].map(({ context }) => context.close())); });
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, 'counting.key'));
  await host.join(link, 'Miriam');
  await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio');
  let count;
  service.lies.holdCounting = new Promise((resolve) => { count = resolve; });
  await guest.approve('audio');
  await late.join(link, 'Ada');
  await guest.page.waitForSelector('[data-testid=tile][data-name=Ada]', { state: 'attached' });
  assert.deepEqual([await guest.at('approval-status').getAttribute('data-state'), await guest.at('prompt').count()], ['approved', 0]);
  count();
  await late.approve('audio');
  await Promise.all([host, guest, late].map((who) => who.state('recording-sign', 'recording')));
});

test('when an approval expires, the page says so and asks again', async (t) => {
  const { service, host, guest } = await recorded(t);
  await service.expires('Jonas');
  await guest.at('prompt').waitFor();
  await guest.state('approval-status', 'asked');
  await shows(guest, 'notice', 'has expired');
  assert.equal(await guest.at('publish-state').getAttribute('data-state'), 'off');
  await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
});

test('when the request expires, the page says so; there is nothing to answer any more', async (t) => {
  const { service, guest } = await recorded(t);
  service.end('expired');
  await guest.state('approval-status', 'none');
  await shows(guest, 'notice', 'expired');
  assert.equal(await guest.at('prompt').count(), 0);
});

const ID = (digit) => digit.repeat(64);
const entry = (answer, approval = null) => ({ answer, approval });
for (const [what, before, now, approval, news] of [
  ['a withdrawal after the approval was counted', entry('approved', ID('a')), entry('withdrawn'), ID('a'), 'taken_back'],
  ['a withdrawal while the approval is on its way', entry('none'), entry('withdrawn'), ID('a'), 'taken_back'],
  ['a withdrawal in the first roster of a connection', null, entry('withdrawn'), ID('a'), 'taken_back'],
  ['a withdrawal that was told before', entry('withdrawn'), entry('withdrawn'), ID('a'), null],
  ['the end of an approval that was counted', entry('approved', ID('a')), entry('none'), ID('a'), 'lapsed'],
  ['no answer yet, while the approval is on its way', entry('none'), entry('none'), ID('a'), null],
  ['no answer yet, after an older approval than the one on its way', entry('approved', ID('b')), entry('none'), ID('a'), null],
  ['no answer in the first roster of a connection', null, entry('none'), ID('a'), null],
  ['nothing new', entry('approved', ID('a')), entry('approved', ID('a')), ID('a'), null],
]) test(`of one's own answer in the roster: ${what} is ${news ? `news: ${news}` : 'no news'}`, () => assert.equal(newsOfMine(before, now, approval), news));

/** Remembers the connections that a page makes and the devices that it opens. */
const watchSending = ({ page }) => page.addInitScript(() => {
  window.connections = [];
  window.devices = [];
  window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...args) { super(...args); window.connections.push(this); } };
  const { mediaDevices } = navigator;
  const ask = mediaDevices?.getUserMedia.bind(mediaDevices);
  if (ask) mediaDevices.getUserMedia = async (wish) => { const stream = await ask(wish); window.devices.push(...stream.getTracks()); return stream; };
});
const stillOpen = ({ page }) => page.evaluate(() => [window.connections.filter(({ connectionState }) => connectionState !== 'closed').length, window.devices.filter(({ readyState }) => readyState === 'live').length]);

test('a duplicated tab takes the seat; the old one says that it is open in another tab, and sends nothing any more', async (t) => {
  const { service, host, guest, link } = await recorded(t, { prepare: watchSending });
  const seat = await guest.at('meeting').getAttribute('data-participant');
  assert.ok((await stillOpen(guest)).every((count) => count > 0), 'until now it sends');
  const tab = await duplicate(guest);
  await tab.join(link, 'Jonas');
  assert.equal(await tab.at('meeting').getAttribute('data-participant'), seat);
  await guest.at('left').waitFor();
  assert.match(await guest.at('left').textContent(), /in another tab.*nothing of you is sent/s);
  assert.equal(await guest.page.locator('dialog').count(), 0);
  assert.deepEqual(await stillOpen(guest), [0, 0]);
  const joined = service.joined;
  const offers = [];
  guest.page.on('request', (request) => request.url().includes('/whip/') && offers.push(request.url()));
  await tab.approve('audio');
  await Promise.all([host, tab].map((who) => who.state('recording-sign', 'recording')));
  assert.deepEqual([service.joined - joined, offers], [0, []], 'it does not try to come back');
  assert.equal(await host.at('answer-row').count(), 2);
});

test('a page that is refused for another reason says that one, instead of trying for ever', async (t) => {
  const { service, guest } = await recorded(t);
  service.lies.refuses = { name: 'Jonas', codes: ['room_full', 'room_full'] };
  service.dropSockets('Jonas');
  await guest.at('left').waitFor();
  assert.match(await guest.at('left').textContent(), /meeting is full/);
});

test('what passes by itself ends nothing: the page comes back to its seat', async (t) => {
  const { service, host, guest } = await recorded(t);
  const seat = await guest.at('meeting').getAttribute('data-participant');
  service.lies.refuses = { name: 'Jonas', codes: ['unavailable', 'storage'] };
  service.dropSockets('Jonas');
  await shows(guest, 'notice', 'still holds');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  assert.equal(await host.page.locator(`[data-testid=answer-row][data-participant="${seat}"]`).count(), 1);
});
