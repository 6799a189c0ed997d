// One person in two places: a tab that was duplicated, and other reasons for which a page in the meeting is not let in again.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { duplicate, launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
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
