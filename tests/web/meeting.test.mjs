// The pages in Chromium against the test double: a meeting, the prompt, the answers. What the service lies about: lies.test.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { until } from '../e2e/command.mjs';
import { keepsConfigurations, launch, person, relay } from './browser.mjs';
import { met, statements } from './met.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const { openText } = await load('web/src/core/age.ts');
const { parseRoomKey, parseKeyFile } = await load('web/src/core/identity.ts');
const { parseWrapped } = await load('web/src/core/wrapped.ts');
const { fromBase64 } = await load('web/src/core/bytes.ts');
const folder = mkdtempSync(join(tmpdir(), 'unavoce-meeting-'));
const built = await pages();
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const meeting = (t, options) => met(t, { browser, built, folder }, options);
const plays = (who, others) => who.page.waitForFunction((n) => [...document.querySelectorAll('[data-testid=tile]')].filter((tile) => tile.dataset.self !== 'true'
  && tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 2 && !tile.querySelector('video').classList.contains('visually-hidden')).length === n, others);

test('three people see and hear each other, whatever the order in which they came', async (t) => {
  const { host, guests } = await meeting(t, { guests: ['Jonas', 'Ada'] });
  await Promise.all([host, ...guests].map((who) => plays(who, 2)));
  for (const who of [host, ...guests]) {
    const muted = await who.page.evaluate(() => [...document.querySelectorAll('[data-testid=tile]')].map((tile) => [tile.dataset.self, tile.querySelector('video').muted]));
    assert.deepEqual(muted.filter(([self]) => self === 'true'), [['true', true]], 'nobody hears themselves');
  }
  await guests[0].at('camera').click();
  await host.page.waitForFunction(() => document.querySelector('[data-testid=tile][data-name=Jonas] video').classList.contains('visually-hidden'));
  await guests[1].at('leave').click();
  await plays(guests[0], 1);
  await guests[1].at('left').waitFor();
  assert.deepEqual([host, ...guests].flatMap(({ complaints }) => complaints), []);
});

test('every connection of a page knows the relays and what lets it in there: to the others, and to the service', async (t) => {
  const { host, guest } = await meeting(t, { ice: [relay], prepare: keepsConfigurations });
  await Promise.all([plays(host, 1), plays(guest, 1)]);
  await host.ask('Minutes'); await host.approve('audio');
  await host.page.waitForFunction(() => window.configurations.some(({ bundlePolicy }) => bundlePolicy === 'max-bundle')); // WHIP
  for (const who of [host, guest]) {
    const given = await who.page.evaluate(() => window.configurations.map(({ iceServers }) => iceServers));
    assert.ok(given.length > 0);
    for (const servers of given) assert.deepEqual(servers, [relay]);
  }
});

test('a page that is reloaded comes back to its place and is seen again', async (t) => {
  const { host, guest, link } = await meeting(t);
  await plays(host, 1);
  const before = await guest.at('meeting').getAttribute('data-participant');
  await guest.page.reload();
  await guest.page.waitForSelector('html[data-ready="true"]');
  assert.equal(await guest.at('join-name').inputValue(), 'Jonas');
  await guest.at('join-submit').click();
  await guest.at('meeting').waitFor();
  assert.equal(await guest.at('meeting').getAttribute('data-participant'), before);
  await Promise.all([plays(host, 1), plays(guest, 1)]);
  assert.ok(link);
});

test('everyone approves: W opens with the room key for exactly this person and request; all see the sign and the same code', async (t) => {
  const { service, host, guest, key } = await meeting(t);
  await host.ask('Minutes for absent members');
  await host.approve('audio', 'video');
  assert.equal(await guest.at('recording-sign').getAttribute('data-state'), 'waiting');
  await guest.at('prompt').waitFor();
  for (const kind of ['audio', 'video', 'screen', 'nothing']) assert.equal(await guest.at(`prompt-scope-${kind}`).isChecked(), false, `${kind} is not ticked beforehand`);
  await guest.at('prompt-approve').click();
  assert.notEqual(await guest.at('prompt-error').textContent(), '');
  assert.equal((await statements(service, 'approval')).length, 1, 'no approval without a choice');
  await guest.approve('audio');
  await Promise.all([host.state('recording-sign', 'recording'), guest.state('recording-sign', 'recording')]);
  assert.match(await guest.page.title(), /RECORDING/);
  assert.equal(await host.at('short-code').textContent(), await guest.at('short-code').textContent());
  assert.match(await guest.at('short-code-hint').textContent(), /same on every page/, 'beside it, not only for a mouse');
  assert.equal(service.countersigned.length, 1);
  assert.equal(await host.at('alarm').isVisible() || await guest.at('alarm').isVisible(), false);

  const { identity } = parseRoomKey(readFileSync(key, 'utf8'));
  const [request] = await statements(service, 'request');
  const approvals = await statements(service, 'approval');
  assert.deepEqual(approvals.map(({ body }) => body.scope), [['audio', 'video'], ['audio']]);
  for (const { body, wrapped } of approvals) {
    const inside = parseWrapped(await openText(identity, fromBase64(wrapped)));
    assert.equal(inside.request, request.id);
    assert.equal(inside.participant, body.key);
  }
  assert.notEqual(approvals[0].body.key, approvals[1].body.key);
});

test('nothing of me is a valid approval, without any key', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('nothing');
  await guest.state('recording-sign', 'recording');
  const { body, wrapped } = (await statements(service, 'approval')).at(-1);
  assert.deepEqual([body.scope, body.consent_recipient, body.wrapped_sha256, wrapped], [[], null, null, null]);
  assert.equal(await guest.at('publish-state').isVisible(), false);
});

test('a refusal keeps it closed, tells the host that it was somebody, and can be changed', async (t) => {
  const { host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio');
  await guest.at('prompt-refuse').click();
  await guest.state('approval-status', 'refused');
  await host.at('host-note').waitFor();
  assert.equal(await host.at('gate-state').getAttribute('data-state'), 'closed');
  assert.equal((await host.at('host-note').textContent()).includes('Jonas'), false);
  await guest.at('prompt-again').click();
  await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
});

test('a host who asked but has not approved is told that this keeps it closed', async (t) => {
  const { host, guest } = await meeting(t);
  await host.ask('Minutes'); await guest.approve('audio');
  await host.page.waitForFunction(() => document.querySelector('[data-testid=gate-state]').dataset.state === 'closed' && !document.querySelector('[data-testid=host-note]').hidden);
});

// The answer to an offer may take longer than the approval lasts.
test('an offer answered only after the withdrawal is not spoken of any more', async (t) => {
  let answer;
  const { service, host, guest } = await meeting(t, { lies: { holdMedia: new Promise((resolve) => { answer = resolve; }) } });
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('publish-state', 'connecting');
  while (service.offered < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  const answered = guest.page.waitForResponse((response) => response.url().includes('/whip/'));
  answer();
  await (await answered).finished();
  await guest.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  assert.equal(await guest.at('publish-state').getAttribute('data-state'), 'off');
});

test('withdrawing takes one confirmation, pauses the recording for all, and is acknowledged', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio', 'video');
  await guest.state('recording-sign', 'recording');
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  await Promise.all([host.state('recording-sign', 'paused'), guest.state('approval-status', 'withdrawn')]);
  const [{ body }] = await statements(service, 'withdrawal');
  assert.deepEqual([body.kinds, body.advance], [['audio', 'video', 'screen', 'chat'], false]);
});

test('receipt and key file survive a reload; the key file takes the approval back on another device', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.page.reload();
  const receipt = JSON.parse(readFileSync(await guest.save('receipt-download', join(folder, 'receipt.json')), 'utf8'));
  assert.deepEqual(Object.keys(receipt), ['type', 'room', 'request', 'approval', 'entry', 'r', 'proof']);
  const path = await guest.save('keyfile-download', join(folder, 'mine.unavoce-key.txt'));
  const file = parseKeyFile(readFileSync(path, 'utf8'));
  assert.equal(file.approval, (await openStatement('approval', Buffer.from(receipt.approval, 'base64').toString())).id);

  const elsewhere = await person(browser);
  await elsewhere.open(`${service.base}/withdraw`);
  await elsewhere.at('withdraw-file').setInputFiles(path);
  await elsewhere.at('withdraw-send').click();
  await elsewhere.state('withdraw-status', 'done');
  assert.equal((await statements(service, 'withdrawal'))[0].envelope, file.withdrawal);
  await elsewhere.context.close();
  await guest.page.reload();
  await guest.at('join-name').waitFor();
  assert.equal(await guest.at('receipt-download').count(), 0, 'what was saved is not kept');
});

test('the host checks with the room key that every approval will open, before anything is recorded', async (t) => {
  const { service, host, guest, key } = await meeting(t);
  await host.page.locator('summary', { hasText: 'Check that you will' }).click();
  await host.at('host-room-key-file').setInputFiles(key);
  await host.state('host-key-check', 'loaded');
  await host.ask('Minutes');
  await host.approve('audio');
  await host.state('host-key-check', 'opens');
  const add = service.keys.set.bind(service.keys);
  service.keys.set = (id, bytes) => add(id, bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)));
  await guest.approve('audio');
  await host.state('host-key-check', 'failed');
  await host.state('recording-sign', 'recording'); // by then the service has stopped waiting for a signature
  assert.equal(service.countersigned.length, 0);
});

/** Counts the peer connections that a page makes from now on. */
const countConnections = ({ page }) => page.addInitScript(() => {
  window.connections = 0;
  window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...args) { super(...args); window.connections++; } };
});
const connections = ({ page }) => page.evaluate(() => window.connections);

test('beside a conference elsewhere the room connects nobody, leads there, and still asks and records', async (t) => {
  const url = 'https://meet.example.org/choir';
  const { service, host, guest, link } = await meeting(t, { room: { conference: url }, prepare: countConnections });
  const late = await person(browser);
  await late.open(link);
  assert.ok((await late.page.locator('main').textContent()).includes(url), 'known before one joins');
  await late.context.close();
  for (const who of [host, guest]) {
    assert.ok((await who.at('companion').textContent()).length > 60);
    const way = who.at('companion').locator('a');
    assert.deepEqual([await way.getAttribute('href'), await way.getAttribute('target'), await way.getAttribute('rel')], [url, '_blank', 'noopener noreferrer']);
  }
  await host.ask('Minutes');
  await guest.at('prompt').waitFor();
  assert.deepEqual([await connections(host), await connections(guest)], [0, 0], 'no picture goes from browser to browser');
  await host.approve('nothing'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  assert.equal(await connections(host), 0);
  assert.ok(await connections(guest) > 0, 'what was approved is sent from here');
  const [room] = service.ledger.entries.filter(({ kind }) => kind === 'room');
  assert.equal((await openStatement('room', Buffer.from(room.envelope, 'base64').toString())).body.conference, url);
});

test('a room comes to exist only after its key was saved', async (t) => {
  const service = await MockService.start(built);
  const host = await person(browser);
  t.after(async () => { service.stop(); await host.context.close(); });
  await host.register(service.base);
  await host.at('room-new').click(); await host.at('room-title').fill('Room'); await host.at('room-holder').fill('Miriam'); await host.at('room-create').click();
  await host.at('room-key-download').waitFor();
  assert.ok(await host.at('room-key-confirm').isDisabled());
  assert.equal(service.roomCount, 0);
  await host.save('room-key-download', join(folder, 'first.key'));
  assert.equal(service.roomCount, 0, 'saving alone makes no room');
  await host.at('room-key-confirm').click(); await host.at('room-card').waitFor();
  assert.equal(service.roomCount, 1);
});

test('the account is deleted with its password, after being told what is lost', async (t) => {
  const service = await MockService.start(built);
  const host = await person(browser);
  t.after(async () => { service.stop(); await host.context.close(); });
  await host.register(service.base);
  await host.createRoom('Room', join(folder, 'lost.key'));
  await host.at('account-delete').click();
  await host.at('account-delete-confirm').click();
  assert.equal(service.roomCount, 1, 'not without a password');
  await host.at('account-delete-password').fill('wrong password'); await host.at('account-delete-confirm').click();
  await host.page.waitForFunction(() => document.querySelector('[data-testid=account-delete-error]').textContent !== '');
  assert.equal(service.roomCount, 1, 'not with another password');
  await host.at('account-delete-password').fill('correct horse battery'); await host.at('account-delete-confirm').click();
  await host.page.waitForURL(`${service.base}/`); await host.at('login-user').waitFor();
  assert.equal(service.roomCount, 0);
});

test('the socket comes back by itself with its place', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  service.dropSockets();
  await guest.page.waitForFunction(() => document.querySelectorAll('[data-testid=tile]').length === 2 && document.querySelector('[data-testid=notice]').textContent.includes('still holds'));
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  assert.deepEqual([(await statements(service, 'approval')).length, await guest.at('prompt').count()], [2, 0], 'nobody is asked again');
});

test('a service that was away for several attempts and knows no token any more is joined anew at once, and the recording goes on', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  const seat = await guest.at('meeting').getAttribute('data-participant');
  const [connected, joined] = [service.connected, service.joined];
  Object.assign(service.lies, { away: true, refuses: { name: 'Jonas', codes: ['cannot_resume'] } });
  service.dropSockets('Jonas');
  await until('a second attempt', () => service.connected >= connected + 2, { every_ms: 10 });
  service.lies.away = false;
  await until('a join with the old token, and one anew', () => service.joined >= joined + 2);
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=notice]').textContent.includes('still holds'));
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  assert.equal(await guest.at('meeting').getAttribute('data-participant'), seat);
  assert.deepEqual([(await statements(service, 'approval')).length, await guest.at('prompt').count()], [2, 0], 'nobody is asked again');
});

test('a connection that is lost again before the confirmation is answered is no dead end', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  service.lies.losesConfirmations = 2;
  service.dropSockets();
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  await guest.state('approval-status', 'approved');
  assert.equal((await statements(service, 'approval')).length, 2, 'nobody is asked again');
});

test('a service that does not take the confirmation asks again', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  service.lies.confirmsNobody = true;
  service.dropSockets();
  await guest.at('prompt').waitFor();
  await guest.state('approval-status', 'asked');
  assert.match(await guest.at('notice').textContent(), /answer once more/);
});

test('a problem about something else, while a confirmation is on its way, is no answer to it', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  service.lies.beforeConfirming = { type: 'problem', problem: { code: 'rate_limited', status: 429, detail: 'too much at once' } };
  service.dropSockets();
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=notice]').textContent.includes('Too many attempts'));
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  await guest.state('approval-status', 'approved');
  assert.deepEqual([(await statements(service, 'approval')).length, await guest.at('prompt').count()], [2, 0], 'nobody is asked again');
});

test('the privacy notice is accepted once; its cookie is the only one', async (t) => {
  const { guest, link } = await meeting(t);
  const cookies = await guest.context.cookies();
  assert.deepEqual(cookies.map(({ name, value }) => `${name}=${value}`), ['unavoce_privacy=1']);
  assert.ok(Math.abs(cookies[0].expires - Date.now() / 1000 - 365 * 86400) < 60);
  await guest.page.goto('about:blank');
  await guest.open(link);
  assert.equal(await guest.at('join-privacy').count(), 0);
});

test('a link without or with another fingerprint stops everything', async (t) => {
  const { service, guest, link } = await meeting(t);
  const other = await person(browser);
  for (const wrong of [link.split('#')[0], `${link.slice(0, -2)}${link.at(-2) === 'A' ? 'B' : 'A'}${link.at(-1)}`]) {
    await other.page.goto('about:blank');
    await other.open(wrong);
    await other.at('fingerprint-error').waitFor();
    assert.equal(await other.at('join-submit').count(), 0);
  }
  await other.context.close();
  assert.ok(service && guest);
});

test('a link to a room that is not there says what to do', async (t) => {
  const { link } = await meeting(t);
  const other = await person(browser);
  t.after(() => other.context.close());
  await other.open(link.replace(/[0-9a-f]{32}/, 'f'.repeat(32)));
  assert.match(await other.at('page-error').textContent(), /Ask the host for the link again/);
});

test('a take that the host has checked is countersigned, and people are told so', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  assert.equal(service.countersigned.length, 1);
  for (const who of [host, guest]) {
    assert.equal(await who.at('countersigned').getAttribute('data-state'), 'yes');
    assert.equal(await who.at('not-countersigned').isVisible(), false, 'nobody is warned');
  }
});

test('a host reads whose media does not reach the recorder, for as long as it does not', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await host.state('recording-sign', 'recording');
  assert.equal(await host.at('media-lost').count(), 0);
  service.lies.roster = (roster) => roster.map((entry) => ({ ...entry, media_lost: entry.name === 'Jonas' }));
  service.tellRoster();
  await host.at('media-lost').waitFor();
  assert.match(await host.at('media-lost').textContent(), /Jonas/);
  service.lies.roster = undefined;
  service.tellRoster();
  await host.at('media-lost').waitFor({ state: 'detached' });
});

test('what the recorder misses of oneself is sent anew, once for each loss, and nothing for what others lose', async (t) => {
  const { service, host, guest } = await meeting(t, { lies: { holdMedia: new Promise(() => {}) } }); // no offer fails: only a loss leads to another
  await host.ask('Minutes'); await host.approve('nothing'); await guest.approve('audio');
  const offers = async (count) => { while (service.offered < count) await new Promise((resolve) => setTimeout(resolve, 20)); };
  const loses = (name, kind) => {
    service.lies.roster = (roster) => roster.map((entry) => (entry.name === name ? { ...entry, media_lost: true, lost_kinds: [kind] } : entry));
    service.tellRoster();
  };
  await guest.state('recording-sign', 'recording');
  await offers(1);
  loses('Miriam', 'camera'); loses('Jonas', 'screen');
  await guest.page.waitForTimeout(700); // it would begin anew after half a second
  assert.equal(service.offered, 1, 'that is nothing this page sends');
  loses('Jonas', 'camera');
  await offers(2);
  service.tellRoster();
  await guest.page.waitForTimeout(1_900); // the next one would take a second and a half
  assert.equal(service.offered, 2, 'told again of the same loss');
  service.lies.roster = undefined;
  service.tellRoster();
  loses('Jonas', 'camera');
  await offers(3);
});
