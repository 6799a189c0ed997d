// What a page checks before it believes a room, a request, a take or a wrapped key: each thing that can be wrong is refused, and for its own
// reason.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { checkNextRoom, checkRequest, checkRoom, checkRoomAgain, checkTake, opensWith, seenTake } = await load('web/src/room/checks.ts');
const { countersignature, signStatement } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { generateKey, sealTo } = await load('web/src/core/age.ts');
const { sha256, toHex } = await load('web/src/core/bytes.ts');
const { writeWrapped } = await load('web/src/core/wrapped.ts');
const { fingerprintOf } = await load('web/src/core/invitation.ts');

const NOW = 1_700_000_000_000;
const [RECORDING, ROOM, SESSION, OTHER] = ['1', '2', '3', 'f'].map((digit) => digit.repeat(32));
const [owner, host, second, service, stranger] = await Promise.all([1, 2, 3, 4, 5].map(() => KeyPairSigner.generate()));
const room = await signStatement('room', {
  room: ROOM, version: 1, previous: null, title: 'Choir board', controllers: [], authority: '', location: '', processors: [], conference: null, lobby: false,
  withdrawal_erases: 'own_tracks', signing_key: owner.publicKey, host_keys: [{ key: host.publicKey, holder: 'Miriam' }, { key: second.publicKey, holder: 'Paul' }],
  recipients: [], service_key: service.publicKey, ledger: { origin: 'localhost/unavoce', vkey: '' }, witness_policy: '', gateway_keys: [], issued_ms: NOW,
}, owner);

const fingerprint = await fingerprintOf(owner.publicKey);

/** The room's statement with this changed, signed by `signer`; by itself the one after `room`. */
const statement = ({ signer = owner, body = {} } = {}) =>
  signStatement('room', { ...room.body, version: 2, previous: room.id, signing_key: signer.publicKey, ...body }, signer);

test('a room is taken as the link names it, and later as this page knows it or as it went on', async () => {
  assert.equal((await checkRoom(room.envelope, ROOM, fingerprint)).id, room.id);
  assert.equal((await checkRoomAgain(room.envelope, room, fingerprint)).id, room.id);
  const next = await statement();
  for (const check of [checkNextRoom, checkRoomAgain]) assert.equal((await check(next.envelope, room, fingerprint)).id, next.id);
  const later = await statement({ body: { version: 7, previous: 'f'.repeat(64) } }); // those between were made in its absence
  assert.equal((await checkRoomAgain(later.envelope, room, fingerprint)).id, later.id);
});

for (const [what, made, error, checks = [checkNextRoom, checkRoomAgain]] of [
  ['that another key signed', { signer: stranger }, { name: 'BadSignature', message: /another key than the invitation/ }],
  ['that the service signed itself', { signer: service }, { name: 'BadSignature', message: /another key than the invitation/ }],
  ['of another room', { body: { room: OTHER } }, { name: 'Malformed', message: /another room/ }],
  ['that follows another one', { body: { previous: 'f'.repeat(64) } }, { name: 'Malformed', message: /does not continue/ }],
  ['of the same version that says something else', { body: { version: 1, previous: null, title: 'Another' } }, { name: 'Malformed', message: /older statement/ }, [checkRoomAgain]],
]) for (const check of checks) test(`a statement ${what} is refused in the place of the room (${check.name})`, async () => {
  await assert.rejects(check((await statement(made)).envelope, room, fingerprint), error);
});

test('after an absence the room is not taken back to an older statement, and no next one leaves one out', async () => {
  const known = await statement();
  await assert.rejects(checkRoomAgain(room.envelope, known, fingerprint), { name: 'Malformed', message: /older statement/ });
  const skipping = await statement({ body: { version: 3 } });
  await assert.rejects(checkNextRoom(skipping.envelope, room, fingerprint), { name: 'Malformed', message: /does not continue/ });
});

/** A request to record as the service announces it, signed by `signer`. */
async function announced({ signer = host, body = {}, notice = {} } = {}) {
  const { id, envelope } = await signStatement('request', {
    recording: RECORDING, room: ROOM, room_statement: room.id, session: SESSION, purpose: 'Minutes', scope: ['audio'], minimum_scope: [], delete_after_ms: NOW + 2_000,
    names_refusals: false, notice: { version: 2, language: 'en', sha256: 'a'.repeat(64) }, page_sha256: '', key: signer.publicKey, issued_ms: NOW - 1_000, expires_ms: NOW + 1_000, ...body,
  }, signer);
  return { id, envelope, recording: RECORDING, ...notice };
}

test('a request is taken from each host of the room', async () => {
  for (const signer of [host, second]) assert.equal((await checkRequest(await announced({ signer }), room, SESSION, NOW)).body.key, signer.publicKey);
});

for (const [what, made, error] of [
  ['that no host of the room signed', { signer: stranger }, { name: 'BadSignature', message: /not signed by a host/ }],
  ['that the service signed itself', { signer: service }, { name: 'BadSignature', message: /not signed by a host/ }],
  ['for another session', { body: { session: OTHER } }, { name: 'Malformed', message: /another session/ }],
  ['for another room', { body: { room: OTHER } }, { name: 'Malformed', message: /another room/ }],
  ['for another version of the room', { body: { room_statement: 'f'.repeat(64) } }, { name: 'Malformed', message: /another version/ }],
  ['that has expired', { body: { expires_ms: NOW } }, { name: 'Malformed', message: /has expired/ }],
  ['that lasts beyond the day of erasure', { body: { delete_after_ms: NOW + 999 } }, { name: 'Malformed', message: /after it must be deleted/ }],
  ['announced under another id', { notice: { id: 'f'.repeat(64) } }, { name: 'Malformed', message: /under another id/ }],
  ['announced for another recording', { notice: { recording: OTHER } }, { name: 'Malformed', message: /under another id/ }],
]) test(`a request ${what} is refused`, async () => assert.rejects(checkRequest(await announced(made), room, SESSION, NOW), error));

/** A take signed by `signer` and, if there is one, countersigned by `by`. */
async function made({ signer = service, by = null, body = {} } = {}) {
  const { envelope } = await signStatement('take', {
    recording: RECORDING, take: 1, approvals: ['a'.repeat(64)], checkpoint: { size: 3, root: 'b'.repeat(64) }, key: signer.publicKey, start_ms: NOW, ...body,
  }, signer);
  if (by === null) return envelope;
  const { signatures, ...rest } = JSON.parse(envelope);
  return JSON.stringify({ ...rest, signatures: [...signatures, await countersignature(envelope, by)] });
}

test('a take of the service is taken, and whether a host of the room countersigned it is seen', async () => {
  for (const [by, countersigned] of [[null, false], [host, true], [second, true]]) {
    const seen = await seenTake(await checkTake(await made({ by }), room, RECORDING));
    assert.deepEqual([seen.number, seen.countersigned], [1, countersigned]);
  }
});

for (const [what, take, error] of [
  ['signed by another key than the service’s', { signer: stranger }, { name: 'BadSignature', message: /another service/ }],
  ['that a host signed in place of the service', { signer: host }, { name: 'BadSignature', message: /another service/ }],
  ['countersigned by a stranger', { by: stranger }, { name: 'BadSignature', message: /no host/ }],
  ['that the service countersigned itself', { by: service }, { name: 'BadSignature', message: /no host/ }],
  ['of another recording', { body: { recording: OTHER }, by: host }, { name: 'Malformed', message: /another recording/ }],
]) test(`a take ${what} is refused`, async () => assert.rejects(checkTake(await made(take), room, RECORDING), error));

test('a take whose countersignature does not hold is refused', async () => {
  const [envelope, another] = await Promise.all([made(), made({ body: { take: 2 } })]);
  const { signatures, ...rest } = JSON.parse(envelope);
  const forged = JSON.stringify({ ...rest, signatures: [...signatures, await countersignature(another, host)] });
  await assert.rejects(checkTake(forged, room, RECORDING), { name: 'BadSignature', message: /does not hold/ });
});

const [roomKey, consentKey, otherKey] = await Promise.all([1, 2, 3].map(() => generateKey()));
const inside = { identity: consentKey.identity, name: 'Jonas', request: 'a'.repeat(64), participant: stranger.publicKey };
/** Whether the host's page finds that the room key opens what the participant wrapped and signed. */
async function opens(change = {}, recipient = roomKey.recipient, signed = {}) {
  const wrapped = await sealTo([recipient], writeWrapped({ ...inside, ...change }));
  const approval = { recording: RECORDING, request: inside.request, key: inside.participant, consent_recipient: consentKey.recipient, wrapped_sha256: toHex(await sha256(wrapped)), ...signed };
  return opensWith(roomKey.identity, wrapped, approval);
}

test('a wrapped key of this approval opens with the room key', async () => assert.equal(await opens(), true));

for (const [what, change] of [
  ['another key inside than the recording is sealed to', { identity: otherKey.identity }],
  ['the key for another request inside', { request: 'b'.repeat(64) }],
  ['the key of another participant inside', { participant: host.publicKey }],
]) test(`a wrapped key with ${what} does not count as one that opens, although it was signed and decrypts`, async () => assert.equal(await opens(change), false));

test('a wrapped key that is not the one signed, or is sealed to somebody else, does not count as one that opens', async () => {
  assert.equal(await opens({}, roomKey.recipient, { wrapped_sha256: 'c'.repeat(64) }), false);
  await assert.rejects(opens({}, otherKey.recipient));
});
