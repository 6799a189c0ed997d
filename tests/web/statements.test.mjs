// The pure modules: what is signed, read and proved byte by byte (docs/FORMATS.md). Each test is a promise.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const web = (module) => load(`web/src/${module}.ts`);
const { parseStrictJson } = await web('core/json');
const bytes = await web('core/bytes');
const dsse = await web('core/dsse');
const { KeyPairSigner, signerFromSeed } = await web('core/ed25519');
const { shortCode } = await web('core/short_code');
const wrapped = await web('core/wrapped');
const identity = await web('core/identity');
const invitation = await web('core/invitation');
const shape = await web('core/shape');
const { isPlain, plainLine } = await web('core/plain_text');

const ID = '0123456789abcdef0123456789abcdef';
const withdrawal = (key) => ({ recording: ID, key, kinds: ['audio', 'video', 'screen', 'chat'], advance: true, issued_ms: 1_700_000_000_000 });

for (const [what, text] of Object.entries({
  'a duplicate key': '{"a":1,"a":2}', 'a duplicate key in disguise': '{"a":1,"\\u0061":2}', 'a fraction': '{"a":1.5}', 'an exponent': '{"a":1e3}', 'minus zero': '-0',
  'a leading zero': '01', 'an integer above 2^53-1': '9007199254740992', 'something after the value': '{} {}', 'a trailing comma': '[1,]', 'a raw control character': '"a\nb"',
  'half a surrogate pair': '"\\ud800"', 'nothing': '', 'a word': 'NaN', 'nesting too deep': '['.repeat(20) + ']'.repeat(20), 'a byte order mark': '\ufeff{}', 'an open string': '"abc',
})) test(`strict JSON refuses ${what}`, () => assert.throws(() => parseStrictJson(text), { name: 'Malformed' }));

test('strict JSON reads what JSON.parse reads, for the JSON of statements', () => {
  const text = '{"a":[1,-2,9007199254740991],"ü":"\\u00e4\\n\\"😀","n":null,"t":true,"f":false,"o":{},"e":[]}';
  assert.equal(JSON.stringify(parseStrictJson(text)), JSON.stringify(JSON.parse(text)));
});

test('base64 is accepted in its canonical spelling only', () => {
  assert.deepEqual([...bytes.fromBase64('AAE=')], [0, 1]);
  for (const wrong of ['AAF=', 'AAE', 'AA E=', 'AAE-', '=AAE']) assert.throws(() => bytes.fromBase64(wrong), { name: 'Malformed' }, wrong);
  assert.throws(() => bytes.fromBase64url('AAF'), { name: 'Malformed' });
  assert.throws(() => bytes.fromBase64url('AAE='), { name: 'Malformed' });
});

test('PAE is that of the DSSE protocol document', () => {
  assert.equal(bytes.fromUtf8(dsse.pae('http://example.com/HelloWorld', bytes.utf8('hello world'))), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('the key of a seed is that of RFC 8032 section 7.1, test 1', async () => {
  const signer = await signerFromSeed(bytes.fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
  assert.equal(bytes.toHex(bytes.fromBase64url(signer.publicKey)), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
});

test('a signed statement opens again, with the id of its PAE', async () => {
  const signer = await KeyPairSigner.generate();
  const made = await dsse.signStatement('withdrawal', withdrawal(signer.publicKey), signer);
  const read = await dsse.openStatement('withdrawal', made.envelope);
  const { payload } = dsse.parseEnvelope(made.envelope);
  assert.deepEqual(read.body, withdrawal(signer.publicKey));
  assert.equal(read.id, bytes.toHex(await bytes.sha256(dsse.pae('application/vnd.unavoce.withdrawal.v1+json', payload))));
  assert.equal(read.id, made.id);
});

test('a statement changed by one byte, of another kind, or signed by another key than it names is refused', async () => {
  const [signer, other] = await Promise.all([KeyPairSigner.generate(), KeyPairSigner.generate()]);
  const { envelope } = await dsse.signStatement('withdrawal', withdrawal(signer.publicKey), signer);
  const changed = JSON.parse(envelope);
  changed.payload = btoa(atob(changed.payload).replace('"advance":true', '"advance":false'));
  await assert.rejects(dsse.openStatement('withdrawal', JSON.stringify(changed)), { name: 'BadSignature' });
  await assert.rejects(dsse.openStatement('refusal', envelope), { name: 'Malformed' });
  const type = dsse.payloadType('withdrawal');
  const payload = bytes.utf8(JSON.stringify(withdrawal(signer.publicKey)));
  const sig = bytes.toBase64(await other.sign(dsse.pae(type, payload)));
  const forged = JSON.stringify({ payloadType: type, payload: bytes.toBase64(payload), signatures: [{ keyid: other.publicKey, sig }] });
  await assert.rejects(dsse.openStatement('withdrawal', forged), { name: 'BadSignature' });
});

test('a body with an unknown, a missing or a doubled key is refused although its signature holds', async () => {
  const signer = await KeyPairSigner.generate();
  const good = JSON.stringify(withdrawal(signer.publicKey));
  for (const body of [good.replace('{', '{"more":1,'), good.replace('"advance":true,', ''), good.replace('"advance":true', '"advance":false,"advance":true')]) {
    const type = dsse.payloadType('withdrawal');
    const sig = bytes.toBase64(await signer.sign(dsse.pae(type, bytes.utf8(body))));
    const envelope = JSON.stringify({ payloadType: type, payload: bytes.toBase64(bytes.utf8(body)), signatures: [{ keyid: signer.publicKey, sig }] });
    await assert.rejects(dsse.openStatement('withdrawal', envelope), { name: 'Malformed' }, body);
  }
});

test('kinds of media must come in order and once', () => {
  assert.deepEqual(shape.scope(['audio', 'screen'], 'scope'), ['audio', 'screen']);
  assert.throws(() => shape.scope(['video', 'audio'], 'scope'));
  assert.throws(() => shape.scope(['audio', 'audio'], 'scope'));
  assert.deepEqual(shape.inOrder(['screen', 'audio', 'screen']), ['audio', 'screen']);
});

test('the short code depends on the set of approvals, not on their order', async () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  assert.equal(await shortCode([a, b]), await shortCode([b, a]));
  assert.notEqual(await shortCode([a, b]), await shortCode([a]));
  assert.match(await shortCode([a]), /^\d{4} \d{4}$/);
});

const KEY = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX';
test('the document inside W comes back as it went in', () => {
  const inside = { identity: KEY, name: 'Zoë 😀', request: 'f'.repeat(64), participant: 'p'.repeat(43) };
  assert.deepEqual(wrapped.parseWrapped(wrapped.writeWrapped(inside)), inside);
});
test('a name cannot bring a line of its own into W', () => {
  const text = wrapped.writeWrapped({ identity: KEY, name: 'A\nAGE-PLUGIN-EVIL-1\r\u2028B', request: '', participant: '' });
  assert.equal(text.split('\n').length, 5);
  assert.equal(wrapped.parseWrapped(text).name, 'A AGE-PLUGIN-EVIL-1 B');
});
for (const [what, text] of Object.entries({
  'a plugin line': `${KEY}\nAGE-PLUGIN-X-1ABC\n`, 'a second identity': `${KEY}\n${KEY}\n`, 'no identity': '# name: x\n', 'a control character': `${KEY}\n# name: a\u0007b\n`,
  'more than 4 KiB': `${KEY}\n# name: ${'x'.repeat(4096)}\n`, 'a key twice': `${KEY}\n# name: a\n# name: b\n`, 'a carriage return': `${KEY}\r\n# name: x\r\n`,
})) test(`a W with ${what} is refused`, () => assert.throws(() => wrapped.parseWrapped(text), { name: 'Malformed' }));

test('texts that people read before they sign hide and reorder nothing', () => {
  for (const wrong of ['a\nb', 'a\u0000', 'a\u202eb', 'a\u2066b', 'a\u2028', 'a\u0085']) {
    assert.throws(() => shape.text(wrong, 'purpose'), { name: 'Malformed' });
    assert.equal(isPlain(plainLine(wrong, 100)), true);
  }
  assert.equal(shape.text('Größe „schön“ 😀', 'purpose'), 'Größe „schön“ 😀');
  assert.equal(plainLine('  a \n\t b\u202e c ', 4), 'a b');
});

test('room key and key file come back as they were written', () => {
  const room = { room: ID, seed: bytes.randomBytes(32), recipient: 'age1x', identity: KEY };
  assert.deepEqual(identity.parseRoomKey(identity.writeRoomKey(room)), room);
  const file = { recording: ID, approval: 'a'.repeat(64), server: 'https://example.org', withdrawal: '{"ü":1}', identity: KEY, token: null };
  assert.deepEqual(identity.parseKeyFile(identity.writeKeyFile(file)), file);
  assert.equal(identity.parseKeyFile(identity.writeKeyFile({ ...file, identity: null })).identity, null);
  assert.deepEqual(identity.parseKeyFile(identity.writeKeyFile({ ...file, token: 'T'.repeat(43) })), { ...file, token: 'T'.repeat(43) });
  for (const token of ['T', 'T'.repeat(44), `${'T'.repeat(42)} `]) assert.throws(() => identity.parseKeyFile(identity.writeKeyFile({ ...file, token })), { name: 'Malformed' });
  assert.throws(() => identity.parseRoomKey(identity.writeKeyFile(file)), { name: 'Malformed' });
  assert.throws(() => identity.parseKeyFile(identity.writeKeyFile(file) + 'AGE-PLUGIN-X-1ABC\n'), { name: 'Malformed' });
});

test('an invitation is read only with a whole fingerprint', async () => {
  const signer = await KeyPairSigner.generate();
  const link = new URL(await invitation.invitationLink('https://example.org', ID, signer.publicKey));
  assert.deepEqual(invitation.parseInvitation(link.pathname, link.hash), { room: ID, fingerprint: await invitation.fingerprintOf(signer.publicKey) });
  assert.equal(invitation.parseInvitation(link.pathname, link.hash.slice(0, -1)).fingerprint, null);
  assert.equal(invitation.parseInvitation('/r/short', link.hash), null);
});
