// Taking back several things at once: a withdrawal belongs to its recording. One that is on its way is neither sent twice nor taken for
// another recording's, and one that fails keeps no other back. Without a browser; the proofs are real.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';
import { memoryDatabase } from './memory_db.mjs';

globalThis.indexedDB = memoryDatabase();
globalThis.navigator ??= { language: 'en', languages: ['en'] };
const { Answering } = await load('web/src/room/answering.ts');
const { makeWithdrawal } = await load('web/src/room/answers.ts');
const { approvalsOf, forgetApproval, keepApproval } = await load('web/src/store/approvals.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
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
