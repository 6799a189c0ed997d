// The acknowledgement's proof: every entry of trees of every small size proves itself, and nothing else passes. The same of what was seen.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { MockLedger, consistency, path, root } = await load('tests/web/mock/ledger.ts');
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

const headOf = async (leaves) => ({ size: leaves.length, root: toHex(await root(leaves)) });
/** What the page makes of a proof; one that is not even a proof is refused. */
const begins = (seen, now, hashes) => proof.isBeginning(seen, now, hashes.map((hash) => `${toBase64(hash)}\n`).join('')).catch((error) => {
  assert.equal(error.name, 'Malformed', error.stack);
  return false;
});
const flipped = (bytes) => bytes.map((byte, i) => (i === 7 ? byte ^ 4 : byte));

test('every tree up to 20 leaves is shown to begin with every smaller one, and with no other', async () => {
  const leaves = await Promise.all(Array.from({ length: 20 }, (_, i) => merkle.leafHash(utf8(`leaf ${i}`))));
  for (let size = 2; size <= leaves.length; size++) {
    const now = await headOf(leaves.slice(0, size));
    for (let old = 1; old < size; old++) {
      const seen = await headOf(leaves.slice(0, old));
      const hashes = await consistency(old, leaves.slice(0, size));
      const what = `${old} of ${size}`;
      assert.equal(await begins(seen, now, hashes), true, what);
      assert.equal(await begins({ ...seen, root: toHex(leaves[19]) }, now, hashes), false, `${what}, another old root`);
      assert.equal(await begins(seen, { ...now, root: toHex(leaves[19]) }, hashes), false, `${what}, another new root`);
      for (const i of hashes.keys()) assert.equal(await begins(seen, now, hashes.map((hash, j) => (j === i ? flipped(hash) : hash))), false, `${what}, hash ${i} changed`);
      for (const wrong of [hashes.slice(0, -1), hashes.slice(1), [...hashes, leaves[0]]]) assert.equal(await begins(seen, now, wrong), false, `${what}, ${wrong.length} hashes`);
    }
  }
});

test('a state of the same size or of nothing needs no proof, and a larger one has none', async () => {
  const leaves = await Promise.all(['a', 'b', 'c'].map((text) => merkle.leafHash(utf8(text))));
  const now = await headOf(leaves);
  assert.equal(await begins(now, now, []), true);
  assert.equal(await begins({ ...now, root: toHex(leaves[0]) }, now, []), false);
  assert.equal(await begins(await headOf([]), now, []), true);
  assert.equal(await begins({ size: 0, root: toHex(leaves[0]) }, now, []), false);
  assert.equal(await begins({ ...now, size: 4 }, now, []), false);
});

test('the text of a consistency proof has one spelling', async () => {
  const leaves = await Promise.all(['a', 'b', 'c'].map((text) => merkle.leafHash(utf8(text))));
  const [seen, now] = [await headOf(leaves.slice(0, 2)), await headOf(leaves)];
  const right = `${toBase64(leaves[2])}\n`;
  assert.equal(await proof.isBeginning(seen, now, right), true);
  for (const text of ['', '\n', right.trimEnd(), `${right}\n`, `\n${right}`, ` ${right}`, right.replace('\n', '\r\n'), right.replace('=', ''), `${toBase64(leaves[2].slice(1))}\n`, right.repeat(64)])
    await assert.rejects(proof.isBeginning(seen, now, text), { name: 'Malformed' }, JSON.stringify(text));
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
