// Taking back several things at once: a withdrawal belongs to its recording. One that is on its way is neither sent twice nor taken for
// another recording's, and one that fails keeps no other back. And taking back some kinds: at once, and never the past with it. Without a browser; the proofs are real.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';
import { memoryDatabase, memoryStorage } from './memory_db.mjs';

globalThis.indexedDB = memoryDatabase();
globalThis.sessionStorage = memoryStorage();
globalThis.navigator ??= { language: 'en', languages: ['en'] };
const { Answering } = await load('web/src/room/answering.ts');
const { makeWithdrawal } = await load('web/src/room/answers.ts');
const { approvalsOf, forgetApproval, forgetSaved, keepApproval, updateApproval } = await load('web/src/store/approvals.ts');
const { keepSeat, keepSeatKey, leaveSeat, takeUpSeatKey } = await load('web/src/store/keys.ts');
const { generateKey } = await load('web/src/core/age.ts');
const { openStatement, parseEnvelope } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { writeKeyFile } = await load('web/src/core/identity.ts');
const { MockLedger } = await load('tests/web/mock/ledger.ts');

const ROOM = 'c'.repeat(32);
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];

/** A service that answers a withdrawal when, and as, `answers` says; and the page's part that withdraws. */
async function page(t) {
  const ledger = await MockLedger.create('localhost/unavoce');
  const service = await KeyPairSigner.generate();
  const sent = [];
  const world = { sent, answers: async () => ({}) };
  globalThis.fetch = async (path, { method, body }) => {
    assert.equal(`${method} ${path}`, 'POST /api/v1/statements');
    const { envelope } = JSON.parse(body);
    const { body: withdrawal, id } = await openStatement('withdrawal', envelope);
    sent.push(withdrawal);
    const { status = 201, proof = (honest) => honest } = await world.answers(withdrawal);
    if (status !== 201) return { ok: false, status, json: async () => ({ code: 'not_permitted', status, detail: 'no' }) };
    const entry = await ledger.append(withdrawal.recording, 'withdrawal', envelope, id);
    return { ok: true, status, json: async () => ({ id, kind: 'withdrawal', entry: entry.entry, r: entry.r, proof: proof(entry.proof), publish: null, erased: [] }) };
  };
  const watch = { ledger: { origin: ledger.origin, vkey: ledger.vkey }, asking: async () => null, saw: async () => {} };
  const store = {
    state: { room: { body: { ledger: watch.ledger, service_key: service.publicKey } }, request: null, answer: 'none', withdrawal: 'proven', approval: null, alarms: [] },
    set(change) { this.state = { ...this.state, ...change }; },
    alarm(words) { this.state.alarms.push(words); },
  };
  const place = { roomId: ROOM, signer: await KeyPairSigner.generate(), name: 'Jonas', role: 'participant', ledgers: { of: () => watch } };
  world.alarms = store.state.alarms;
  world.answering = new Answering(place, store, { stop() {}, restrict() {} }, () => {});
  t.after(async () => { for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval); });
  return world;
}

let approvals = 0;
/** An approval from an earlier visit, under a key of its own. */
async function approved(recording) {
  const signer = await KeyPairSigner.generate();
  const approval = String(++approvals).padStart(64, '0');
  const { envelope } = await makeWithdrawal(recording, signer, 'advance');
  const keyFile = writeKeyFile({ recording, approval, server: 'http://localhost', withdrawal: envelope, identity: null, token: null });
  await keepApproval({ approval, recording, room: ROOM, title: 'Choir board', scope: ['audio'], approved_ms: approvals, receipt: '{}', keyFile, receiptSaved: false, keyFileSaved: false, withdrawn: false });
  return { approval, key: signer.publicKey };
}
const standing = async () => (await approvalsOf(ROOM)).filter(({ withdrawn }) => !withdrawn).map(({ approval }) => approval);
const held = () => {
  let release;
  const hold = new Promise((resolve) => { release = resolve; });
  return { hold, release };
};

const takenBack = ({ sent, confirmed }) => [sent, confirmed.map((one) => one.approvals)];

test('while the withdrawal of one recording is on its way, that of another one is sent, too, and each answers for its own', async (t) => {
  const service = await page(t);
  const [ofA, ofB] = [await approved(A), await approved(B)];
  const { hold, release } = held();
  service.answers = async ({ recording }) => { if (recording === A) await hold; return {}; };
  const a = service.answering.withdraw(A);
  assert.deepEqual(takenBack(await service.answering.withdraw(B)), [1, [[ofB.approval]]]);
  assert.deepEqual(await standing(), [ofA.approval]);
  release();
  assert.deepEqual(takenBack(await a), [1, [[ofA.approval]]]);
  assert.deepEqual(await standing(), []);
  assert.deepEqual(service.sent.map(({ recording }) => recording).sort(), [A, B]);
});

test('one that is on its way is waited for, not sent again; afterwards nothing is left to send', async (t) => {
  const service = await page(t);
  const { approval } = await approved(A);
  const { hold, release } = held();
  service.answers = async () => { await hold; return {}; };
  const both = [service.answering.withdraw(A), service.answering.withdraw(A)];
  release();
  assert.deepEqual((await Promise.all(both)).map(takenBack), [[1, [[approval]]], [1, [[approval]]]]);
  assert.deepEqual(takenBack(await service.answering.withdraw(A)), [0, []]);
  assert.equal(service.sent.length, 1);
});

test('of several keys one that is refused keeps no other back: the refusal is told, what was refused stands and can be sent again', async (t) => {
  const service = await page(t);
  const [refused, taken] = [await approved(A), await approved(A)];
  service.answers = async ({ key }) => (key === refused.key ? { status: 403 } : {});
  await assert.rejects(service.answering.withdraw(A), { code: 'not_permitted' });
  assert.deepEqual(service.sent.map(({ key }) => key), [refused.key, taken.key]);
  assert.deepEqual(await standing(), [refused.approval]);
  service.answers = async () => ({});
  assert.deepEqual(takenBack(await service.answering.withdraw(A)), [1, [[refused.approval]]]);
});

test('a recording whose withdrawal fails keeps that of another one not back', async (t) => {
  const service = await page(t);
  const [ofA] = [await approved(A), await approved(B)];
  service.answers = async ({ recording }) => (recording === A ? { status: 403 } : {});
  const [a, b] = await Promise.allSettled([service.answering.withdraw(A), service.answering.withdraw(B)]);
  assert.deepEqual([a.status, b.status], ['rejected', 'fulfilled']);
  assert.deepEqual(await standing(), [ofA.approval]);
});

test('what is acknowledged without a proof that holds is an alarm, counts as said, and stands until it is proven', async (t) => {
  const service = await page(t);
  const { approval } = await approved(A);
  service.answers = async () => ({ proof: (honest) => honest.replace(/index \d+/, 'index 7') });
  assert.deepEqual(takenBack(await service.answering.withdraw(A)), [1, []]);
  const [kept] = await approvalsOf(ROOM);
  assert.deepEqual([kept.withdrawn, kept.saidWithdrawn, service.alarms.map(({ key }) => key)], [false, true, ['alarm_proof']]);
  service.answers = async () => ({});
  assert.deepEqual(takenBack(await service.answering.withdraw(A)), [1, [[approval]]]);
  assert.deepEqual(await standing(), []);
});

let slots = 0;
/** The part of a meeting's page that answers, after its person approved these scopes one after the other; `posted` is what comes after that. */
async function changing(t, ...given) {
  const ledger = await MockLedger.create('localhost/unavoce');
  const service = await KeyPairSigner.generate();
  const world = { posted: [], refuses: null, loses: null, alarmed: false };
  globalThis.fetch = async (path, { method, body }) => {
    assert.equal(`${method} ${path}`, 'POST /api/v1/statements');
    const { envelope } = JSON.parse(body);
    const [, kind] = /unavoce\.(\w+)\.v1/.exec(parseEnvelope(envelope).payloadType);
    const { body: said, id } = await openStatement(kind, envelope);
    if (kind === world.loses) throw new TypeError('Failed to fetch');
    world.posted.push([kind, said.kinds ?? said.scope]);
    if (kind === 'approval' && world.refuses) return { ok: false, status: world.refuses, json: async () => ({ code: 'too_many_answers', status: world.refuses, detail: 'no' }) };
    const { entry, r, proof } = await ledger.append(A, kind, envelope, id);
    const publish = said.scope?.length > 0 ? { url: '/whip/1', token: 't'.repeat(43) } : null;
    return { ok: true, status: 201, json: async () => ({ id, kind, entry, r, proof, publish, erased: [] }) };
  };
  const watch = {
    ledger: { origin: ledger.origin, vkey: ledger.vkey }, asking: async () => null, saw: async () => {}, latest: async () => null,
    mustHold: async () => { if (world.alarmed) throw new Error('the ledger was rolled back'); },
  };
  const room = { id: 'e'.repeat(64), envelope: '{}', body: { title: 'Choir board', ledger: watch.ledger, service_key: service.publicKey, recipients: [{ recipient: (await generateKey()).recipient, holder: 'Miriam', role: 'host' }] } };
  const request = { id: 'd'.repeat(64), envelope: '{}', body: { recording: A, scope: ['audio', 'video', 'screen'], minimum_scope: [], expires_ms: Date.now() + 1e6, delete_after_ms: Date.now() + 1e9 } };
  world.store = {
    state: { room, request, participant: '1'.repeat(32), challenge: 'A'.repeat(43), answer: 'asked', withdrawal: 'proven', approval: null, scope: [], halted: false },
    set(change) { this.state = { ...this.state, ...change }; },
    alarm(words) { assert.fail(words.key); },
  };
  const place = { roomId: ROOM, signer: await KeyPairSigner.generate(), slot: `slot ${++slots}`, name: 'Jonas', role: 'participant', ledgers: { of: () => watch } };
  await keepSeatKey(place.slot, place.signer);
  world.key = place.signer.publicKey;
  world.seat = { slot: place.slot, resume: 't', name: 'Jonas' };
  world.answering = new Answering(place, world.store, { start() {}, stop() {}, restrict() {} }, () => {});
  t.after(async () => { for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval); });
  for (const scope of given) await world.answering.approve(scope);
  world.posted.length = 0;
  return world;
}
const stands = ({ store: { state } }) => [state.answer, state.scope];

test('of a change to less of one kind and more of another, less is taken back first and at once, also if more is refused', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  page.refuses = 429;
  await assert.rejects(page.answering.change(['audio', 'screen']), { code: 'too_many_answers' });
  assert.deepEqual(page.posted, [['withdrawal', ['video']], ['approval', ['audio', 'screen']]]);
  assert.deepEqual(stands(page), ['approved', ['audio']]);
  page.refuses = null;
  await page.answering.change(['audio', 'screen']);
  assert.deepEqual(page.posted.slice(2), [['approval', ['audio', 'screen']]], 'what was taken back is not taken back again');
  assert.deepEqual(stands(page), ['approved', ['audio', 'screen']]);
});

test('an approval does not overtake less that is still on its way over a lost connection: it would be taken back by it, and the past erased', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  page.loses = 'withdrawal';
  const less = page.answering.change(['audio']);
  await new Promise((resolve) => setTimeout(resolve, 100));
  page.answering.expired(); // the connection is back, and the person is asked anew
  await assert.rejects(page.answering.approve(['video']), { code: 'less_on_its_way' });
  assert.deepEqual([page.posted, stands(page)], [[], ['asked', []]]);
  page.loses = null;
  await less;
  await page.answering.approve(['video']);
  assert.deepEqual(page.posted, [['withdrawal', ['video']], ['approval', ['video']]]);
  assert.deepEqual(stands(page), ['approved', ['video']]);
});

test('in a ledger that was falsified nothing more is approved, but less is taken back', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  page.alarmed = true;
  await assert.rejects(page.answering.change(['audio', 'screen']), /rolled back/);
  assert.deepEqual([page.posted, stands(page)], [[['withdrawal', ['video']]], ['approved', ['audio']]]);
});

test('where the request needs what is taken back, no approval without it is tried', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  page.store.state.request.body.minimum_scope = ['video'];
  await page.answering.change(['audio', 'screen']);
  assert.deepEqual(page.posted, [['withdrawal', ['video']]]);
});

for (const [given, wish] of [
  [[['audio']], ['screen']],
  [[['audio', 'video']], ['screen']],
  [[['audio', 'video']], []],
  [[['video'], ['audio', 'video']], ['audio']],
  [[['video'], ['audio', 'video']], ['audio', 'screen']],
]) test(`after ${given.map((scope) => scope.join('+')).join(', then ')}, ${wish.join('+') || 'nothing'} is said by a new approval alone: a withdrawal would leave nothing of one before, and erase the past`, async (t) => {
  const page = await changing(t, ...given);
  await page.answering.change(wish);
  assert.deepEqual(page.posted, [['approval', wish]]);
  assert.deepEqual(stands(page), ['approved', wish]);
});

for (const [given, wish] of [[[['audio', 'video']], []], [[['video'], ['audio', 'video']], ['audio']]]) test(`that a change to ${wish.join('+') || 'nothing'} was refused is not forgotten: chosen again, it is sent again`, async (t) => {
  const page = await changing(t, ...given);
  page.refuses = 429;
  await assert.rejects(page.answering.change(wish), { code: 'too_many_answers' });
  page.refuses = null;
  await page.answering.change(wish);
  assert.deepEqual(page.posted, [['approval', wish], ['approval', wish]]);
  assert.deepEqual(stands(page), ['approved', wish]);
});

test('nor do several changes to less leave nothing of an approval together', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  for (const wish of [['audio'], ['audio', 'screen'], ['screen']]) await page.answering.change(wish);
  assert.deepEqual(page.posted, [['withdrawal', ['video']], ['approval', ['audio', 'screen']], ['approval', ['screen']]]);
  assert.deepEqual(stands(page), ['approved', ['screen']]);
});

const database = globalThis.indexedDB;
/** As when the browser lets nobody read: every connection fails. */
const unreadable = { open: () => { const asked = {}; queueMicrotask(() => { asked.error = new Error('the disk is broken'); asked.onerror(); }); return asked; } };

// That the first one is not kept any more, or that nothing says whether there was one, must not have what was recorded with it erased.
for (const [what, happens] of Object.entries({
  'was saved and the room opened in another tab': async ([first]) => { await updateApproval(first.approval, { receiptSaved: true, keyFileSaved: true }); await forgetSaved(ROOM); },
  'was removed from this browser': async ([first]) => forgetApproval(first.approval),
  'went with all that this browser kept': async () => database.clear(),
})) test(`after audio, then audio+video, of which the first one ${what}, video is said by a new approval alone`, async (t) => {
  const page = await changing(t, ['audio'], ['audio', 'video']);
  await happens(await approvalsOf(ROOM));
  await page.answering.change(['video']);
  assert.deepEqual(page.posted, [['approval', ['video']]]);
  assert.deepEqual(stands(page), ['approved', ['video']]);
});

test('what was saved and is not kept any more keeps no kind from being taken back, as long as something is left of it', async (t) => {
  const page = await changing(t, ['audio'], ['audio', 'video']);
  for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval);
  await page.answering.change(['audio']);
  assert.deepEqual(page.posted, [['withdrawal', ['video']]]);
});

test('while the database cannot be read no withdrawal is sent of which nobody knows what it leaves', async (t) => {
  const page = await changing(t, ['audio'], ['audio', 'video']);
  database.clear(); // the connection that is open is gone
  globalThis.indexedDB = unreadable;
  t.after(() => { globalThis.indexedDB = database; });
  await assert.rejects(page.answering.change(['video']), /disk is broken/);
  await assert.rejects(page.answering.change(['audio']), /disk is broken/);
  assert.deepEqual(page.posted, []);
  globalThis.indexedDB = database;
  await page.answering.change(['video']);
  assert.deepEqual(page.posted, [['approval', ['video']]]);
});

test('with a key that another page took up, after a reload or in a duplicated tab, less is a new approval: that page may have approved with it', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  assert.equal((await takeUpSeatKey(page.seat)).publicKey, page.key);
  await page.answering.change(['video']);
  assert.deepEqual(page.posted, [['approval', ['video']]]);
});

test('what is known of a key goes with its seat', async (t) => {
  const page = await changing(t, ['audio', 'video']);
  await takeUpSeatKey(page.seat);
  keepSeat(ROOM, page.seat);
  await leaveSeat(ROOM);
  assert.equal(await takeUpSeatKey(page.seat), null);
});
