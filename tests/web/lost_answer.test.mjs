// A take that names an approval which this page signed, although no acknowledgement of it came (yet), is no recording without consent; one
// that names none of them, or one that does not hold any more, is. Without a browser: the page's part that hears the service.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';
import { memoryDatabase, memoryStorage } from './memory_db.mjs';

globalThis.indexedDB = memoryDatabase();
Object.defineProperty(globalThis, 'localStorage', { value: memoryStorage(), configurable: true, writable: true });
globalThis.navigator ??= { language: 'en', languages: ['en'] };
const { initialState, Meeting } = await load('web/src/room/meeting.ts');
const { mayRemain, standingApprovals } = await load('web/src/room/kept_withdrawals.ts');
const { Store } = await load('web/src/room/state.ts');
const { generateKey } = await load('web/src/core/age.ts');
const { randomBytes, toBase64url } = await load('web/src/core/bytes.ts');
const { openStatement, parseEnvelope, signStatement } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { approvalsOf, forgetApproval } = await load('web/src/store/approvals.ts');
const { MockLedger } = await load('tests/web/mock/ledger.ts');

const [ROOM, RECORDING, ME] = ['c', 'a', '1'].map((digit) => digit.repeat(32));
const SOMEBODY = 'f'.repeat(64);
const HOUR_MS = 3_600_000;

/** Jonas is asked. `world.answers` says what becomes of a statement before it is acknowledged: it may throw, as a lost connection does. */
async function asked(t) {
  const ledger = await MockLedger.create('localhost/unavoce');
  const [service, host, signer] = await Promise.all([1, 2, 3].map(() => KeyPairSigner.generate()));
  const watch = {
    ledger: { origin: ledger.origin, vkey: ledger.vkey }, asking: async () => null, latest: async () => null, saw: async () => {}, mustHold: async () => {}, holds: async () => true, look: async () => {},
  };
  const room = { id: 'd'.repeat(64), envelope: '{}', body: {
    room: ROOM, title: 'Choir board', service_key: service.publicKey, host_keys: [{ key: host.publicKey, holder: 'Miriam' }], gateway_keys: [], ledger: watch.ledger,
    recipients: [{ recipient: (await generateKey()).recipient, holder: 'Miriam', role: 'host' }], conference: null,
  } };
  const request = { id: 'e'.repeat(64), envelope: '{}', body: { recording: RECORDING, key: host.publicKey, scope: ['audio', 'video'], minimum_scope: [], expires_ms: Date.now() + HOUR_MS, delete_after_ms: Date.now() + 24 * HOUR_MS } };

  const world = { sent: [], answers: async () => ({}), started: [] };
  globalThis.fetch = async (path, { body }) => {
    const { envelope } = JSON.parse(body);
    const kind = /unavoce\.(\w+)\.v1/.exec(parseEnvelope(envelope).payloadType)[1];
    const { id } = await openStatement(kind, envelope);
    const { entry, r, proof } = await ledger.append(RECORDING, kind, envelope, id);
    world.sent.push(id);
    const { status = 201 } = await world.answers(kind);
    if (status !== 201) return { ok: false, status, json: async () => ({ code: 'conflict', status, detail: 'no' }) };
    return { ok: true, status, json: async () => ({ id, kind, entry, r, proof, publish: kind === 'approval' ? { url: '/whip/1', token: 't'.repeat(43) } : null, erased: [] }) };
  };

  const store = new Store(initialState(room));
  const media = { camera: { getAudioTracks: () => [], getVideoTracks: () => [] }, screen: null, onChange() {}, close() {}, sent: () => ({ streams: [], picture: 'off' }) };
  const place = { config: { ice_servers: [] }, roomId: ROOM, fingerprint: '', signer, slot: 'slot', name: 'Jonas', role: 'participant', hostSigner: null, ledgers: { of: () => watch, onAlarm() {} } };
  const meeting = new Meeting(place, store, media, {}, null, {});
  meeting.publisher.start = () => world.started.push('started');
  meeting.publisher.stop = () => world.started.push('stopped');
  store.set({ connection: 'connected', participant: ME, session: '2'.repeat(32), request, challenge: toBase64url(randomBytes(32)), answer: 'asked' });
  t.after(async () => { for (const { approval } of await approvalsOf(ROOM)) await forgetApproval(approval); });

  let number = 0;
  /** The service begins a take that names these approvals, beside somebody else's. */
  const take = async (...approvals) => {
    const { envelope } = await signStatement('take', { recording: RECORDING, take: ++number, approvals: [SOMEBODY, ...approvals].sort(), checkpoint: await ledger.head(), key: service.publicKey, start_ms: Date.now() }, service);
    meeting.hear({ type: 'take', envelope });
    await meeting.queue;
  };
  return { world, take, meeting, answering: meeting.answering, state: () => store.state, alarms: () => store.state.alarms.map(({ key }) => key) };
}
const lost = async () => { throw new TypeError('the connection was reset'); };
const held = (world) => {
  let end;
  const answer = new Promise((resolve, reject) => { end = { come: () => resolve({}), fail: () => reject(new TypeError('the connection was reset')) }; });
  world.answers = () => answer;
  return end;
};
const until = async (holds) => { while (!holds()) await new Promise(setImmediate); };

test('an answer whose acknowledgement was lost did arrive: no alarm; the page says so and asks once more, and the next answer is recorded', async (t) => {
  const { world, take, answering, state, alarms } = await asked(t);
  world.answers = lost;
  await assert.rejects(answering.approve(['audio']), { code: 'network' });
  assert.equal(state().answer, 'asked');
  await take(world.sent[0]);
  assert.deepEqual([alarms(), state().halted, state().answer, state().notice.key], [[], false, 'asked', 'problem_answer_arrived']);
  assert.equal(state().take.number, 1, 'the sign shows what is so');
  world.answers = async () => ({});
  await answering.approve(['audio']);
  await take(world.sent[1]);
  assert.deepEqual([alarms(), state().halted, state().answer, world.started.at(-1)], [[], false, 'approved', 'started']);
});

test('what was recorded with it can be taken back, with a key file that is there', async (t) => {
  const { world, take, answering } = await asked(t);
  world.answers = lost;
  await assert.rejects(answering.approve(['audio']));
  assert.deepEqual(await standingApprovals(ROOM), [], 'as long as nothing says that it arrived');
  await take(world.sent[0]);
  assert.deepEqual((await standingApprovals(ROOM)).map(({ approval, recorded }) => [approval, recorded]), [[world.sent[0], true]]);
});

test('the take may also come first: what fails then says that the answer arrived', async (t) => {
  const { world, take, answering, state, alarms } = await asked(t);
  const answer = held(world);
  const failed = assert.rejects(answering.approve(['audio']), { code: 'answer_arrived' });
  await until(() => world.sent.length === 1);
  await take(world.sent[0]);
  assert.deepEqual([alarms(), state().answer], [[], 'sending']);
  answer.fail();
  await failed;
  assert.deepEqual([alarms(), state().halted, state().answer, state().notice.key], [[], false, 'asked', 'problem_answer_arrived']);
});

test('while more is on its way, a take with the approval before it is no alarm; nor is the next one with the new one', async (t) => {
  const { world, take, answering, state, alarms } = await asked(t);
  await answering.approve(['audio']);
  const answer = held(world);
  const more = answering.change(['audio', 'video']);
  await until(() => world.sent.length === 2);
  await take(world.sent[0]);
  assert.deepEqual([alarms(), state().halted, state().answer], [[], false, 'sending']);
  answer.come();
  await more;
  await take(world.sent[1]);
  assert.deepEqual([alarms(), state().answer, state().scope], [[], 'approved', ['audio', 'video']]);
});

test('if the acknowledgement of more is lost, the page asks once more as soon as a take names it; until then the one before holds', async (t) => {
  const { world, take, answering, state, alarms } = await asked(t);
  await answering.approve(['audio']);
  world.answers = lost;
  await assert.rejects(answering.change(['audio', 'video']), { code: 'network' });
  assert.deepEqual([state().answer, state().approval], ['approved', world.sent[0]]);
  await take(world.sent[1]);
  assert.deepEqual([alarms(), state().answer, state().notice.key, world.started.at(-1)], [[], 'asked', 'problem_answer_arrived', 'stopped']);
});

/** What was answered, and what a take names then that records without consent. */
const WITHOUT = {
  'nothing was answered, and it names somebody else': async () => SOMEBODY,
  'the acknowledgement was lost, and it names another approval instead': async ({ world, answering }) => {
    world.answers = lost;
    await assert.rejects(answering.approve(['audio']));
    return 'b'.repeat(64);
  },
  'the service said that it does not take the approval': async ({ world, answering }) => {
    world.answers = async () => ({ status: 409 });
    await assert.rejects(answering.approve(['audio']));
    return world.sent[0];
  },
  'another answer, nothing of the person, was acknowledged since': async ({ world, answering }) => {
    await answering.approve(['audio']);
    await answering.change([]);
    return world.sent[0];
  },
  'another answer was acknowledged after the one that was lost': async ({ world, answering }) => {
    world.answers = lost;
    await assert.rejects(answering.approve(['audio', 'video']));
    world.answers = async () => ({});
    await answering.approve(['audio']);
    return world.sent[0];
  },
  'it was refused since': async ({ world, answering }) => {
    world.answers = async (kind) => (kind === 'approval' ? lost() : {});
    await assert.rejects(answering.approve(['audio']));
    await answering.refuse();
    return world.sent[0];
  },
  'it was taken back since': async ({ world, answering }) => {
    await answering.approve(['audio']);
    await answering.withdraw(RECORDING);
    return world.sent[0];
  },
  'it was given over an earlier connection, and not confirmed over this one': async ({ world, answering }) => {
    world.answers = lost;
    await assert.rejects(answering.approve(['audio']));
    await answering.cameBack();
    return world.sent[0];
  },
  'it has expired since': async ({ world, answering }) => {
    await answering.approve(['audio']);
    answering.expired();
    return world.sent[0];
  },
};
for (const [what, named] of Object.entries(WITHOUT)) test(`a take that records without one's approval is an alarm, and nothing is sent any more: ${what}`, async (t) => {
  const meeting = await asked(t);
  await meeting.take(await named(meeting));
  assert.deepEqual([meeting.alarms(), meeting.state().halted, meeting.world.started.at(-1)], [['alarm_take_without_me'], true, 'stopped']);
});

for (const [scope, remains] of [[['audio'], true], [[], false]]) test(`that a take names an approval is remembered: of ${scope[0] ?? 'nothing of the person'} ${remains ? 'something' : 'nothing'} may be left`, async (t) => {
  const { world, take, answering } = await asked(t);
  await answering.approve(scope);
  const [before] = await approvalsOf(ROOM);
  assert.deepEqual([before.recorded, mayRemain(before)], [undefined, false]);
  await take(world.sent[0]);
  const [kept] = await approvalsOf(ROOM);
  assert.deepEqual([kept.recorded, mayRemain(kept)], [true, remains]);
});
