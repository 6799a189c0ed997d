// The last checkpoint seen of each ledger. A ledger that shrinks, or shows another root at the same size, was rolled back or forked.
import type { TreeHead } from "../core/statements.ts";
import { Table } from "./database.ts";

const table = new Table<TreeHead>("checkpoints");

export type Pinned = "first" | "same" | "newer" | "older" | "forked";

/** How a checkpoint stands to the one pinned before. */
export function compareHeads(pinned: TreeHead | undefined, seen: TreeHead): Pinned {
  if (!pinned) return "first";
  if (seen.size < pinned.size) return "older";
  if (seen.size > pinned.size) return "newer";
  return seen.root === pinned.root ? "same" : "forked";
}

export async function pinCheckpoint(origin: string, seen: TreeHead): Promise<Pinned> {
  const verdict = compareHeads(await table.get(origin), seen);
  if (verdict === "first" || verdict === "newer") await table.put(origin, seen);
  return verdict;
}

export const pinnedCheckpoint = async (origin: string): Promise<TreeHead | null> => (await table.get(origin)) ?? null;
