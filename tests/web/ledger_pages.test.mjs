// The pages beside a ledger that grows as it should, and beside one that was rolled back or forked.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-ledger-pages-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

async function meeting(t, look = {}) {
  const service = await MockService.start(built);
  const [host, guest] = [await person(browser), await person(browser, look)];
  t.after(async () => { service.stop(); await Promise.all([host, guest].map(({ context }) => context.close())); });
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, `${Math.random()}.key`));
  await host.join(link, 'Miriam');
  await guest.join(link, 'Jonas');
  return { service, host, guest, link };
}
const recorded = async (host, guest) => {
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
};
/** What the page remembers of the one ledger it met. */
const remembered = ({ page }) => page.evaluate(() => new Promise((resolve) => {
  indexedDB.open('unavoce').onsuccess = ({ target }) => { target.result.transaction('checkpoints').objectStore('checkpoints').getAll().onsuccess = (got) => { target.result.close(); resolve(got.target.result[0]); }; };
}));
/** Waits until all that the page remembers was found in the published ledger. */
const allFound = ({ page }) => page.waitForFunction(() => new Promise((resolve) => {
  indexedDB.open('unavoce').onsuccess = ({ target }) => { target.result.transaction('checkpoints').objectStore('checkpoints').getAll().onsuccess = (got) => { target.result.close(); resolve(got.target.result[0].heads.every(({ proven }) => proven)); }; };
}));
/** Clicks "approve" in the prompt, and is told that it is not possible here. */
const cannotApprove = async ({ page, at }) => {
  await at('prompt-approve').click();
  await page.waitForFunction(() => document.querySelector('[data-testid=prompt-error]').textContent.includes('cannot approve'));
};
/** Opens the room again, as if `ms` had passed since. */
async function later(who, link, ms) {
  await who.page.clock.setSystemTime(Date.now() + ms);
  await who.page.goto('about:blank');
  await who.open(link);
}
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('a ledger that grows as it should raises no alarm, on this visit and on the next', async (t) => {
  const { service, host, guest, link } = await meeting(t);
  await recorded(host, guest);
  const { heads } = await remembered(guest);
  assert.ok(heads.length >= 2 && heads.every(({ proven }) => !proven), 'they wait to be found in the published ledger');
  assert.deepEqual(service.looks, [], 'nothing is looked for while it cannot be there');
  await later(guest, link, 2 * MINUTE);
  await allFound(guest);
  assert.ok(service.looks.length >= 2 && service.looks.length <= 4, service.looks.join());
  await guest.at('join-submit').click(); await guest.at('meeting').waitFor();
  await guest.approve('audio');
  assert.equal(await guest.at('alarm').isVisible() || await host.at('alarm').isVisible(), false);
  assert.equal(await guest.at('ledger-alarm').count(), 0);
  assert.deepEqual([host, guest].flatMap(({ complaints }) => complaints).filter((line) => !line.includes('503')), [], 'but that the double takes no media');
});

for (const [lang, what, words] of [['en', 'rolled back', /shorter than this browser has seen it.*taking back still is/], ['de', 'rolled back', /kürzer, als dieser Browser.*widerrufen können Sie weiterhin/]]) {
  test(`a ledger that was ${what} while the page was open is an alarm, and nothing more is approved (${lang})`, async (t) => {
    const { service, host, guest } = await meeting(t, { lang });
    await recorded(host, guest);
    const sent = () => service.posted.filter(({ kind }) => kind === 'approval').length;
    const before = sent();
    await service.ledger.rewrite(2, 0);
    service.dropSockets();
    await guest.at('alarm').waitFor();
    assert.match(await guest.at('alarm').textContent(), words);
    await guest.at('prompt').waitFor();
    await guest.at('prompt-scope-audio').check();
    await guest.at('prompt-approve').click();
    await guest.page.waitForFunction(() => document.querySelector('[data-testid=prompt-error]').textContent.length > 40);
    assert.equal(sent(), before);
    await guest.at('prompt-refuse').click();
    await guest.state('approval-status', 'refused');
    await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
    await guest.state('withdraw-result', 'done');
  });
}

test('a ledger that was forked since the last visit is an alarm before one joins, and stays one', async (t) => {
  const { service, host, guest, link } = await meeting(t);
  await recorded(host, guest);
  await service.ledger.rewrite(2, 300);
  await later(guest, link, 120 * MINUTE);
  await guest.at('ledger-alarm').waitFor();
  assert.match(await guest.at('ledger-alarm').textContent(), /two versions/);
  await guest.at('join-submit').click(); await guest.at('meeting').waitFor();
  await guest.at('alarm').waitFor();
  assert.match(await guest.at('alarm').textContent(), /two versions/);
  await guest.at('prompt').waitFor();
  await guest.at('prompt-scope-nothing').check();
  await cannotApprove(guest);
  const looks = service.looks.length;
  await later(guest, link, 2 * DAY);
  await guest.at('ledger-alarm').waitFor();
  assert.equal(service.looks.length, looks, 'what is known is not looked for again');
  const { alarm } = await remembered(guest);
  assert.ok(alarm.seen.size < alarm.shown.size && [alarm.seen, alarm.shown].every(({ note }) => note.startsWith(`${service.ledger.origin}\n`)), 'both signed checkpoints are kept');
});

test('a page whose approval is refused for its ledger looks at once; where the ledger is right the refusal alone is no alarm, and the next answer is taken', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes');
  await guest.at('prompt').waitFor();
  await guest.at('prompt-scope-audio').check();
  service.lies.refuse = 'ledger_falsified';
  await cannotApprove(guest);
  await allFound(guest);
  service.lies.refuse = '';
  await guest.at('prompt-approve').click();
  await guest.state('approval-status', 'approved');
  assert.equal(await guest.at('alarm').isVisible(), false);
});

test('a page whose approval is refused for its ledger looks at once, and what it finds is the alarm', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes');
  await guest.at('prompt').waitFor();
  await guest.at('prompt-scope-audio').check();
  await service.ledger.rewrite(0, 5);
  service.lies.refuse = 'ledger_falsified';
  await cannotApprove(guest);
  await guest.at('alarm').waitFor();
  assert.match(await guest.at('alarm').textContent(), /two versions/);
  const sent = service.posted.length;
  await cannotApprove(guest);
  assert.equal(service.posted.length, sent, 'nothing more is sent there');
});

test('a published ledger that stays behind is waited for; one that goes on without what was seen is an alarm', async (t) => {
  const { service, host, guest, link } = await meeting(t);
  await recorded(host, guest);
  service.lies.published = () => 1;
  await later(guest, link, 2 * MINUTE);
  await guest.page.waitForTimeout(500);
  assert.equal(await guest.at('ledger-alarm').isVisible(), false);
  service.lies.published = () => 2;
  await later(guest, link, 4 * MINUTE);
  await guest.at('ledger-alarm').waitFor();
  assert.match(await guest.at('ledger-alarm').textContent(), /shorter/);
});

test('a ledger that cannot be reached is no alarm and keeps nobody from approving', async (t) => {
  const { service, host, guest, link } = await meeting(t);
  service.lies.unreachable = true;
  await later(guest, link, 2 * MINUTE);
  await guest.at('join-submit').click(); await guest.at('meeting').waitFor();
  await recorded(host, guest);
  assert.ok(service.looks.length > 0);
  assert.equal(await guest.at('alarm').isVisible(), false);
});

test('the withdrawal page takes back in a forked ledger too, and says what it found', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  const path = await guest.save('keyfile-download', join(folder, 'mine.unavoce-key.txt'));
  await service.ledger.rewrite(2, 300);
  await later(guest, `${service.base}/withdraw`, DAY);
  await guest.at('ledger-alarm').waitFor();
  await guest.at('withdraw-file').setInputFiles(path);
  await guest.at('withdraw-send').click();
  await guest.state('withdraw-status', 'done');
});
