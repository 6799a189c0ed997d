// Every lie of the service that the pages in Chromium must notice: about a take, an approval, a proof, the roster, the room.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch } from './browser.mjs';
import { met } from './met.mjs';

const { openStatement, signStatement } = await load('web/src/core/dsse.ts');
const { parseKeyFile, parseRoomKey } = await load('web/src/core/identity.ts');
const { signerFromSeed } = await load('web/src/core/ed25519.ts');
const folder = mkdtempSync(join(tmpdir(), 'unavoce-lies-'));
const built = await pages();
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const meeting = (t, options) => met(t, { browser, built, folder }, options);

const LIES = {
  'a take without my approval': { take: (take) => ({ ...take, approvals: take.approvals.slice(0, 1).map((id) => id.replace(/^./, (c) => (c === '0' ? '1' : '0'))) }) },
  'a take of another recording': { take: (take) => ({ ...take, recording: 'f'.repeat(32) }) },
  'a gate that opens without a take': { openWithoutTake: true },
  'an acknowledgement whose proof does not hold': { proof: (proof) => proof.replace(/index (\d+)/, (_, n) => `index ${Number(n) + 1}`) },
};
for (const [what, lies] of Object.entries(LIES)) test(`the alarm is raised at ${what}`, async (t) => {
  const { service, host, guest } = await meeting(t, { lies });
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.at('alarm').waitFor();
  assert.ok((await guest.at('alarm').textContent()).length > 30);
  if (lies.proof) assert.doesNotMatch(await guest.at('approval-status').textContent(), /proof/, 'no proof is spoken of beside the alarm');
  if (lies.take) {
    await host.at('alarm').waitFor();
    assert.equal(service.countersigned.length, 0, 'the host does not countersign');
    assert.equal(await guest.at('publish-state').isVisible(), false, 'nothing is sent any more');
  }
});

// The service waits for the countersignature and then goes on without it: the sign is red, and nothing was signed.
test('the host countersigns nothing while an approval is unchecked, and everybody is warned for as long as that is recorded', async (t) => {
  let release;
  const { service, host, guest } = await meeting(t, { lies: { hold: new Promise((resolve) => { release = resolve; }) } });
  t.after(() => release());
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  assert.equal(service.countersigned.length, 0);
  assert.equal(await guest.at('countersigned').getAttribute('data-state'), 'no');
  for (const [who, advice] of [[guest, /Ask the host aloud.*compare the code.*take your approval back/], [host, /Compare the code aloud.*end the recording/]]) {
    await who.at('not-countersigned').waitFor();
    assert.equal(await who.at('not-countersigned').getAttribute('role'), 'alert', 'it is also spoken');
    assert.match(await who.at('not-countersigned').textContent(), advice);
  }
  await host.at('stop-recording').click();
  for (const who of [guest, host]) await who.at('not-countersigned').waitFor({ state: 'hidden' });
});

const spelled = (envelope) => Buffer.from(envelope).toString('base64');
/** The same approval, signed by a key of the service: as if the participant were the service itself. */
async function forged(service, entry) {
  const { body } = await openStatement('approval', Buffer.from(entry.envelope, 'base64').toString());
  const { envelope, id } = await signStatement('approval', { ...body, key: service.signer.publicKey }, service.signer);
  return { ...(await service.ledger.append(body.recording, 'approval', envelope, id)), id };
}
const FORGERIES = {
  'somebody on the roster whose approval is nowhere': (service) => ({
    roster: (roster) => [...roster, { participant: 'e'.repeat(32), name: 'Eve', role: 'participant', answer: 'approved', approval: 'e'.repeat(64) }],
    take: (take) => ({ ...take, approvals: [...take.approvals, 'e'.repeat(64)].sort() }),
  }),
  'somebody on the roster without approval': () => ({
    roster: (roster) => [...roster, { participant: 'e'.repeat(32), name: 'Eve', role: 'participant', answer: 'none', approval: null }],
  }),
  'an approval left out': () => ({ take: (take) => ({ ...take, approvals: take.approvals.slice(1) }) }),
  'an approval whose signature is by another key': (service) => ({
    entries: (entries) => entries.map((entry) => {
      if (entry.kind !== 'approval') return entry;
      const envelope = JSON.parse(Buffer.from(entry.envelope, 'base64'));
      envelope.signatures[0].keyid = service.signer.publicKey;
      return { ...entry, envelope: spelled(JSON.stringify(envelope)) };
    }),
  }),
  'an approval that is not in the ledger': () => ({ entries: (entries) => entries.map((entry) => ({ ...entry, r: Buffer.alloc(32, 7).toString('base64') })) }),
};
for (const [what, lies] of Object.entries(FORGERIES)) test(`the host does not countersign a take with ${what}`, async (t) => {
  const { service, host, guest } = await meeting(t);
  Object.assign(service.lies, lies(service));
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await host.at('alarm').waitFor();
  assert.match(await host.at('alarm').textContent(), /list of approvals/);
  assert.equal(service.countersigned.length, 0);
});

test('the host does not countersign an approval in their own name that another key made', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio');
  const made = await forged(service, service.ledger.entries.find(({ kind }) => kind === 'approval'));
  const own = service.posted.find(({ kind }) => kind === 'approval');
  const { id } = await openStatement('approval', own.envelope);
  const instead = (approval) => (approval === id ? made.id : approval);
  Object.assign(service.lies, { take: (take) => ({ ...take, approvals: take.approvals.map(instead).sort() }), roster: (roster) => roster.map((person) => ({ ...person, approval: instead(person.approval) })) });
  await guest.approve('audio');
  await host.at('alarm').waitFor();
  assert.equal(service.countersigned.length, 0);
});

/** A meeting whose host has the room key loaded and has approved a request. */
async function checked(t) {
  const all = await meeting(t);
  const { host, key } = all;
  await host.page.locator('summary', { hasText: 'Check that you will' }).click();
  await host.at('host-room-key-file').setInputFiles(key);
  await host.ask('Minutes'); await host.approve('audio');
  await host.state('host-key-check', 'opens');
  return all;
}
/** Nothing was signed, and nobody is accused. */
async function letGo({ service, host }) {
  assert.equal(service.countersigned.length, 0);
  assert.equal(await host.at('alarm').isVisible(), false);
  assert.notEqual(await host.at('host-key-check').getAttribute('data-state'), 'failed');
}

for (const [what, lies] of Object.entries({
  'a wrapped key': { refusesKey: () => 503 },
  'the second half of a wrapped key': { refusesKey: () => 200 },
  'what people signed': { refusesRecording: 503 },
})) test(`that ${what} cannot be read just now is no lie: the host signs nothing and accuses nobody, and signs the next take`, async (t) => {
  const all = await checked(t);
  const { service, host, guest } = all;
  Object.assign(service.lies, lies);
  await guest.approve('audio');
  await host.state('recording-sign', 'recording'); // by then the service has stopped waiting for a signature
  await letGo(all);
  for (const name of Object.keys(lies)) delete service.lies[name];
  await guest.at('change-scope').click(); await guest.at('change-scope-video').check(); await guest.at('change-submit').click();
  await guest.state('countersigned', 'yes');
  assert.equal(await host.at('alarm').isVisible(), false);
});

/** The guest approves, and the host's page waits for the key; `refuse` has it hear that it is gone, and resolves when it has looked again. */
async function waiting(t) {
  const all = await checked(t);
  const { service, host, guest } = all;
  let refuse;
  service.lies.refusesKey = () => new Promise((resolve) => { refuse = resolve; });
  await guest.approve('audio');
  await host.state('recording-sign', 'recording');
  const path = await guest.save('keyfile-download', join(folder, `${Math.random()}`));
  const { recording, withdrawal } = parseKeyFile(readFileSync(path, 'utf8'));
  const { id } = await openStatement('withdrawal', withdrawal);
  return { ...all, withdraw: () => service.ledger.append(recording, 'withdrawal', withdrawal, id), refuse: () => refuse(410) };
}
const looksAgain = ({ page }) => page.waitForResponse((response) => /\/recordings\/[0-9a-f]{32}$/.test(response.url()));

test('a key that is gone because its approval was taken back meanwhile is no lie: the host signs nothing and accuses nobody', async (t) => {
  const all = await waiting(t);
  await all.withdraw();
  const looked = looksAgain(all.host);
  all.refuse();
  await looked;
  await all.host.page.waitForTimeout(500);
  await letGo(all);
});

test('nor is it while the withdrawal is in effect, but not yet written', async (t) => {
  const all = await waiting(t);
  const { service, host, guest } = all;
  service.lies.entries = (entries) => entries.filter(({ kind }) => kind !== 'withdrawal');
  await guest.at('withdraw').first().click(); await guest.at('withdraw-confirm').click();
  await host.state('recording-sign', 'paused');
  all.refuse();
  await host.page.waitForTimeout(4_000);
  await letGo(all);
});

for (const [what, show] of Object.entries({
  'no withdrawal': async () => {},
  'a withdrawal that is not in the ledger': async ({ service, withdraw }) => {
    await withdraw();
    service.lies.entries = (entries) => entries.map((entry) => (entry.kind === 'withdrawal' ? { ...entry, r: Buffer.alloc(32, 7).toString('base64') } : entry));
  },
})) test(`a key that is said to be gone, with ${what} to show for it, raises the alarm`, async (t) => {
  const all = await waiting(t);
  await show(all);
  all.refuse();
  await all.host.at('alarm').waitFor();
  assert.match(await all.host.at('alarm').textContent(), /list of approvals/);
  await all.host.state('host-key-check', 'failed');
  assert.equal(all.service.countersigned.length, 0);
});

/** The room's next statement, signed with the key in the file. */
async function nextRoom(service, key, change = {}) {
  const known = await openStatement('room', Buffer.from(service.ledger.entries.findLast(({ kind }) => kind === 'room').envelope, 'base64').toString());
  const signer = change.signer ?? await signerFromSeed(parseRoomKey(readFileSync(key, 'utf8')).seed);
  const body = { ...known.body, version: known.body.version + 1, previous: known.id, title: 'Choir board, new', signing_key: signer.publicKey, ...change.body };
  return (await signStatement('room', body, signer)).envelope;
}

test('a new version of the room is taken over: the recording ends, and the next request is asked and recorded without a reload', async (t) => {
  const { service, host, guest, key } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  await service.changeRoom(await nextRoom(service, key));
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'off')));
  await host.ask('Minutes again'); await host.approve('audio'); await guest.approve('audio');
  await Promise.all([host, guest].map((who) => who.state('recording-sign', 'recording')));
  assert.equal(await host.at('alarm').isVisible() || await guest.at('alarm').isVisible(), false);
  assert.equal(service.countersigned.length, 2);
});

const WRONG_ROOMS = {
  'signed by another key': async (service) => ({ signer: service.signer }),
  'that skips a version': async () => ({ body: { version: 3 } }),
  'that continues another': async () => ({ body: { previous: 'f'.repeat(64) } }),
};
for (const [what, change] of Object.entries(WRONG_ROOMS)) test(`a new version of the room ${what} raises the alarm and changes nothing`, async (t) => {
  const { service, host, guest, key } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  service.tell({ type: 'room_changed', envelope: await nextRoom(service, key, await change(service)) });
  await Promise.all([host, guest].map((who) => who.at('alarm').waitFor()));
  assert.match(await guest.at('alarm').textContent(), /what this room says about itself/);
  assert.equal(await guest.at('publish-state').isVisible(), false, 'nothing is sent any more');
});

const WRONG_WELCOMES = {
  'signed by another key': async (service) => ({ signer: service.signer }),
  'of the same version that says something else': async () => ({ body: { version: 1, previous: null, title: 'Another' } }),
};
for (const [what, change] of Object.entries(WRONG_WELCOMES)) test(`who comes back and is welcomed with a room ${what} is alarmed, and sends nothing any more`, async (t) => {
  const { service, host, guest, key } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  const envelope = await nextRoom(service, key, await change(service));
  service.lies.room = (room) => ({ ...room, envelope });
  service.dropSockets('Jonas');
  await guest.at('alarm').waitFor();
  assert.match(await guest.at('alarm').textContent(), /what this room says about itself/);
  assert.equal(await guest.at('publish-state').isVisible(), false, 'nothing is sent any more');
});
