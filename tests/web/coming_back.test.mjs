// Coming back after a lost connection, perhaps to a service that died: a page that stayed open confirms what its person approved, but never
// before what they took back of it since. In a browser, against the test double; and the page's part that answers alone, with a network of the test's.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { until } from '../e2e/command.mjs';
import { launch } from './browser.mjs';
import { memoryDatabase, memoryStorage } from './memory_db.mjs';
import { met } from './met.mjs';

globalThis.indexedDB = memoryDatabase();
globalThis.sessionStorage = memoryStorage();
Object.defineProperty(globalThis, 'localStorage', { value: memoryStorage(), configurable: true, writable: true });
globalThis.navigator ??= { language: 'en', languages: ['en'] };
const { Answering } = await load('web/src/room/answering.ts');
const { initialState } = await load('web/src/room/meeting.ts');
const { Store } = await load('web/src/room/state.ts');
const { makeWithdrawal } = await load('web/src/room/answers.ts');
const { approvalsOf, forgetApproval, keepApproval } = await load('web/src/store/approvals.ts');
const { isDelivered, unacknowledged } = await load('web/src/store/withdrawals.ts');
const { keepSeatKey } = await load('web/src/store/keys.ts');
const { generateKey } = await load('web/src/core/age.ts');
const { randomBytes, toBase64url } = await load('web/src/core/bytes.ts');
const { openStatement, parseEnvelope } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { writeKeyFile } = await load('web/src/core/identity.ts');
const { MockLedger } = await load('tests/web/mock/ledger.ts');

const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-coming-back-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

/** A recording of sound and picture runs; Jonas takes back the picture, and the service, whose disk is full, has that in memory alone. */
async function lessInMemoryAlone(t) {
  const { service, host, guest } = await met(t, { browser, built, folder });
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio', 'video');
  await guest.state('recording-sign', 'recording');
  service.lies.proofFollows = true;
  await guest.at('change-scope').click();
  await guest.at('change-scope-video').uncheck();
  await guest.at('change-submit').click();
  await until('the third attempt', () => service.posted.filter(({ kind }) => kind === 'withdrawal').length >= 3);
  await guest.state('recording-sign', 'paused');
  /** for each take from now on, whether what was taken back is in the ledger */
  const takes = [];
  service.lies.take = (honest) => { takes.push(service.ledger.entries.some(({ kind }) => kind === 'withdrawal')); return honest; };
  return { service, host, guest, takes };
}
const recording = (...people) => Promise.all(people.map((who) => who.state('recording-sign', 'recording')));

test('after a crash of the service no take begins before what was taken back has arrived again; then the recording goes on, and nobody is asked', async (t) => {
  const { service, host, guest, takes } = await lessInMemoryAlone(t);
  service.crash();
  await recording(host, guest);
  assert.deepEqual([...new Set(takes)], [true]);
  await guest.at('change-dialog').waitFor({ state: 'detached' });
  await guest.state('approval-status', 'approved');
  assert.equal(await guest.at('prompt').count() + await guest.at('alarm').filter({ visible: true }).count(), 0);
  assert.equal(service.posted.filter(({ kind }) => kind === 'approval').length, 2);
});

test('while the disk stays full, whoever comes back confirms nothing, reads why, and can take everything back', async (t) => {
  const { service, guest, takes } = await lessInMemoryAlone(t);
  service.dropSockets();
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=notice]').textContent.includes('sent to the service first'));
  await guest.state('approval-status', 'sending');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual(takes, []);
  assert.equal(await guest.at('change-dialog').count(), 0, 'it would hide the notice');
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('approval-status', 'withdrawn');
  service.crash();
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=proven]');
  assert.deepEqual(takes, []);
});

const ROOM = 'c'.repeat(32);
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];
let slots = 0;

/**
 * The part of a page that answers; its person approved sound and picture. `done`: what reached the service, in its order, confirmations of the
 * connection among it; `answers`: what becomes of a statement, by its status, or the word of a problem. What pauses before it tries again does so for good: only what is sent at once is sent.
 */
async function approved(t, { minimum_scope = [] } = {}) {
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = (work, ms, ...rest) => (ms >= 500 && ms < 60_000 ? 0 : real(work, ms, ...rest));
  t.after(() => { globalThis.setTimeout = real; });
  const ledger = await MockLedger.create('localhost/unavoce');
  const service = await KeyPairSigner.generate();
  const world = { done: [], holds: true, hangs: {}, answers: async () => 201 };
  globalThis.fetch = async (_, { body }) => {
    const { envelope } = JSON.parse(body);
    const [, kind] = /unavoce\.(\w+)\.v1/.exec(parseEnvelope(envelope).payloadType);
    const { id, body: said } = await openStatement(kind, envelope);
    const what = kind === 'withdrawal' && said.kinds.length < 4 ? 'less' : kind;
    const answer = await world.answers(what, said);
    const [status, code] = typeof answer === 'number' ? [answer, answer === 503 ? 'proof_follows' : 'not_permitted'] : [409, answer];
    world.done.push(status === 201 ? what : `${what} ${typeof answer === 'number' ? status : code}`);
    if (status !== 201) return { ok: false, status, json: async () => ({ code, status, detail: 'no' }) };
    const { entry, r, proof } = await ledger.append(said.recording, kind, envelope, id);
    return { ok: true, status, json: async () => ({ id, kind, entry, r, proof, publish: kind === 'approval' ? { url: '/whip/1', token: 't'.repeat(43) } : null, erased: [] }) };
  };
  const watch = {
    ledger: { origin: ledger.origin, vkey: ledger.vkey }, asking: async () => null, saw: async () => {}, mustHold: async () => {}, look: async () => {},
    latest: async () => { await world.hangs.latest; return null; }, holds: async () => { await world.hangs.holds; return world.holds; },
  };
  const room = { id: 'd'.repeat(64), envelope: '{}', body: { title: 'Choir board', ledger: watch.ledger, service_key: service.publicKey, recipients: [{ recipient: (await generateKey()).recipient, holder: 'Miriam', role: 'host' }] } };
  const request = { id: 'e'.repeat(64), envelope: '{}', body: { recording: A, scope: ['audio', 'video', 'screen'], minimum_scope, expires_ms: Date.now() + 1e6, delete_after_ms: Date.now() + 1e9 } };
  const store = new Store(initialState(room));
  const challenge = () => store.set({ challenge: toBase64url(randomBytes(32)) });
  store.set({ connection: 'connected', participant: '1'.repeat(32), request, answer: 'asked' });
  challenge();
  const signer = await KeyPairSigner.generate();
  const place = { roomId: ROOM, signer, slot: `slot ${++slots}`, name: 'Jonas', role: 'participant', ledgers: { of: () => watch } };
  await keepSeatKey(place.slot, signer);
  const answering = new Answering(place, store, { start() {}, stop() {}, restrict() {} }, ({ type, envelope }) => world.done.push(type) && (world.confirmation = envelope));
  t.after(async () => {
    world.answers = async () => 201;
    answering.connectionLost();
    await answering.cameBack(); // what hangs, or pauses for good, is sent and over
    await settled();
    for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval);
    unacknowledged().forEach(isDelivered);
  });
  await answering.cameBack(); // its first connection
  await answering.approve(['audio', 'video']);
  world.done.length = 0;
  return Object.assign(world, {
    answering, store, signer, challenge,
    state: () => [store.state.answer, store.state.scope],
    /** Takes back the picture; the service cannot write that down. `changed` comes when it could after all. */
    async less() {
      world.answers = async () => 503;
      const changed = answering.change(['audio']);
      changed.catch(() => {}); // for whoever waits for it
      await until('less was sent', () => world.done.length === 1, { every_ms: 5 });
      await settled(); // and pauses
      world.done.length = 0;
      return { changed };
    },
    back() {
      answering.connectionLost?.();
      challenge();
      return answering.cameBack();
    },
    /** Another question, as the meeting hears it. */
    asksAnew() {
      answering.askedAnew();
      store.set({ request: { ...request, id: 'f'.repeat(64), body: { ...request.body, recording: B } }, answer: 'asked', approval: null, scope: [] });
    },
  });
}
/** Long for what has no network and no disk, also on a machine that is busy. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 250));
const held = () => {
  let release;
  const hold = new Promise((resolve) => { release = resolve; });
  return { hold, release };
};

test('what stands as a whole is confirmed at once', async (t) => {
  const page = await approved(t);
  await page.back();
  assert.deepEqual([page.done, page.state()], [['confirm'], ['sending', ['audio', 'video']]]);
  page.answering.confirmed(page.store.state.approval, null);
  assert.deepEqual(page.state(), ['approved', ['audio', 'video']]);
});

test('less that is on its way is sent again at once, whatever its pause, and confirmed is what is left, once it has arrived', async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  const { hold, release } = held();
  page.answers = () => hold;
  await page.back();
  await settled();
  assert.deepEqual([page.done, page.state(), page.store.state.notice?.key], [[], ['sending', ['audio']], 'notice_less_first']);
  release(201);
  await changed;
  await settled();
  assert.deepEqual(page.done, ['less', 'confirm']);
  const { body } = await openStatement('confirmation', page.confirmation);
  assert.equal(body.challenge, page.store.state.challenge);
  page.answering.confirmed(page.store.state.approval, null);
  assert.deepEqual(page.state(), ['approved', ['audio']]);
});

test('an attempt that hangs on the connection that was lost is not waited for', async (t) => {
  const page = await approved(t);
  page.answers = () => new Promise(() => {});
  const changed = page.answering.change(['audio']);
  await settled();
  page.answers = async () => 201;
  await page.back();
  await changed;
  await settled();
  assert.deepEqual(page.done, ['less', 'confirm']);
});

test('if what is left is less than the request needs, nothing is confirmed: the question is asked once it has arrived', async (t) => {
  const page = await approved(t, { minimum_scope: ['audio', 'video'] });
  const { changed } = await page.less();
  page.answers = async () => 201;
  await page.back();
  await changed;
  await settled();
  assert.deepEqual([page.done, page.state(), page.store.state.notice.key], [['less'], ['asked', []], 'notice_too_little']);
  await page.answering.approve(['audio', 'video']);
  assert.deepEqual([page.done, page.state()], [['less', 'approval'], ['approved', ['audio', 'video']]]);
});

test('if the service refuses it, the whole is not confirmed in its place: the question is asked', async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  page.answers = async () => 403;
  await page.back();
  await assert.rejects(changed, { code: 'not_permitted' });
  await settled();
  assert.deepEqual([page.done, page.state()], [['less 403'], ['asked', []]]);
});

for (const [what, less] of Object.entries({
  'nothing of them at all': async (page) => {
    page.answers = async () => 503;
    await assert.rejects(page.answering.change([]), { code: 'proof_follows' });
  },
  'less that the service refused': async (page) => {
    page.answers = async () => 403;
    await assert.rejects(page.answering.change(['audio']), { code: 'not_permitted' });
  },
})) test(`what was to become ${what} before the connection was lost is not confirmed as a whole after it: the question is asked`, async (t) => {
  const page = await approved(t);
  await less(page);
  page.done.length = 0;
  page.answers = async () => 201;
  await page.back();
  await settled();
  assert.deepEqual([page.done, page.state()], [[], ['asked', []]]);
  await page.answering.approve(['audio']);
  page.answering.connectionLost();
  await page.back();
  assert.deepEqual(page.done, ['approval', 'confirm']);
});

test('nor is anything confirmed if the ledger turns out to be falsified meanwhile', async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  Object.assign(page, { answers: async () => 201, holds: false });
  await page.back();
  await changed;
  await settled();
  assert.deepEqual([page.done, page.state()], [['less'], ['asked', []]]);
});

test('lost again while it waits: what arrives then confirms nothing over the old connection, and over the new one it is confirmed once', async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  await page.back();
  await until('less was sent again', () => page.done.length === 1, { every_ms: 5 });
  page.done.length = 0;
  page.answering.connectionLost();
  page.answers = async () => 201;
  page.challenge(); // as the next welcome says it; it is handled in a moment
  await page.back();
  await changed;
  await settled();
  assert.deepEqual(page.done, ['less', 'confirm']);
  page.answering.confirmed(page.store.state.approval, null);
  assert.deepEqual(page.state(), ['approved', ['audio']]);
});

test('what arrives while there is no connection waits for the next one', async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  const { hold, release } = held();
  page.answers = () => hold;
  await page.back();
  page.answering.connectionLost();
  release(201);
  await changed;
  await settled();
  assert.deepEqual([page.done, page.state()], [['less'], ['sending', ['audio']]]);
  await page.back();
  assert.deepEqual(page.done, ['less', 'confirm']);
});

/** What a person or a host does while it waits, and what has reached the service in the end. */
for (const [what, meanwhile, done, answer] of [
  ['the person refuses', (page) => page.answering.refuse(), ['refusal', 'less'], 'refused'],
  ['the person refuses, and that does not arrive', async (page) => {
    page.answers = async (kind) => (kind === 'refusal' ? 500 : page.hold);
    await assert.rejects(page.answering.refuse());
  }, ['refusal 500', 'less'], 'asked'],
  ['the person refuses, and that is still on its way', (page) => {
    page.answers = (kind) => (kind === 'refusal' ? new Promise(() => {}) : page.hold);
    void page.answering.refuse();
  }, ['less'], 'asked'],
  ['another request is asked', (page) => page.asksAnew(), ['less'], 'asked'],
  ['everything is taken back', (page) => page.answering.withdraw(A), ['withdrawal', 'less'], 'withdrawn'],
  ['the approval expires', (page) => page.answering.expired(), ['less'], 'asked'],
]) test(`what waits for less is confirmed no more when ${what}`, async (t) => {
  const page = await approved(t);
  const { changed } = await page.less();
  const { hold, release } = held();
  Object.assign(page, { hold, answers: async (kind) => (kind === 'less' ? hold : 201) });
  await page.back();
  await settled();
  await meanwhile(page);
  release(201);
  await changed;
  await settled();
  assert.deepEqual([page.done, page.state()[0]], [done, answer]);
});

test('what is confirmed already is no more after a refusal that was lost with the connection', async (t) => {
  const page = await approved(t);
  page.answers = async () => { throw new TypeError('Failed to fetch'); };
  await assert.rejects(page.answering.refuse(), { code: 'network' });
  await page.back();
  assert.deepEqual([page.done, page.state()], [[], ['asked', []]]);
});

test('more that fails behind a lost connection is no approval: the one from before was not confirmed over the new one', async (t) => {
  const page = await approved(t);
  const { hold, release } = held();
  page.answers = () => hold;
  const changed = page.answering.change(['audio', 'video', 'screen']);
  changed.catch(() => {});
  await settled();
  await page.back();
  release(503);
  await assert.rejects(changed);
  assert.deepEqual([page.done, page.state()], [['approval 503'], ['asked', []]]);
});

test('a withdrawal of everything that pauses is sent at once', async (t) => {
  const page = await approved(t);
  page.answers = async () => 503;
  void page.answering.withdraw(A);
  await until('it was sent', () => page.done.length === 1, { every_ms: 5 });
  await settled(); // and pauses
  page.answers = async () => 201;
  await page.back();
  await settled();
  assert.deepEqual(page.done, ['withdrawal 503', 'withdrawal']);
});

test('a refusal whose challenge an answer on its way has used up is signed again with the next one', async (t) => {
  const page = await approved(t);
  page.answers = async () => (page.done.length === 0 ? 'replayed' : 201);
  const refused = page.answering.refuse();
  await until('it was sent', () => page.done.length === 1, { every_ms: 5 });
  page.challenge();
  await refused;
  assert.deepEqual([page.done, page.state()], [['refusal replayed', 'refusal'], ['refused', []]]);
});

test('a refusal that the ledger does not keep is in effect, and its person reads so', async (t) => {
  const page = await approved(t);
  page.answers = async () => 'refusal_not_kept';
  await page.answering.refuse();
  assert.deepEqual([page.state(), page.store.state.notice.key], [['refused', []], 'problem_refusal_not_kept']);
});

test('a refusal that arrives late is not taken for the answer to another question', async (t) => {
  const page = await approved(t);
  const { hold, release } = held();
  page.answers = () => hold;
  const refused = page.answering.refuse();
  await settled();
  page.asksAnew();
  release(201);
  await refused;
  assert.equal(page.store.state.answer, 'asked');
});

test('while an answer is on its way nothing is changed, and nobody is told that the question is over', async (t) => {
  const page = await approved(t);
  await page.back();
  await assert.rejects(page.answering.change(['audio']), { code: 'network' });
});

/** The approval of an earlier visit, by another key: its withdrawal goes before that of this visit's key. */
async function earlier() {
  const signer = await KeyPairSigner.generate();
  const approval = '0'.repeat(64);
  const { envelope } = await makeWithdrawal(A, signer, 'advance');
  const keyFile = writeKeyFile({ recording: A, approval, server: 'http://localhost', withdrawal: envelope, identity: null, token: null });
  await keepApproval({ approval, recording: A, room: ROOM, title: 'Choir board', scope: ['audio'], approved_ms: 1, receipt: '{}', keyFile, receiptSaved: false, keyFileSaved: false, withdrawn: false });
  return signer.publicKey;
}

test('a withdrawal of everything that is on its way, or not even sent, keeps the approval from being confirmed, also one that was being confirmed', async (t) => {
  const page = await approved(t);
  const key = await earlier();
  await page.back();
  page.answers = async (_, said) => (said.key === key ? new Promise(() => {}) : 201);
  void page.answering.withdraw(A);
  await page.back();
  await settled();
  assert.equal(page.done.filter((what) => what === 'confirm').length, 1, 'the one before it');
  assert.equal(page.state()[0], 'withdrawn');
});

for (const [where, hangs] of Object.entries({ 'the ledger is looked at': 'holds', 'it is being signed': 'latest' })) test(`a withdrawal of everything while ${where} for the confirmation overtakes it`, async (t) => {
  const page = await approved(t);
  const { hold, release } = held();
  page.hangs = { [hangs]: hold };
  const back = page.back();
  await settled();
  page.answers = () => new Promise(() => {});
  void page.answering.withdraw(A);
  release();
  await back;
  await settled();
  assert.deepEqual([page.done, page.state()[0]], [[], 'withdrawn']);
});
