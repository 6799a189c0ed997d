// RFC 6962 section 2.1 hashing and the check of an inclusion proof (RFC 9162 section 2.1.3.2).
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
