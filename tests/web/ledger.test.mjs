// That a ledger only grew, from its public tiles alone; and what a browser concludes from what it saw.
import test from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './bundle.mjs';

// The same hash, but not a thread's work each time: trees are made here by the hundred.
Object.defineProperty(crypto.subtle, 'digest', { value: async (name, bytes) => Uint8Array.from(createHash(name.replace('-', '')).update(bytes).digest()).buffer });

const { tileOf } = await load('tests/web/mock/ledger.ts');
const { TiledTree, tilePath, tileWidth } = await load('web/src/core/tiles.ts');
const { growth } = await load('web/src/core/growth.ts');
const { leafHash, nodeHash } = await load('web/src/core/merkle.ts');
const { openCheckpoint } = await load('web/src/core/proof.ts');
const { utf8, toHex, sha256 } = await load('web/src/core/bytes.ts');
const memory = await load('web/src/ledger/memory.ts');
const { LedgerWatch } = await load('web/src/ledger/watch.ts');

/** RFC 6962 section 2.1, word for word, and remembered. */
const known = new Map();
async function mth(leaves, begin, end, history) {
  if (begin === end) return sha256(new Uint8Array());
  if (end - begin === 1) return leaves[begin];
  const key = `${history} ${begin} ${end}`;
  if (known.has(key)) return known.get(key);
  let k = 1;
  while (k * 2 < end - begin) k *= 2;
  const root = await nodeHash(await mth(leaves, begin, begin + k, history), await mth(leaves, begin + k, end, history));
  known.set(key, root);
  return root;
}
const LEAVES = 1400;
const FORK = 300;
const honest = await Promise.all(Array.from({ length: LEAVES }, (_, i) => leafHash(utf8(`leaf ${i}`))));
const forked = await Promise.all(honest.map((leaf, i) => (i < FORK ? leaf : leafHash(utf8(`other ${i}`)))));
const headOf = async (leaves, size, history = 'honest') => ({ size, root: toHex(await mth(leaves, 0, size, history)) });
/** Tiles of the tree of `size` leaves; counts them. */
function tilesOf(leaves, size) {
  const asked = [];
  const made = new Map();
  return { asked, fetch: async (path) => {
    asked.push(path);
    if (!made.has(path)) made.set(path, tileOf(leaves.slice(0, size), path));
    const tile = await made.get(path);
    assert.ok(tile, `${path} is in the tree of ${size}`);
    return tile.slice();
  } };
}
const sizes = [...new Set([0, 1, 2, 3, 7, 8, 100, 255, 256, 257, 300, 301, 512, 513, 768, 1025, 1400,
  ...Array.from({ length: 4 }, () => Math.floor(Math.random() * LEAVES))])].sort((a, b) => a - b);

test('a tile has the one address that tlog-tiles gives it', () => {
  for (const [path, parts] of Object.entries({ '0/x001/x234/067': [0, 1234067, 256], '0/000': [0, 0, 256], '0/273.p/112': [0, 273, 112], '5/001.p/1': [5, 1, 1], '0/x001/000': [0, 1000, 256], '1/x999/x999/999': [1, 999999999, 256] })) assert.equal(tilePath(...parts), path);
  assert.deepEqual([[0, 0, 0], [255, 0, 0], [256, 0, 0], [256, 0, 1], [256, 1, 0], [255, 1, 0], [70000, 0, 273], [70000, 2, 0], [2 ** 53 - 1, 6, 0]].map((args) => tileWidth(...args)), [0, 255, 256, 0, 1, 0, 112, 1, 31]);
});

test('every smaller tree is the beginning of every larger one, from a few tiles', async () => {
  for (const now of sizes) {
    const head = await headOf(honest, now);
    const tiles = tilesOf(honest, now);
    const tree = new TiledTree(now, tiles.fetch);
    for (const seen of sizes.filter((size) => size <= now)) assert.equal(await growth(await headOf(honest, seen), head, tree), 'grew', `${seen} of ${now}`);
    assert.ok(new Set(tiles.asked).size === tiles.asked.length, 'each tile is asked for once');
    const one = tilesOf(honest, now);
    if (now > 1) await growth(await headOf(honest, Math.floor(now / 2)), head, new TiledTree(now, one.fetch));
    assert.ok(one.asked.length <= 4, `${one.asked.length} tiles at ${now}`);
  }
});

test('a checkpoint of another history is found, whatever the sizes; before the fork both have the same past', async () => {
  for (const now of sizes) {
    const head = await headOf(forked, now, 'forked');
    const tree = new TiledTree(now, tilesOf(forked, now).fetch);
    for (const seen of sizes.filter((size) => size <= now)) assert.equal(await growth(await headOf(honest, seen), head, tree), seen > FORK ? 'forked' : 'grew', `${seen} of ${now}`);
  }
});

test('tiles that do not lead to their own checkpoint prove nothing, not even one changed byte of those that are needed', async () => {
  const [seen, now] = [await headOf(honest, 700), await headOf(honest, 1400)];
  const all = tilesOf(honest, 1400);
  await growth(seen, now, new TiledTree(1400, all.fetch));
  for (const wrong of [...all.asked]) {
    for (let i = 0; i < 6; i++) {
      const at = Math.floor(Math.random() * 8192);
      const verdict = await growth(seen, now, new TiledTree(1400, async (path) => {
        const tile = await all.fetch(path);
        if (path === wrong) tile[at % tile.length] ^= 1;
        return tile;
      }));
      assert.notEqual(verdict, 'forked', 'a damaged tile is no fork');
    }
  }
  assert.equal(await growth(seen, now, new TiledTree(1400, (path) => tileOf(forked, path))), 'garbled');
  await assert.rejects(growth(seen, now, new TiledTree(1400, async (path) => (await all.fetch(path)).slice(32))), { name: 'Malformed' });
});

test('a ledger of a million entries takes a handful of tiles', async () => {
  const asked = [];
  // All leaves alike: the root of a complete subtree depends on its height alone.
  const complete = [honest[0]];
  for (let height = 1; height <= 24; height++) complete.push(await nodeHash(complete[height - 1], complete[height - 1]));
  const fetch = async (path) => {
    asked.push(path);
    const [, level, width] = /^(\d+)\/[x\d/]+(?:\.p\/(\d+))?$/.exec(path);
    return Uint8Array.from(Array.from({ length: Number(width ?? 256) }, () => [...complete[Number(level) * 8]]).flat());
  };
  const root = async (n) => { let [hash, at] = [null, n]; for (let height = 0; at > 0; height++, at = Math.floor(at / 2)) if (at % 2 === 1) hash = hash ? await nodeHash(complete[height], hash) : complete[height]; return toHex(hash); };
  const [seen, now] = [777_777, 1_234_567];
  assert.equal(await growth({ size: seen, root: await root(seen) }, { size: now, root: await root(now) }, new TiledTree(now, fetch)), 'grew');
  assert.ok(asked.length <= 6, asked.join());
  assert.equal(await growth({ size: seen, root: await root(seen + 1) }, { size: now, root: await root(now) }, new TiledTree(now, fetch)), 'forked');
});

// What the service's own code publishes, if it was built: `ledger_files` writes it to a folder.
const writer = process.env.UNAVOCE_LEDGER_FILES ?? new URL('../../build/ci/tests/tlog/ledger_files', import.meta.url).pathname;
test('the ledger that the service writes is read as it is meant', { skip: existsSync(writer) ? false : 'ledger_files was not built' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'unavoce-ledger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync(writer, [folder]);
  const name = { origin: 'example.org/unavoce/test', vkey: readFileSync(join(folder, 'vkey'), 'utf8').trim() };
  const head = (state) => openCheckpoint(readFileSync(join(folder, state, 'checkpoint'), 'utf8'), name);
  const tree = async (state) => new TiledTree((await head(state)).size, async (path) => new Uint8Array(readFileSync(join(folder, state, 'tile', path))));
  const states = ['1', '3', '255', '256', '300', '1025'];
  for (const now of states) for (const seen of states.filter((size) => Number(size) <= Number(now))) assert.equal(await growth(await head(seen), await head(now), await tree(now)), 'grew', `${seen} of ${now}`);
  for (const seen of states) assert.equal(await growth(await head(seen), await head('forked'), await tree('forked')), 'forked', `${seen} of the forked one`);
});

/** A browser with its memory, a clock of its own, and a published ledger that can be changed. */
function world() {
  const state = { now: 1_700_000_000_000, kept: new Map(), timers: [], looks: 0, size: 0, leaves: honest, history: 'honest', down: false, alarms: [] };
  const change = async (key, make) => { const next = make(structuredClone(state.kept.get(key) ?? memory.NOTHING_SEEN)); state.kept.set(key, structuredClone(next)); return next; };
  const outside = {
    store: { read: async (key) => structuredClone(state.kept.get(key) ?? memory.NOTHING_SEEN), change },
    published: {
      checkpoint: async () => { state.looks++; if (state.down) throw new Error('not there'); return { ...(await headOf(state.leaves, state.size, state.history)), note: `note of ${state.size}` }; },
      tile: async (path) => { const tile = await tileOf(state.leaves.slice(0, state.size), path); if (!tile) throw new Error('404'); return state.damage ? state.damage(tile) : tile; },
    },
    now: () => state.now, later: (ms, work) => state.timers.push({ at: state.now + ms, work }), random: () => 0.5,
  };
  const ledger = { origin: 'example.org/log', vkey: 'example.org/log+1+key' };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2));
  return {
    state, settle,
    page: () => new LedgerWatch(ledger, outside, ({ kind }) => state.alarms.push(kind)),
    shown: async (size, history = 'honest') => ({ ...(await headOf(history === 'honest' ? honest : forked, size, history)), note: null }),
    async pass(ms) {
      const until = state.now + ms;
      for (;;) {
        const next = state.timers.sort((a, b) => a.at - b.at)[0];
        if (!next || next.at > until) break;
        state.timers.shift();
        state.now = next.at;
        next.work();
        await settle();
      }
      state.now = until;
    },
    memory: () => state.kept.get(ledger.vkey),
  };
}
const MINUTE = 60_000;

test('a ledger that grows as it should raises nothing; it is looked at once a minute at most, and only while a checkpoint waits', async () => {
  const w = world();
  const page = w.page();
  await page.start();
  assert.equal(w.state.looks, 0, 'nothing seen, nothing to look for');
  for (const size of [10, 12, 11]) await page.saw(await w.shown(size), null); // an answer may be overtaken
  w.state.size = 12;
  await w.pass(3 * MINUTE);
  assert.equal(w.state.looks, 1);
  await w.pass(60 * MINUTE);
  assert.equal(w.state.looks, 1);
  assert.deepEqual(w.memory().heads.map(({ size, proven }) => [size, proven]), [[12, true]]);
  await page.saw(await w.shown(400), await page.asking());
  w.state.size = 390; // published later than shown
  await w.pass(1.5 * MINUTE);
  assert.equal(w.state.looks, 2);
  w.state.size = 500;
  await w.pass(60 * MINUTE);
  assert.equal(w.state.looks, 3);
  assert.deepEqual(w.state.alarms, []);
  assert.ok(await page.holds());
});

test('a page that comes back looks at once for what was seen on an earlier visit', async () => {
  const w = world();
  await w.page().saw(await w.shown(310), null);
  w.state.now += 7 * 24 * 60 * MINUTE;
  Object.assign(w.state, { leaves: forked, history: 'forked', size: 900 });
  const page = w.page();
  await page.start();
  assert.deepEqual(w.state.alarms, ['forked']);
  await assert.rejects(page.mustHold(), { code: 'ledger_falsified' });
  const { alarm } = w.memory();
  assert.deepEqual([alarm.seen.size, alarm.shown.size, alarm.shown.note], [310, 900, 'note of 900']);
});

test('an alarm stays: a later page tells it, and a ledger that looks right again changes nothing', async () => {
  const w = world();
  const page = w.page();
  await page.saw(await w.shown(400), null);
  await page.saw(await w.shown(400, 'forked'), null);
  assert.deepEqual(w.state.alarms, ['forked']);
  await w.page().start();
  assert.deepEqual(w.state.alarms, ['forked', 'forked']);
  w.state.size = 500;
  await w.pass(100 * MINUTE);
  assert.equal(w.state.looks, 0, 'there is nothing more to look for');
  assert.equal(await w.page().holds(), false);
});

test('an answer that shows less than was known when it was asked for is a rollback; one that was overtaken is not', async () => {
  const w = world();
  const page = w.page();
  const early = await page.asking();
  await page.saw(await w.shown(50), null);
  await page.saw(await w.shown(49), early);
  assert.deepEqual(w.state.alarms, []);
  await page.saw(await w.shown(48), await page.asking());
  assert.deepEqual(w.state.alarms, ['rolled_back']);
});

test('a published ledger that goes on without what was shown was rolled back', async () => {
  const w = world();
  await w.page().saw(await w.shown(100), null);
  w.state.size = 90;
  await w.pass(2 * MINUTE);
  assert.deepEqual(w.state.alarms, [], 'it may only be late');
  w.state.size = 95;
  await w.pass(2 * MINUTE);
  assert.deepEqual(w.state.alarms, ['rolled_back']);
});

test('a published ledger that never reaches what was shown is waited for as long as a service may take, not for ever', async () => {
  const w = world();
  await w.page().saw(await w.shown(100), null);
  w.state.size = 90;
  await w.pass(60 * MINUTE);
  assert.deepEqual(w.state.alarms, []);
  assert.ok(w.state.looks <= 60);
  await w.pass(8 * MINUTE);
  assert.deepEqual(w.state.alarms, ['rolled_back']);
});

test('a published ledger that becomes shorter than it was published before was rolled back', async () => {
  const w = world();
  await w.page().saw(await w.shown(100), null);
  w.state.size = 100;
  await w.pass(2 * MINUTE);
  w.state.size = 80;
  await w.pass(48 * 60 * MINUTE);
  await w.page().start();
  assert.deepEqual(w.state.alarms, [], 'once may be a mistake');
  await w.pass(2 * MINUTE);
  assert.deepEqual(w.state.alarms, ['rolled_back']);
});

test('a ledger that cannot be reached is no alarm, is asked more and more rarely, and is looked at when it is back', async (t) => {
  const w = world();
  t.mock.method(console, 'warn', () => undefined);
  await w.page().saw(await w.shown(310), null);
  w.state.down = true;
  await w.pass(24 * 60 * MINUTE);
  assert.deepEqual(w.state.alarms, []);
  assert.ok(w.state.looks > 20 && w.state.looks < 100, `${w.state.looks} looks in a day`);
  Object.assign(w.state, { down: false, leaves: forked, history: 'forked', size: 900 });
  await w.pass(20 * MINUTE);
  assert.deepEqual(w.state.alarms, ['forked']);
});

test('tiles that do not fit their checkpoint are an alarm only when it happens again', async () => {
  const w = world();
  await w.page().saw(await w.shown(310), null);
  Object.assign(w.state, { size: 900, damage: (tile) => tile.map((byte) => byte ^ 1) });
  await w.pass(1.5 * MINUTE);
  assert.deepEqual(w.state.alarms, []);
  await w.pass(1.5 * MINUTE);
  assert.deepEqual(w.state.alarms, ['forked']);
});

test('several tabs share the looks and the alarm', async () => {
  const w = world();
  const tabs = [w.page(), w.page(), w.page()];
  for (const tab of tabs) await tab.saw(await w.shown(310), null);
  w.state.size = 400;
  await w.pass(1.5 * MINUTE);
  assert.equal(w.state.looks, 1);
  await tabs[0].saw(await w.shown(400, 'forked'), null);
  assert.equal(await tabs[1].holds(), false);
});

test('what is remembered is bounded', async () => {
  let known = memory.NOTHING_SEEN;
  for (let size = 1; size <= 300; size++) known = memory.remember(known, { ...(await headOf(honest, size)), note: null }, null, 0);
  assert.ok(known.heads.length <= 64);
  assert.deepEqual([known.heads[0].size, memory.largest(known).size], [1, 300]);
});

