// A withdrawal that somebody confirmed is not lost with its page: it is kept before it is sent, and the next page sends it until it is
// acknowledged. Until then nothing counts as taken back; and nothing is said to be left that is over. Without a browser; the proofs are real.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';
import { memoryDatabase, memoryStorage } from './memory_db.mjs';

globalThis.indexedDB = memoryDatabase();
Object.defineProperty(globalThis, 'localStorage', { value: memoryStorage(), configurable: true, writable: true });
globalThis.navigator ??= { language: 'en', languages: ['en'] };
const { makeWithdrawal } = await load('web/src/room/answers.ts');
const { approvalsOf, forgetApproval, forgetSaved, keepApproval } = await load('web/src/store/approvals.ts');
const { isDelivered, unacknowledged } = await load('web/src/store/withdrawals.ts');
const { openStatement, signStatement } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { writeKeyFile } = await load('web/src/core/identity.ts');
const { MockLedger } = await load('tests/web/mock/ledger.ts');

const ROOM = 'c'.repeat(32);
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];
const CLOSED = new Promise(() => {}); // the page is gone before any answer comes

/** What a page that was just opened consists of: nothing in memory, everything else from the browser's storage. */
const opened = async () => ({ ...(await load('web/src/room/answering.ts')), ...(await load('web/src/room/kept_withdrawals.ts')) });

/** A service that answers a withdrawal when, and as, `answers` says, and what it says to have deleted. */
async function world(t) {
  const ledger = await MockLedger.create('localhost/unavoce');
  const service = await KeyPairSigner.generate();
  const here = { sent: [], answers: async () => ({}), erasure: null, me: await KeyPairSigner.generate() };
  const problem = (status, code) => ({ ok: false, status, json: async () => ({ code, status, detail: 'no' }) });
  globalThis.fetch = async (path, { method, body }) => {
    if (method === 'GET') return path.endsWith('/erasure') && here.erasure ? { ok: true, status: 200, json: async () => here.erasure } : problem(404, 'not_found');
    const { envelope } = JSON.parse(body);
    const { body: withdrawal, id } = await openStatement('withdrawal', envelope);
    here.sent.push({ ...withdrawal, id });
    const { status = 201, code = 'not_permitted', proof = (honest) => honest } = await here.answers(withdrawal);
    if (status !== 201) return problem(status, code);
    const entry = await ledger.append(withdrawal.recording, 'withdrawal', envelope, id);
    return { ok: true, status, json: async () => ({ id, kind: 'withdrawal', entry: entry.entry, r: entry.r, proof: proof(entry.proof), publish: null, erased: [] }) };
  };
  const watch = { ledger: { origin: ledger.origin, vkey: ledger.vkey }, asking: async () => null, saw: async () => {} };
  here.service = { watch, serviceKey: service.publicKey };
  /** The part of a meeting's page that answers, in this state. */
  here.answering = ({ Answering }, state = {}) => {
    const store = {
      seen: [],
      state: { room: { body: { ledger: watch.ledger, service_key: service.publicKey } }, request: null, answer: 'none', withdrawal: 'proven', approval: null, scope: [], ...state },
      set(change) { this.state = { ...this.state, ...change }; this.seen.push(`${this.state.answer} ${this.state.withdrawal}`); },
      alarm() {},
    };
    const place = { roomId: ROOM, signer: here.me, name: 'Jonas', role: 'participant', ledgers: { of: () => watch } };
    return { store, answering: new Answering(place, store, { stop() {}, restrict() {} }, () => {}) };
  };
  here.deletes = async (recording, signer = service) => {
    const { envelope, id } = await signStatement('erased', { recording, what: ['recording'], reason: 'recording_deleted', key: signer.publicKey, issued_ms: Date.now() }, signer);
    const { envelope: text, entry, r, proof } = await ledger.append(recording, 'erased', envelope, id);
    here.erasure = { envelope: text, entry, r, proof };
    here.answers = async () => ({ status: 410, code: 'gone' });
  };
  t.after(async () => {
    for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval);
    unacknowledged().forEach(isDelivered);
  });
  return here;
}

let approvals = 0;
async function approved(recording, { signer, ...change } = {}) {
  const by = signer ?? await KeyPairSigner.generate();
  const approval = String(++approvals).padStart(64, '0');
  const { envelope, id } = await makeWithdrawal(recording, by, 'advance');
  const keyFile = writeKeyFile({ recording, approval, server: 'http://localhost', withdrawal: envelope, identity: null, token: null });
  await keepApproval({ approval, recording, room: ROOM, title: 'Choir board', scope: ['audio'], approved_ms: approvals, receipt: '{}', keyFile, receiptSaved: false, keyFileSaved: false, withdrawn: false, ...change });
  return { approval, key: by.publicKey, id };
}
const until = async (holds) => { while (!holds()) await new Promise(setImmediate); };
const gate = () => {
  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  return { open, opened };
};
const asks = (recording) => ({ request: { body: { recording } } });

test('every withdrawal is kept before the first one is sent, and none any more when it is acknowledged', async (t) => {
  const here = await world(t);
  const ids = [(await approved(A)).id, (await approved(A)).id];
  const kept = [];
  here.answers = async () => { kept.push(unacknowledged().length); return {}; };
  const { answering } = here.answering(await opened());
  await answering.withdraw(A);
  assert.deepEqual([here.sent.map(({ id }) => id).sort(), kept], [ids.sort(), [2, 1]]);
  assert.deepEqual(unacknowledged(), []);
});

test('the page is closed before the answer: the next one sends the same again, until it is acknowledged, and keeps the proof', async (t) => {
  const here = await world(t);
  const { approval, id } = await approved(A);
  here.answers = () => CLOSED;
  void here.answering(await opened()).answering.withdraw(A);
  await until(() => here.sent.length === 1);

  const { sendAgain } = await opened();
  void sendAgain(unacknowledged(), here.service, () => assert.fail('nobody answered'));
  await until(() => here.sent.length === 2);
  assert.deepEqual((await approvalsOf(ROOM)).map(({ withdrawn, saidWithdrawn }) => [withdrawn, saidWithdrawn]), [[false, undefined]], 'nothing counts as taken back');

  here.answers = async () => ({});
  const told = [];
  await (await opened()).sendAgain(unacknowledged(), here.service, (one, done) => told.push([one.approvals, done.sent, done.confirmed.length]));
  assert.deepEqual(told, [[[approval], 1, 1]]);
  assert.deepEqual(here.sent.map((one) => one.id), [id, id, id], 'the same each time: it takes effect once');
  const [kept] = await approvalsOf(ROOM);
  assert.deepEqual([kept.withdrawn, typeof kept.confirmation], [true, 'string']);
  assert.deepEqual(unacknowledged(), []);
});

test('outside the meeting it is kept in the same way', async (t) => {
  const here = await world(t);
  const { approval } = await approved(A);
  here.answers = () => CLOSED;
  void (await opened()).takeBack({ room: ROOM, service_key: here.service.serviceKey }, A, here.service.watch);
  await until(() => here.sent.length === 1);
  assert.deepEqual(unacknowledged().map(({ room, recording, approvals }) => [room, recording, approvals]), [[ROOM, A, [approval]]]);
});

test('what a page takes back whose files were removed from the browser is kept, too', async (t) => {
  const here = await world(t);
  const approval = 'f'.repeat(64);
  here.answers = () => CLOSED;
  void here.answering(await opened(), { ...asks(A), answer: 'approved', approval }).answering.withdraw(A);
  await until(() => here.sent.length === 1);
  assert.deepEqual(unacknowledged().map(({ key, approvals }) => [key, approvals]), [[here.me.publicKey, [approval]]]);
});

test('the page that comes back to the meeting with the same key goes on with it, and says that it is on its way as long as it is', async (t) => {
  const here = await world(t);
  const { approval } = await approved(A, { signer: here.me });
  here.answers = () => CLOSED;
  void here.answering(await opened(), { ...asks(A), answer: 'approved', approval }).answering.withdraw(A);
  await until(() => here.sent.length === 1);

  const { open, opened: answered } = gate();
  here.answers = async () => { await answered; return {}; };
  const { answering, store } = here.answering(await opened(), { ...asks(A), answer: 'withdrawn', withdrawal: 'sending' });
  assert.deepEqual([answering.isTakingBack(A), answering.isTakingBack(B)], [true, false]);
  answering.goOnTakingBack(A);
  await until(() => here.sent.length === 2);
  assert.deepEqual([...new Set(store.seen)], ['withdrawn sending']);
  open();
  await until(() => store.state.withdrawal !== 'sending');
  assert.deepEqual([store.state.answer, store.state.withdrawal, answering.isTakingBack(A)], ['withdrawn', 'proven', false]);
  assert.equal(here.sent[0].id, here.sent[1].id);
});

test('what is approved with a fresh key meanwhile is not taken back with it', async (t) => {
  const here = await world(t);
  const old = await approved(A);
  here.answers = () => CLOSED;
  void here.answering(await opened()).answering.withdraw(A);
  await until(() => here.sent.length === 1);
  const fresh = await approved(A, { signer: here.me });
  here.answers = async () => ({});
  const page = await opened();
  assert.equal(here.answering(page).answering.isTakingBack(A), false);
  await page.sendAgain(unacknowledged(), here.service, () => {});
  assert.deepEqual(here.sent.map(({ key }) => key), [old.key, old.key]);
  assert.deepEqual((await page.standingApprovals(ROOM)).map(({ approval }) => approval), [fresh.approval]);
});

test('two parts of a page that send the same one send it once', async (t) => {
  const here = await world(t);
  await approved(A);
  here.answers = () => CLOSED;
  void here.answering(await opened()).answering.withdraw(A);
  await until(() => here.sent.length === 1);
  const { open, opened: answered } = gate();
  here.answers = async () => { await answered; return {}; };
  const { sendAgain } = await opened();
  const both = [1, 2].map(() => sendAgain(unacknowledged(), here.service, (_, done) => assert.equal(done.confirmed.length, 1)));
  open();
  await Promise.all(both);
  assert.equal(here.sent.length, 2, 'one by the page that was closed, one by this');
});

test('one that the service refuses stays kept, and the next page sends it again', async (t) => {
  const here = await world(t);
  await approved(A);
  here.answers = async () => ({ status: 403 });
  await assert.rejects(here.answering(await opened()).answering.withdraw(A), { code: 'not_permitted' });
  const told = [];
  const { sendAgain } = await opened();
  await sendAgain(unacknowledged(), here.service, (_, done) => told.push(done));
  here.answers = async () => ({});
  await sendAgain(unacknowledged(), here.service, (_, done) => told.push(done.confirmed.length));
  assert.deepEqual([told, unacknowledged()], [[null, 1], []]);
});

test('one that is acknowledged without a proof that holds is not sent by itself again, and counts as said only', async (t) => {
  const here = await world(t);
  await approved(A);
  here.answers = async () => ({ proof: (honest) => honest.replace(/index \d+/, 'index 7') });
  const { sent, confirmed } = await here.answering(await opened()).answering.withdraw(A);
  const [{ withdrawn, saidWithdrawn }] = await approvalsOf(ROOM);
  assert.deepEqual([sent, confirmed, withdrawn, saidWithdrawn, unacknowledged()], [1, [], false, true, []]);
});

for (const [where, takeBack] of [
  ['in the meeting', async (here, page) => here.answering(page).answering.withdraw(A)],
  ['outside', async (here, page) => page.takeBack({ room: ROOM, service_key: here.service.serviceKey }, A, here.service.watch)],
]) test(`of a recording that was deleted as a whole that is said instead, and nothing stays to be sent or taken back (${where})`, async (t) => {
  const here = await world(t);
  const { approval } = await approved(A, { recorded: true });
  await here.deletes(A);
  const page = await opened();
  const { sent, confirmed, deleted } = await takeBack(here, page);
  assert.deepEqual([sent, confirmed, deleted.reason], [0, [], 'recording_deleted']);
  assert.deepEqual([unacknowledged(), await page.standingApprovals(ROOM), await page.keptWithdrawals(ROOM, A)], [[], [], []]);
  assert.equal((await approvalsOf(ROOM)).find((kept) => kept.approval === approval).withdrawn, false, 'deleted is not taken back');
});

test('a deletion whose proof does not hold takes nothing from anybody', async (t) => {
  const here = await world(t);
  await approved(A);
  await here.deletes(A, await KeyPairSigner.generate());
  const page = await opened();
  await assert.rejects(here.answering(page).answering.withdraw(A), { code: 'gone' });
  assert.deepEqual([unacknowledged().length, (await page.standingApprovals(ROOM)).length], [1, 1]);
});

test('files that were saved are not forgotten before the confirmation that is to lie beside them has come', async (t) => {
  const here = await world(t);
  await approved(A, { receiptSaved: true, keyFileSaved: true });
  here.answers = () => CLOSED;
  void here.answering(await opened()).answering.withdraw(A);
  await until(() => here.sent.length === 1);
  await forgetSaved(ROOM);
  assert.equal((await approvalsOf(ROOM)).length, 1);
  unacknowledged().forEach(isDelivered);
  await forgetSaved(ROOM);
  assert.equal((await approvalsOf(ROOM)).length, 0);
});

/** From here on what a page opens of this browser's database throws. The pages of this test have it open already. */
function breakDatabase(t) {
  const working = globalThis.indexedDB;
  const broken = { transaction() { throw new Error('the connection is closed'); } };
  globalThis.indexedDB = { open() { const asked = {}; queueMicrotask(() => { asked.result = broken; asked.onsuccess(); }); return asked; } };
  t.after(() => { globalThis.indexedDB = working; });
}

test('with a database that throws, the page takes back what its own key approved all the same: made, kept, sent, and not called failed', async (t) => {
  const here = await world(t);
  const { approval } = await approved(A, { signer: here.me });
  breakDatabase(t);
  const kept = [];
  here.answers = async () => { kept.push(unacknowledged().map(({ key, approvals }) => [key, approvals])); return {}; };
  const { answering, store } = here.answering(await opened(), { ...asks(A), answer: 'approved', approval, scope: ['audio'] });
  const { sent, confirmed } = await answering.withdraw(A);
  assert.deepEqual([sent, confirmed.map(({ approvals }) => approvals)], [1, [[approval]]], 'also the confirmation to be saved is there');
  assert.deepEqual(kept, [[[here.me.publicKey, [approval]]]]);
  assert.deepEqual([store.state.answer, store.state.withdrawal, unacknowledged()], ['withdrawn', 'proven', []]);
});

test('with a database that throws, a page that knows nothing by itself says so, not that there is nothing', async (t) => {
  const here = await world(t);
  await approved(A);
  breakDatabase(t);
  await assert.rejects(here.answering(await opened()).answering.withdraw(A), /connection is closed/);
  assert.deepEqual(here.sent, []);
});

test('a withdrawal that cannot even be made is said to have failed, not to be on its way', async (t) => {
  const here = await world(t);
  here.me = { publicKey: here.me.publicKey, sign: async () => { throw new Error('the key is gone'); } };
  const { answering, store } = here.answering(await opened(), { ...asks(A), answer: 'approved', approval: 'f'.repeat(64) });
  await assert.rejects(answering.withdraw(A), /the key is gone/);
  assert.deepEqual([store.state.answer, store.state.withdrawal, here.sent], ['withdrawn', 'failed', []]);
});

test('a key file that cannot be read keeps no other from being sent; if there is no other, that is told', async (t) => {
  const here = await world(t);
  await approved(A, { keyFile: 'damaged' });
  await assert.rejects(here.answering(await opened()).answering.withdraw(A));
  const { key } = await approved(A);
  const { answering } = here.answering(await opened(), { ...asks(A), answer: 'approved', approval: 'f'.repeat(64) });
  assert.equal((await answering.withdraw(A)).sent, 2);
  assert.deepEqual(here.sent.map((one) => one.key), [key, here.me.publicKey]);
});

test('when the database is closed beneath the page, it is opened anew', async (t) => {
  await world(t);
  await approved(A);
  const { keptWithdrawals } = await opened();
  assert.equal((await keptWithdrawals(ROOM, A)).length, 1);
  globalThis.indexedDB.clear();
  assert.deepEqual(await keptWithdrawals(ROOM, A), []);
  const { approval } = await approved(A);
  assert.deepEqual((await keptWithdrawals(ROOM, A)).map(({ approvals }) => approvals), [[approval]]);
});

/** What does not answer is waited for only a moment; here a shorter one. */
function shortPatience(t) {
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = (work, ms, ...rest) => real(work, ms === 5_000 ? 20 : ms, ...rest);
  t.after(() => { globalThis.setTimeout = real; });
}

for (const [what, hanging] of [
  ['that is never opened', () => ({})],
  ['whose transactions never end', () => {
    const asked = { result: { transaction: () => ({ objectStore: () => new Proxy({}, { get: () => () => ({}) }) }) } };
    queueMicrotask(() => asked.onsuccess());
    return asked;
  }],
]) test(`a database ${what} keeps nobody from taking back for long`, async (t) => {
  const here = await world(t);
  const { approval } = await approved(A, { signer: here.me });
  const working = globalThis.indexedDB;
  globalThis.indexedDB = { open: hanging };
  t.after(() => { globalThis.indexedDB = working; });
  shortPatience(t);
  const { answering } = here.answering(await opened(), { ...asks(A), answer: 'approved', approval, scope: ['audio'] });
  const { sent, confirmed } = await answering.withdraw(A);
  assert.deepEqual([sent, confirmed.map(({ approvals }) => approvals)], [1, [[approval]]]);
});

test('a database that could not be opened once is tried again', async (t) => {
  await world(t);
  await approved(A);
  const { keptWithdrawals } = await opened();
  const working = globalThis.indexedDB;
  globalThis.indexedDB = { open() { const asked = { error: new Error('not now') }; queueMicrotask(() => asked.onerror()); return asked; } };
  t.after(() => { globalThis.indexedDB = working; });
  await assert.rejects(keptWithdrawals(ROOM, A), /not now/);
  globalThis.indexedDB = working;
  assert.equal((await keptWithdrawals(ROOM, A)).length, 1);
});

test('one that the service never takes is sent no more when the time of its recording is over', async (t) => {
  const here = await world(t);
  const delete_after_ms = Date.now() + 60_000;
  await approved(A, { delete_after_ms });
  await approved(B);
  here.answers = async () => ({ status: 404, code: 'unknown_reference' });
  const page = await opened();
  for (const recording of [A, B]) await assert.rejects(here.answering(page).answering.withdraw(recording), { code: 'unknown_reference' });
  await assert.rejects(here.answering(page, { request: { body: { recording: A, delete_after_ms } }, answer: 'approved', approval: 'f'.repeat(64) }).answering.withdraw(A));
  assert.deepEqual(unacknowledged().map((one) => [one.recording, one.delete_after_ms]).sort(), [[A, delete_after_ms], [A, delete_after_ms], [B, undefined]]);
  const now = Date.now;
  Date.now = () => delete_after_ms;
  t.after(() => { Date.now = now; });
  assert.deepEqual(unacknowledged().map((one) => one.recording), [B]);
  Date.now = now;
  assert.deepEqual(unacknowledged().map((one) => one.recording), [B], 'and it is gone for good');
});

const DAY_MS = 86_400_000;
for (const [what, change, stands, remains] of [
  ['that a take named', { recorded: true }, true, true],
  ['of which no take was seen', {}, true, false],
  ['of nothing of the person', { recorded: true, scope: [] }, true, false],
  ['whose time is over', { recorded: true, delete_after_ms: Date.now() - DAY_MS }, false, true],
  ['whose time is not over', { recorded: true, delete_after_ms: Date.now() + DAY_MS }, true, true],
  ['whose recording was deleted', { recorded: true, deleted_ms: 1 }, false, true],
  ['that is taken back', { recorded: true, withdrawn: true }, false, true],
  ['whose acknowledgement was lost, but that a take named', { receipt: null, recorded: true }, true, true],
  ['that never arrived', { receipt: null }, false, false],
]) test(`an approval ${what} ${stands ? 'stands' : 'does not stand'}${!stands ? '' : remains ? ', and something may be left of it' : ', and nothing is said to be left of it'}`, async (t) => {
  await world(t);
  await approved(A, change);
  const { standingApprovals, mayRemain } = await opened();
  const [kept] = await approvalsOf(ROOM);
  assert.deepEqual([(await standingApprovals(ROOM)).length === 1, mayRemain(kept)], [stands, remains]);
});

test('when a page opens, what was deleted meanwhile is found out, and only what is proven to be', async (t) => {
  const here = await world(t);
  await approved(A, { recorded: true });
  const page = await opened();
  await here.deletes(A, await KeyPairSigner.generate());
  await page.lookForDeleted(ROOM, here.service);
  assert.equal((await page.standingApprovals(ROOM)).length, 1);
  await here.deletes(A);
  await page.lookForDeleted(ROOM, here.service);
  assert.deepEqual(await page.standingApprovals(ROOM), []);
});
