// Whether a ledger only grew: the tree of a checkpoint seen earlier is the beginning of the tree of a later one (RFC 6962 section 2.1.2),
// shown from the later one's public tiles, O(log n) of them. Both checkpoints must have been opened with the ledger's key.
import { sha256, toHex, type Bytes } from "./bytes.ts";
import { nodeHash } from "./merkle.ts";
import type { TreeHead } from "./statements.ts";
import { splitOf, type TiledTree } from "./tiles.ts";

/** `garbled`: the tiles do not lead to the root of their own checkpoint, so they say nothing about the earlier one. */
export type Growth = "grew" | "forked" | "garbled";

export async function growth(seen: TreeHead, now: TreeHead, tree: TiledTree): Promise<Growth> {
  if (seen.size > now.size || tree.size !== now.size) throw new RangeError("growth is asked of the larger tree and its tiles");
  if (seen.size === now.size) return seen.root === now.root ? "grew" : "forked";
  if (seen.size === 0) return seen.root === toHex(await sha256(new Uint8Array())) ? "grew" : "forked";
  const roots = await bothRoots(tree, 0, now.size, seen.size);
  if (toHex(roots.now) !== now.root) return "garbled";
  return toHex(roots.seen) === seen.root ? "grew" : "forked";
}

/**
 * Both trees' roots over the leaves from `begin` on, the smaller one ending at `seen`. They are made from the same hashes: what leads to
 * the later root, and was therefore signed, is what the earlier root is made from.
 */
async function bothRoots(tree: TiledTree, begin: number, end: number, seen: number): Promise<{ seen: Bytes; now: Bytes }> {
  if (end === seen) {
    const root = await tree.root(begin, end);
    return { seen: root, now: root };
  }
  const middle = begin + splitOf(end - begin);
  if (seen <= middle) {
    const [left, right] = await Promise.all([bothRoots(tree, begin, middle, seen), tree.root(middle, end)]);
    return { seen: left.seen, now: await nodeHash(left.now, right) };
  }
  const [left, right] = await Promise.all([tree.root(begin, middle), bothRoots(tree, middle, end, seen)]);
  return { seen: await nodeHash(left, right.seen), now: await nodeHash(left, right.now) };
}
