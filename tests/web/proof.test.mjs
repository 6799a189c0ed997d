// The acknowledgement's proof: every entry of trees of every small size proves itself, and nothing else passes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { MockLedger, path, root } = await load('tests/web/mock/ledger.ts');
const proof = await load('web/src/core/proof.ts');
const merkle = await load('web/src/core/merkle.ts');
const { utf8, toHex, toBase64, fromBase64 } = await load('web/src/core/bytes.ts');
const REC = '0123456789abcdef0123456789abcdef';

test('RFC 6962: the root of the seven-leaf reference tree', async () => {
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  const hashes = await Promise.all(leaves.map((hex) => merkle.leafHash(Uint8Array.from(hex.match(/../g) ?? [], (x) => parseInt(x, 16)))));
  assert.equal(toHex(await root(hashes)), 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c');
});

test('every leaf of every tree up to 20 leaves leads to the root, and under no other index', async () => {
  const leaves = await Promise.all(Array.from({ length: 20 }, (_, i) => merkle.leafHash(utf8(`leaf ${i}`))));
  for (let size = 1; size <= leaves.length; size++) {
    const tree = leaves.slice(0, size);
    const want = toHex(await root(tree));
    for (let index = 0; index < size; index++) {
      const hashes = await path(index, tree);
      assert.equal(toHex(await merkle.rootOfInclusion(leaves[index], index, size, hashes)), want, `${index} of ${size}`);
      const moved = await merkle.rootOfInclusion(leaves[index], (index + 1) % size, size, hashes).then(toHex, () => 'refused');
      if (size > 1) assert.notEqual(moved, want, `${index} of ${size}, moved`);
      await assert.rejects(merkle.rootOfInclusion(leaves[index], index, size, [...hashes, leaves[0]]), { name: 'Malformed' });
    }
  }
});

async function acknowledged() {
  const ledger = await MockLedger.create('example.org/log');
  for (let i = 0; i < 5; i++) await ledger.append(REC, 'refusal', `{"n":${i}}`, `id${i}`);
  const entry = await ledger.append(REC, 'approval', '{"mine":true}', 'mine');
  return { ledger, entry, name: { origin: ledger.origin, vkey: ledger.vkey } };
}

test('an honest acknowledgement is accepted', async () => {
  const { entry, name } = await acknowledged();
  const { entry: told, head } = await proof.checkAcknowledgement(entry, '{"mine":true}', name);
  assert.equal(told.kind, 'approval');
  assert.equal(head.size, 6);
});

test('an acknowledgement of another statement, with another opening, proof or ledger key is refused', async () => {
  const { ledger, entry, name } = await acknowledged();
  const other = await MockLedger.create('example.org/log');
  const check = (change, envelope = '{"mine":true}', ledgerName = name) => proof.checkAcknowledgement({ ...entry, ...change }, envelope, ledgerName);
  await assert.rejects(check({}, '{"mine":false}'), { name: 'Malformed' });
  await assert.rejects(check({ r: toBase64(new Uint8Array(32)) }), { name: 'Malformed' });
  await assert.rejects(check({ proof: ledger.entries[0].proof }), { name: 'Malformed' });
  await assert.rejects(check({}, '{"mine":true}', { origin: name.origin, vkey: other.vkey }), { name: 'BadSignature' });
  await assert.rejects(check({}, '{"mine":true}', { origin: 'example.org/other', vkey: name.vkey }), { name: 'Malformed' });
  await assert.rejects(check({ proof: entry.proof.replace('\n6\n', '\n7\n') }), { name: 'BadSignature' });
  await assert.rejects(check({ proof: entry.proof.replace('index 5', 'index 05') }), { name: 'Malformed' });
});

test('signatures of others on a checkpoint do not disturb', async () => {
  const { ledger, name } = await acknowledged();
  const note = (await ledger.checkpoint()) + `\u2014 witness.example ${toBase64(fromBase64('AAAA'.repeat(20)))}\n`;
  assert.equal((await proof.openCheckpoint(note, name)).size, 6);
});
