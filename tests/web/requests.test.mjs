// What a host does with a request that stands: changes it in one step, ends it, or leaves it and goes on without recording; and what the
// question says of what taking back, and being counted only, do not reach.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const { noticeText } = await load('web/src/i18n/notice.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-requests-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const shot = ({ page }, name) => (process.env.UNAVOCE_PICTURES ? page.screenshot({ path: join(process.env.UNAVOCE_PICTURES, `${name}.png`), fullPage: true }) : undefined);
const says = (who, testid, words) => who.page.waitForFunction(([id, pattern]) => new RegExp(pattern, 's').test(document.querySelector(`[data-testid=${id}]`)?.textContent), [testid, words.source]);
const requests = (service) => Promise.all(service.posted.filter(({ kind }) => kind === 'request').map(({ envelope }) => openStatement('request', envelope)));

/** A host who asked and approved, and a guest who is asked. */
async function asked(t, look = {}, guestLook = look) {
  const service = await MockService.start(built);
  const [host, guest] = [await person(browser, look), await person(browser, guestLook)];
  t.after(async () => { service.stop(); await host.context.close(); await guest.context.close(); });
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, `${Math.random()}.key`));
  await host.join(link, 'Miriam'); await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio'); await guest.at('prompt').waitFor();
  return { service, host, guest, link };
}
const refuse = async (who) => { await who.at('prompt-refuse').click(); await who.state('approval-status', 'refused'); };

for (const [lang, words] of Object.entries({
  en: { choices: /Somebody refused\..*ask differently.*end the request.*without recording/, end: /^End the request$/, replaces: /ends with that.*asked anew/, recording: /^End the recording$/ },
  de: { choices: /Jemand hat abgelehnt\..*anders fragen.*die Anfrage beenden.*ohne Aufzeichnung weitermachen/, end: /^Anfrage beenden$/, replaces: /endet damit.*neu gefragt/, recording: /^Aufzeichnung beenden$/ },
})) test(`a request that somebody refused is changed in one step: what it said is filled in, and everybody is asked anew (${lang})`, async (t) => {
  const { service, host, guest } = await asked(t, { lang });
  await refuse(guest);
  await says(host, 'host-note', words.choices);
  await says(host, 'stop-recording', words.end);
  assert.equal(await host.at('request-open').isVisible(), false);
  await shot(host, `refused-${lang}`);
  await host.at('request-change').click();
  assert.equal(await host.at('request-purpose').inputValue(), 'Minutes');
  assert.equal(await host.at('request-scope-video').isChecked(), true);
  await says(host, 'request-replaces', words.replaces);
  await shot(host, `ask-differently-${lang}`);
  await host.at('request-purpose').fill('Minutes: sound only');
  await host.at('request-scope-video').uncheck(); await host.at('request-scope-screen').uncheck();
  await host.at('request-submit').click();
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=prompt-purpose]')?.textContent === 'Minutes: sound only');
  assert.equal(await guest.at('prompt-scope-video').count(), 0);
  await host.approve('audio'); await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  await says(host, 'stop-recording', words.recording);
  await shot(host, `recording-host-${lang}`); await shot(guest, `recording-${lang}`);
  const [first, second] = (await requests(service)).map(({ body }) => body);
  assert.deepEqual([first.scope, second.scope], [['audio', 'video', 'screen'], ['audio']]);
  assert.notEqual(first.recording, second.recording);
  assert.equal(first.delete_after_ms, second.delete_after_ms, 'kept until the same day');
});

test('while a recording runs, whoever asks differently is told that it ends', async (t) => {
  const { host, guest } = await asked(t);
  await guest.approve('audio');
  await host.state('recording-sign', 'recording');
  await host.at('request-change').click();
  await says(host, 'request-replaces', /recording that was begun ends with that, and what it holds is kept/);
  await host.page.keyboard.press('Escape');
  await host.state('recording-sign', 'recording');
});

test('what recorded nothing ends as a request, what recorded ends as a recording', async (t) => {
  const { host, guest } = await asked(t);
  await refuse(guest);
  await host.at('stop-recording').click();
  for (const who of [host, guest]) await says(who, 'notice', /^The request to record has ended\.$/);
  await host.at('request-open').waitFor();
  assert.equal(await host.at('request-change').isVisible() || await host.at('stop-recording').isVisible(), false);
  await host.ask('Minutes again'); await host.approve('audio'); await guest.approve('audio');
  await host.state('recording-sign', 'recording');
  await host.at('stop-recording').click();
  for (const who of [host, guest]) await says(who, 'notice', /^The recording has ended\.$/);
});

test('a host whose page comes while it is paused reads that a recording would be ended', async (t) => {
  const { service, host, guest } = await asked(t);
  await guest.approve('audio');
  await host.state('recording-sign', 'recording');
  service.lies.entries = (entries) => [...entries, { ...entries[0], kind: 'take' }]; // the double keeps no takes in its ledger
  await host.page.reload(); await host.page.waitForSelector('html[data-ready="true"]');
  await host.at('join-submit').click(); await host.at('meeting').waitFor();
  await says(host, 'stop-recording', /^End the recording$/);
});

test('a host is told what their own answer keeps closed: not given, refused, taken back', async (t) => {
  const { host } = await asked(t);
  await host.at('withdraw').click(); await host.at('withdraw-confirm').click();
  await host.state('withdraw-result', 'done'); await host.page.keyboard.press('Escape');
  await says(host, 'host-note', /^You took your own approval back.*end the request/);
  await host.at('stop-recording').click();
  await host.at('request-open').waitFor();
  await host.ask('Minutes again');
  await says(host, 'host-note', /^You asked, but you have not approved yourself\. [^.]*\.$/);
  await refuse(host);
  await says(host, 'host-note', /^You refused yourself.*end the request/);
  assert.doesNotMatch(await host.at('host-note').textContent(), /Somebody refused/, 'that is the host alone');
});

test('the question says what taking back does not reach, and what being counted only does not hide', async (t) => {
  const { service, guest } = await asked(t);
  const words = await guest.at('prompt').textContent();
  assert.match(words, /Not reached by that: a copy that a recipient has opened or downloaded/);
  assert.match(words, /evidence that the host can fetch lists every answer, refusals too, under a number/);
  const [{ body: { notice } }] = await requests(service);
  assert.deepEqual([notice.version, notice.language], [2, 'en']);
  assert.match(noticeText(2, 'en'), /opened or downloaded/);
  assert.ok(words.includes(noticeText(2, 'en').split('\n')[3]), 'the notice that is signed is there to be read');
  await guest.at('prompt-notice').locator('summary').first().click();
  assert.equal(await guest.at('prompt-notice-signed').isVisible(), false, 'what is shown is what is signed');
  await shot(guest, 'prompt');
});

test('whoever reads the notice in another language than the host finds the wording that is signed', async (t) => {
  const { service, guest } = await asked(t, { lang: 'en' }, { lang: 'de' });
  const [{ body: { notice } }] = await requests(service);
  assert.equal(notice.language, 'en');
  await guest.at('prompt-notice').locator('summary').first().click();
  const signed = guest.at('prompt-notice-signed');
  await signed.waitFor();
  assert.match(await signed.locator('summary').textContent(), /Das ist eine Übersetzung\. Die englische Fassung, die Sie unterschreiben/);
  assert.deepEqual(await signed.locator('[lang=en] p').allTextContents(), noticeText(2, 'en').split('\n'));
  assert.ok((await guest.at('prompt-notice').textContent()).includes(noticeText(2, 'de').split('\n')[3]), 'and the translation');
  await signed.locator('summary').click();
  assert.equal(await signed.locator('p').last().isVisible(), true);
  await shot(guest, 'prompt-translated');
  await guest.at('lang-en').dispatchEvent('click'); // the prompt is in front of it
  await signed.waitFor({ state: 'hidden' });
});

// What people signed points to these texts by their SHA-256: a changed word is a new version.
for (const [version, language, sha256] of [
  [1, 'en', 'b1637b969b69d596487ae455004fc29a65a85f7075c8468946808ca7d71ac955'],
  [1, 'de', 'c20075f29ce64c438fd8be6ce78d03e2a987b8249dcae7be01389217469de9b0'],
  [2, 'en', '8ebd3e8cb73aaf6192c222f3989626889081d929dc4eee4520c81329d4f5c619'],
  [2, 'de', '20f1448b27a71907011a16ae782b8dc2b41bcce7220d23d8072ef036b97fd5cb'],
]) test(`version ${version} of the notice (${language}) stays as it was signed`, () => assert.equal(createHash('sha256').update(noticeText(version, language)).digest('hex'), sha256));
