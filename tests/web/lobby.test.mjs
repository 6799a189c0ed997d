// A room that asks before people enter: what is seen from outside and from inside.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { keepsConfigurations, launch, person, relay } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-lobby-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

/** A recording runs in a room with a lobby, and Lena comes. */
async function knocking(t, { ice = [], prepare = () => {} } = {}) {
  const service = await MockService.start(built);
  const [host, lena] = [await person(browser), await person(browser)];
  t.after(async () => { service.stop(); await host.context.close(); await lena.context.close(); });
  service.ice = ice;
  await prepare(lena);
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, `${Math.random()}.key`), { lobby: true });
  await host.join(link, 'Miriam');
  await host.ask('Minutes'); await host.approve('audio');
  await host.state('recording-sign', 'recording');
  await lena.knock(link, 'Lena');
  await lena.at('prompt').waitFor();
  return { service, host, lena };
}

test('whoever comes into a recording answers before they enter; the others see no pause', async (t) => {
  const { host, lena } = await knocking(t);
  assert.match(await lena.at('prompt').textContent(), /before entering/);
  assert.equal(await lena.at('tile').count(), 0, 'nobody is seen from outside');
  await host.page.waitForFunction(() => document.querySelector('[data-testid=door-waiting]').textContent.includes('Lena'));
  assert.equal(await host.at('recording-sign').getAttribute('data-state'), 'recording');
  await lena.at('prompt-scope-audio').check();
  await lena.at('prompt-approve').click();
  await lena.at('meeting').waitFor();
  await Promise.all([host, lena].map((who) => who.state('recording-sign', 'recording')));
  await lena.page.waitForFunction(() => document.querySelectorAll('[data-testid=tile]').length === 2);
  assert.deepEqual([host, lena].flatMap(({ complaints }) => complaints).filter((line) => !line.includes('503')), [], 'but that the double takes no media');
});

test('whoever refuses waits outside, may answer again, and enters when the recording is over', async (t) => {
  const { service, host, lena } = await knocking(t);
  await lena.at('prompt-refuse').click();
  await lena.state('door-status', 'door_refused');
  assert.equal(await host.at('recording-sign').getAttribute('data-state'), 'recording');
  await lena.at('door-answer').click();
  await lena.at('prompt').waitFor();
  await lena.at('prompt-refuse').click();
  service.end('stopped');
  await lena.at('meeting').waitFor();
});

test('waiting can be given up', async (t) => {
  const { host, lena } = await knocking(t);
  await lena.at('prompt-refuse').click();
  await lena.at('door-leave').click();
  await lena.at('left').waitFor();
  await host.at('door-waiting').waitFor({ state: 'hidden' });
  assert.equal(await host.at('recording-sign').getAttribute('data-state'), 'recording');
});

test('a page that was inside shows the door again when it comes back there, and enters by itself with the approval it has', async (t) => {
  const { service, host, lena } = await knocking(t);
  await lena.at('prompt-scope-audio').check();
  await lena.at('prompt-approve').click();
  await lena.at('meeting').waitFor();
  await host.state('recording-sign', 'recording');
  service.lies.confirmsNobody = true;
  await service.leaves('Lena');
  await lena.at('door').waitFor();
  await lena.at('prompt').waitFor();
  assert.equal(await lena.at('prompt').count(), 1);
  assert.equal(await lena.at('recording-sign').count(), 0, 'no sign of what one cannot see');
  await lena.at('prompt-refuse').click();
  await lena.state('door-status', 'door_refused');
  assert.equal(await lena.page.locator('dialog').count(), 0);
});

test('whoever enters is told of the relays then, and uses them', async (t) => {
  const { lena } = await knocking(t, { ice: [relay], prepare: keepsConfigurations });
  assert.deepEqual(await lena.page.evaluate(() => window.configurations), [], 'outside there is nothing to connect to');
  await lena.at('prompt-scope-audio').check();
  await lena.at('prompt-approve').click();
  await lena.at('meeting').waitFor();
  await lena.page.waitForFunction(() => window.configurations.some(({ bundlePolicy }) => bundlePolicy !== 'max-bundle')); // not WHIP: the mesh
  const mesh = await lena.page.evaluate(() => window.configurations.filter(({ bundlePolicy }) => bundlePolicy !== 'max-bundle'));
  for (const { iceServers } of mesh) assert.deepEqual(iceServers, [relay]);
});

test('a host removes somebody who waits in front of the door', async (t) => {
  const { host, lena } = await knocking(t);
  await host.at('door-waiting').getByTestId('remove').click();
  await host.at('remove-confirm').click();
  await lena.at('left').waitFor();
  assert.equal(await lena.page.locator('dialog').count(), 0);
});
