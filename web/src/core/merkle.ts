// RFC 6962 section 2.1 hashing, and where an inclusion proof (RFC 9162 section 2.1.3.2) and a consistency proof (2.1.4.2) lead to.
// Division instead of shifts: sizes go to 2^53-1, bit operators to 2^32.
import { concat, Malformed, sha256, type Bytes } from "./bytes.ts";

export const leafHash = (leaf: Uint8Array): Promise<Bytes> => sha256(concat(new Uint8Array([0]), leaf));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> => sha256(concat(new Uint8Array([1]), left, right));

/** The root that a proof leads to; whoever calls compares it with a root they trust. */
export async function rootOfInclusion(leaf: Bytes, index: number, size: number, proof: Bytes[]): Promise<Bytes> {
  if (index >= size) throw new Malformed("the proof's index lies outside the tree");
  let at = index;
  let last = size - 1;
  let root = leaf;
  for (const hash of proof) {
    if (last === 0) throw new Malformed("the proof is too long");
    if (at % 2 === 1 || at === last) {
      root = await nodeHash(hash, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = await nodeHash(root, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Malformed("the proof is too short");
  return root;
}

/**
 * The roots of the tree of `old` leaves and of the one of `size` that a consistency proof leads to, 0 < old < size; whoever calls compares
 * both with roots they trust. `oldRoot` is what the old one is said to be; it is used where the proof leaves it out.
 */
export async function rootsOfConsistency(old: number, size: number, proof: Bytes[], oldRoot: Bytes): Promise<{ seen: Bytes; now: Bytes }> {
  if (old <= 0 || old >= size) throw new Malformed("a consistency proof leads from a smaller tree to a larger one");
  let at = old - 1;
  let last = size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  const [first, ...rest] = at === 0 ? [oldRoot, ...proof] : proof; // a complete old tree is a node of the new one
  if (!first) throw new Malformed("the consistency proof is too short");
  let seen = first;
  let now = first;
  for (const hash of rest) {
    if (last === 0) throw new Malformed("the consistency proof is too long");
    if (at % 2 === 1 || at === last) {
      seen = await nodeHash(hash, seen);
      now = await nodeHash(hash, now);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      now = await nodeHash(now, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Malformed("the consistency proof is too short");
  return { seen, now };
}
