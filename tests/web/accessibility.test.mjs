// axe-core on every page, every dialog and every state of the meeting, in both languages, light and dark, wide and narrow: no violations;
// and what axe cannot see: that the Tab key reaches what is needed, that what has the focus is not covered, and that the focus is never lost.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { axePath, launch, person } from './browser.mjs';
import { damage, recorded } from './recorded.mjs';

const axe = readFileSync(axePath, 'utf8');
const { MockService } = await load('tests/web/mock/service.ts');
const { parseKeyFile } = await load('web/src/core/identity.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-axe-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
async function check(who, what) {
  await who.page.evaluate(axe); // the page's policy forbids injected script elements, not the debugger
  const { violations } = await who.page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), TAGS);
  assert.deepEqual(violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), []);
  const wider = await who.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${what} scrolls sideways by ${wider} px`);
}

/** Goes through the page with the Tab key (or backwards), from its beginning or that of the dialog in front; `wanted`: test ids that must be on the way. */
async function walk(who, what, wanted, key = 'Tab') {
  await who.page.evaluate((backwards) => {
    const title = [...document.querySelectorAll('dialog[open]')].at(-1)?.querySelector('h2');
    (title ?? document.querySelector(backwards ? '.page-footer a:last-of-type' : '.skip')).focus();
    window.stops = [];
  }, key !== 'Tab');
  const stops = [];
  for (let i = 0; i < 80; i++) {
    await who.page.keyboard.press(key);
    const stop = await who.page.evaluate(() => {
      const node = document.activeElement;
      const been = window.stops.includes(node) && window.stops.at(-1) !== node; // a field for a date is several stops
      if (node === null || node === document.body || been) return null;
      window.stops.push(node);
      const { left, top, width, height } = node.getBoundingClientRect();
      const points = [[0.5, 0.5], [0.2, 0.2], [0.8, 0.2], [0.2, 0.8], [0.8, 0.8]];
      return { name: node.dataset.testid ?? node.tagName.toLowerCase(), seen: points.some(([x, y]) => node.contains(document.elementFromPoint(left + width * x, top + height * y))) };
    });
    if (stop === null) break;
    stops.push(stop);
  }
  const names = stops.map(({ name }) => name);
  assert.deepEqual(stops.filter(({ seen }) => !seen).map(({ name }) => name), [], `${what}: covered while it has the focus (WCAG 2.4.11)`);
  assert.deepEqual(wanted.filter((name) => !names.includes(name)), [], `${what}: not reached by ${key}, which stops at ${names.join(', ')}`);
}
const focused = ({ page }) => page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
const says = (who, testid, words) => who.page.waitForFunction(([id, pattern]) => new RegExp(pattern).test(document.querySelector(`[data-testid=${id}]`)?.textContent), [testid, words.source]);

const LOOKS = [{ lang: 'en', dark: false, width: 1280, height: 860 }, { lang: 'de', dark: true, width: 390, height: 844 }];
const named = ({ lang, dark }) => `${lang}, ${dark ? 'dark, narrow' : 'light, wide'}`;

for (const look of LOOKS) {
  test(`no violations in ${named(look)}`, async (t) => {
    const service = await MockService.start(built);
    const [host, guest] = [await person(browser, look), await person(browser, look)];
    t.after(async () => { service.stop(); await host.context.close(); await guest.context.close(); });
    await host.open(`${service.base}/`);
    assert.equal(await host.page.getAttribute('html', 'lang'), look.lang);
    await check(host, 'start');
    await host.register(service.base);
    await host.at('room-new').click(); await host.at('room-title').fill('Chorvorstand'); await host.at('room-holder').fill('Miriam');
    await host.page.getByTestId('room-options').locator('summary').click(); await host.at('room-lobby').check();
    await check(host, 'new room');
    await host.at('room-create').click(); await host.at('room-key-download').waitFor();
    assert.equal(await focused(host), 'H3', 'the second step begins at its title');
    await check(host, 'room key');
    await host.save('room-key-download', join(folder, 'room.key'));
    await host.at('room-key-confirm').click(); await host.at('room-card').waitFor();
    await check(host, 'rooms');
    await host.at('account-delete').click(); await check(host, 'delete account'); await host.at('account-delete-cancel').click();
    const link = await host.at('room-invite-link').inputValue();
    await guest.open(link.split('#')[0]); await check(guest, 'stop');
    await guest.page.goto('about:blank'); await guest.open(link); await check(guest, 'join');
    await host.join(link, 'Miriam'); await guest.join(link, 'Jonas');
    await check(guest, 'meeting');
    await host.at('request-open').click(); await check(host, 'request'); await host.at('request-cancel').click();
    await host.ask('Protokoll'); await guest.at('prompt').waitFor();
    await check(guest, 'prompt');
    await host.approve('audio'); await check(host, 'waiting');
    await guest.approve('audio', 'video'); await guest.state('recording-sign', 'recording');
    await check(guest, 'recording'); await check(host, 'recording, host');
    await guest.at('change-scope').click(); await check(guest, 'change dialog'); await guest.at('change-cancel').click();
    const late = await person(browser, look);
    t.after(() => late.context.close());
    await late.knock(link, 'Lena'); await late.at('prompt').waitFor(); await check(late, 'prompt at the door');
    await late.at('prompt-refuse').click(); await late.state('door-status', 'door_refused'); await check(late, 'door');
    await host.at('door-waiting').waitFor(); await check(host, 'somebody at the door');
    await host.at('remove').first().click(); await check(host, 'remove dialog'); await host.at('remove-cancel').click();
    await guest.at('withdraw').click(); await check(guest, 'withdraw dialog');
    await guest.at('withdraw-confirm').click(); await guest.state('withdraw-result', 'done'); await check(guest, 'withdraw dialog, done');
    await guest.at('withdraw').waitFor({ state: 'hidden' }); await guest.page.keyboard.press('Escape');
    await guest.page.waitForFunction(() => document.activeElement.tagName === 'H1'); // the button that opened the dialog is gone
    await check(guest, 'withdrawn');
    const keyFile = await guest.save('keyfile-download', join(folder, 'key.txt'));
    await guest.at('leave').click(); await guest.at('left').waitFor(); await check(guest, 'left');
    await guest.open(`${service.base}/withdraw`); await guest.at('withdraw-file').setInputFiles(keyFile); await guest.at('withdraw-send').waitFor();
    await check(guest, 'withdraw page');
    await guest.at('withdraw-send').click(); await guest.state('withdraw-status', 'done'); await check(guest, 'withdraw page, done');
    await service.deleteRecording(parseKeyFile(readFileSync(keyFile, 'utf8')).recording);
    await guest.at('withdraw-file').setInputFiles([]); await guest.at('withdraw-file').setInputFiles(keyFile);
    await guest.state('withdraw-status', 'deleted'); await check(guest, 'withdraw page, deleted');
    await guest.open(`${service.base}/privacy`); await check(guest, 'privacy');
  });
}

/** The service's list of approvals names somebody else instead of those who approved. */
const nobody = (take) => ({ ...take, approvals: take.approvals.slice(0, 1).map((id) => id.replace(/^./, (c) => (c === '0' ? '1' : '0'))) });

for (const look of LOOKS) {
  test(`no violations when somebody refuses, is removed, comes back, or the service lies, in ${named(look)}`, async (t) => {
    const service = await MockService.start(built);
    const people = [];
    for (let i = 0; i < 3; i++) people.push(await person(browser, look));
    const [host, guest, third] = people;
    t.after(async () => { service.stop(); await Promise.all(people.map(({ context }) => context.close())); });
    await host.register(service.base);
    const link = await host.createRoom('Chorvorstand', join(folder, `${Math.random()}.key`));
    await host.join(link, 'Miriam'); await guest.join(link, 'Jonas'); await third.join(link, 'Lena');
    await host.ask('Protokoll'); await host.approve('audio'); await guest.approve('audio');
    await third.at('prompt-refuse').click(); await third.state('approval-status', 'refused');
    await host.at('host-note').waitFor();
    assert.equal(await host.at('host-note').getAttribute('role'), 'status', 'it is also spoken');
    await check(third, 'refused'); await check(host, 'somebody refused');
    await host.at('request-change').press('Enter'); await check(host, 'ask differently'); await host.at('request-cancel').press('Enter');
    assert.equal(await focused(host), 'request-change', 'the dialog gives the focus back');
    await walk(host, 'somebody refused', ['request-change', 'stop-recording', 'remove', 'withdraw', 'mute', 'leave']);

    await host.at('answer-row').filter({ hasText: 'Lena' }).getByTestId('remove').press('Enter');
    await host.at('remove-confirm').press('Enter');
    await third.at('left').waitFor();
    await check(third, 'removed'); await walk(third, 'removed', ['rejoin']);

    await guest.state('recording-sign', 'recording');
    await walk(guest, 'recording', ['change-scope', 'withdraw', 'mute', 'leave', 'receipt-download', 'own-part'], 'Shift+Tab');
    await guest.page.setViewportSize({ width: 320, height: 256 }); // a window of 1280 by 1024, magnified four times
    await walk(guest, 'recording, magnified', ['change-scope', 'withdraw', 'leave', 'receipt-download', 'own-part'], 'Shift+Tab');
    await guest.page.setViewportSize({ width: look.width, height: look.height });
    const ring = await guest.at('withdraw').evaluate((button) => { button.focus({ focusVisible: true }); return getComputedStyle(button).outlineColor; });
    assert.equal(ring, 'rgb(255, 255, 255)', 'the ring of the focus can be told from the red of the sign');
    await guest.page.reload(); await guest.page.waitForSelector('html[data-ready="true"]');
    await guest.at('join-submit').click(); await guest.at('prompt-earlier').waitFor();
    await check(guest, 'prompt about an earlier approval');
    await walk(guest, 'prompt about an earlier approval', ['prompt-withdraw', 'prompt-scope-audio', 'prompt-scope-nothing', 'prompt-refuse', 'prompt-approve']);
    await guest.at('prompt-withdraw').press('Enter'); await guest.at('withdraw-cancel').press('Enter');
    assert.equal(await focused(guest), 'prompt-withdraw', 'the dialog gives the focus back');

    service.lies.take = nobody;
    await guest.approve('audio');
    await Promise.all([host, guest].map((who) => who.at('alarm').waitFor()));
    await check(guest, 'alarm of a take'); await check(host, 'alarm of what is to be countersigned');
    await walk(host, 'alarm of what is to be countersigned', ['stop-recording', 'remove', 'withdraw']);
    await guest.at('own-part').first().press('Enter'); await guest.state('own-part-status', 'running');
    await check(guest, 'own part, still being recorded');
    const button = await guest.at('keyfile-download').first().elementHandle();
    const [download] = await Promise.all([guest.page.waitForEvent('download'), button.press('Enter')]);
    const keyFile = join(folder, `${look.lang}.key.txt`);
    await download.saveAs(keyFile);
    await guest.page.waitForFunction((node) => !node.isConnected, button);
    assert.equal(await focused(guest), 'keyfile-download', 'saving redraws the list, and the focus stays');

    await service.ledger.rewrite(2, 0);
    service.dropSockets();
    await says(guest, 'alarm', /shorter|kürzer/);
    await guest.at('prompt').waitFor();
    await guest.at('prompt-scope-audio').check(); await guest.at('prompt-approve').click();
    await guest.page.waitForFunction(() => document.querySelector('[data-testid=prompt-error]').textContent.length > 40);
    await check(guest, 'an answer that was not taken');
    await guest.at('prompt-refuse').click(); await guest.state('approval-status', 'refused');
    await check(guest, 'alarm of the ledger');
    await guest.at('leave').click(); await guest.at('ledger-alarm').waitFor();
    await check(guest, 'left, with the alarm of the ledger');
    await guest.open(`${service.base}/withdraw`); await guest.at('ledger-alarm').waitFor();
    await guest.at('withdraw-file').setInputFiles(keyFile);
    await guest.at('own-part').press('Enter'); await guest.state('own-part-status', 'running');
    await check(guest, 'withdraw page, with the alarm of the ledger and the own part');
    await walk(guest, 'withdraw page', ['withdraw-file', 'withdraw-send', 'own-part']);
    const other = LOOKS.find(({ lang }) => lang !== look.lang).lang;
    await guest.at(`lang-${other}`).press('Enter');
    assert.equal(await guest.page.getAttribute('html', 'lang'), other, 'a screen reader changes its voice with the words');
  });

  test(`no violations where a recording is opened and one's own part is saved, in ${named(look)}`, async (t) => {
    const { service, host, guest, key, files, approvals } = await recorded(t, { browser, built, folder }, { look });
    const open = async (state) => { await host.at('recording-key-file').setInputFiles(key); await host.state('recording-status', state); };
    const again = async () => { await host.page.reload(); await host.at('recording-key-file').waitFor(); };
    const theirs = [...files.keys()][1];

    service.ownPrefix = approvals[1].id.slice(0, 16);
    files.set(theirs.replace('-f001.', '-f002.'), files.get(theirs));
    await guest.at('own-part').press('Enter'); await guest.state('own-part-status', 'some');
    await check(guest, 'own part, in two files'); await walk(guest, 'own part, in two files', ['own-part', 'own-part-file']);

    await host.open(`${service.base}/host`); await host.at('recording-item').waitFor();
    await check(host, 'a recording in the list');
    await walk(host, 'a recording in the list', ['recordings-refresh', 'recording-erase', 'recording-open', 'room-invite-copy', 'account-delete']);
    await host.at('recording-erase').press('Enter'); await check(host, 'erase a recording');
    await walk(host, 'erase a recording', ['recording-erase-cancel', 'recording-erase-confirm']);
    await host.at('recording-erase-cancel').press('Enter');
    assert.equal(await focused(host), 'recording-erase', 'the dialog gives the focus back');
    const good = service.lies.detail;
    service.lies.detail = { ...good, checkpoint: 'garbage' };
    await host.at('recording-open').press('Enter'); await host.at('recording-key-file').waitFor();
    await host.page.waitForFunction(() => document.activeElement.tagName === 'H1'); // the focus goes with the page
    assert.match(await host.page.title(), /^Minutes/);
    await check(host, 'a recording before it is opened');
    await open('unverified');
    await check(host, 'a recording that is not what it claims to be');
    await walk(host, 'a recording that is not what it claims to be', ['recording-back', 'recording-key-file', 'recording-unverified', 'bundle-download']);
    await host.at('recording-unverified').press('Enter'); await host.state('recording-status', 'open');
    assert.equal(await focused(host), 'recording-opened', 'the button is gone, the focus goes to what it opened');

    service.lies.detail = good;
    await again(); await open('open');
    await check(host, 'an opened recording');
    await walk(host, 'an opened recording', ['recording-back', 'player-play', 'player-seek', 'track-download', 'bundle-download']);
    assert.equal(await host.at('player-time').getAttribute('aria-live'), 'off', 'the clock does not speak');
    await host.at('player-play').press('Enter'); await host.state('player-play', 'playing');
    await host.at('player-seek').press('End'); await host.state('player-play', 'paused');
    damage(files, theirs);
    await again(); await open('failed');
    await check(host, 'a damaged recording');
    await walk(host, 'a damaged recording', ['player-play', 'player-seek', 'track-download']);
  });
}

test('the prompt keeps the focus, cannot be escaped, and gives the focus back', async (t) => {
  const service = await MockService.start(built);
  const host = await person(browser);
  t.after(async () => { service.stop(); await host.context.close(); });
  await host.register(service.base);
  await host.join(await host.createRoom('Room', join(folder, 'k')), 'Miriam');
  await host.ask('Minutes');
  const inside = () => host.page.evaluate(() => document.querySelector('[data-testid=prompt]').contains(document.activeElement));
  assert.ok(await inside());
  for (let i = 0; i < 2; i++) { await host.page.keyboard.press('Escape'); await host.page.waitForTimeout(50); }
  assert.ok(await host.at('prompt').isVisible(), 'Escape is no answer');
  await host.page.mouse.move(0, 0); // it rests where the request was sent, which may be one of the answers
  const boxes = await Promise.all(['prompt-approve', 'prompt-refuse'].map((id) => host.at(id).boundingBox()));
  assert.deepEqual(boxes.map(({ width, height, y }) => [width, height, y].map(Math.round)).reduce((a, b) => (String(a) === String(b) ? a : null)) !== null, true, 'both answers are of the same size');
  const styles = await Promise.all(['prompt-approve', 'prompt-refuse'].map((id) => host.at(id).evaluate((node) => { const s = getComputedStyle(node); return [s.color, s.backgroundColor, s.borderColor, s.fontWeight].join(); })));
  assert.equal(styles[0], styles[1], 'and of the same looks');
});
