// axe-core on every page, every dialog and every state of the meeting, in both languages, light and dark, wide and narrow: no violations.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { axePath, launch, person } from './browser.mjs';

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

for (const look of [{ lang: 'en', dark: false, width: 1280, height: 860 }, { lang: 'de', dark: true, width: 390, height: 844 }]) {
  test(`no violations in ${look.lang}, ${look.dark ? 'dark, narrow' : 'light, wide'}`, async (t) => {
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
    await guest.at('withdraw-confirm').click(); await guest.state('withdraw-result', 'done'); await check(guest, 'withdraw dialog, done'); await guest.page.keyboard.press('Escape');
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
