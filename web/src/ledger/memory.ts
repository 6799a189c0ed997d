// What a browser remembers of a ledger, and what it concludes: every checkpoint shown to it is to be found, sooner or later, as the beginning
// of the published tree. Pure. A checkpoint in a receipt is newer than the published one for a while (docs/API.md, /ledger), so it waits.
import type { Growth } from "../core/growth.ts";
import type { TreeHead } from "../core/statements.ts";

/** A checkpoint, with the signed note if that is known: two that contradict each other are the evidence. */
export interface Shown extends TreeHead { note: string | null }
/** `proven`: every smaller one that this browser knew of is its beginning. `behind`: the published tree when it first did not reach here. */
export interface Seen extends Shown { seen_ms: number; proven: boolean; behind: TreeHead | null }
export interface LedgerAlarm { kind: "rolled_back" | "forked"; seen: Shown; shown: Shown; at_ms: number }
export interface LedgerMemory {
  /** by size, each size once */
  heads: Seen[];
  /** when some page of this browser last looked at the published ledger */
  looked_ms: number;
  /** how often in a row the published tiles did not fit their own checkpoint */
  garbled: number;
  /** stays: a ledger that was falsified once is not believed again */
  alarm: LedgerAlarm | null;
}

const MAX_HEADS = 64;
/** `ledger_publish_seconds` is an hour at most; published is what there is at that instant, so a little more is enough. */
const PUBLISHED_WITHIN_MS = 65 * 60_000;
/** A checkpoint this fresh may be newer than what is being published at this moment. */
const JUST_SEEN_MS = 5_000;
/** Tiles that do not fit their checkpoint once may have been damaged on the way. */
const MAX_GARBLED = 2;

export const NOTHING_SEEN: LedgerMemory = { heads: [], looked_ms: 0, garbled: 0, alarm: null };

export const largest = ({ heads }: LedgerMemory): Seen | null => heads.at(-1) ?? null;
/** Whether a checkpoint waits to be found in the published tree. */
export const waits = ({ heads, alarm }: LedgerMemory): boolean => alarm === null && heads.some(({ proven, behind }) => !proven || behind !== null);

const alarmed = (memory: LedgerMemory, kind: LedgerAlarm["kind"], seen: Shown, shown: Shown, at_ms: number): LedgerMemory =>
  ({ ...memory, alarm: { kind, seen: plain(seen), shown: plain(shown), at_ms } });
const plain = ({ size, root, note }: Shown): Shown => ({ size, root, note });
const same = (a: TreeHead, b: TreeHead): boolean => a.size === b.size && a.root === b.root;

/** A checkpoint was shown. `askedAt`: the size of the largest one known before the service was asked for it; smaller is a rollback. */
export function remember(memory: LedgerMemory, shown: Shown, askedAt: number | null, now: number): LedgerMemory {
  if (memory.alarm) return memory;
  const known = largest(memory);
  if (known && askedAt !== null && shown.size < askedAt) return alarmed(memory, "rolled_back", known, shown, now);
  return add(memory, { ...plain(shown), seen_ms: now, proven: false, behind: null }, now);
}

function add(memory: LedgerMemory, head: Seen, now: number): LedgerMemory {
  const twin = memory.heads.find(({ size }) => size === head.size);
  if (twin && !same(twin, head)) return alarmed(memory, "forked", twin, head, now);
  if (twin && !head.proven) return memory;
  const heads = [...memory.heads.filter((other) => other !== twin), head].sort((a, b) => a.size - b.size);
  if (heads.length > MAX_HEADS) heads.splice(MAX_HEADS / 2, 1); // the ends say most
  return { ...memory, heads };
}

/** What a look at the published ledger found: its checkpoint, and how those of `asked` that it reaches stand to it. */
export interface Look { asked: Seen[]; published: Shown; verdicts: Growth[] }

export function conclude(memory: LedgerMemory, { asked, published, verdicts }: Look, now: number): LedgerMemory {
  if (memory.alarm) return memory;
  const reached = asked.filter(({ size }) => size <= published.size);
  const forked = reached.find((_, i) => verdicts[i] === "forked");
  if (forked) return alarmed(memory, "forked", forked, published, now);
  if (verdicts.includes("garbled")) {
    const garbled = memory.garbled + 1;
    return garbled < MAX_GARBLED ? { ...memory, garbled } : alarmed(memory, "forked", reached.at(-1)!, published, now);
  }
  const lost = asked.find((head) => head.size > published.size && isLost(head, published, now));
  if (lost) return alarmed(memory, "rolled_back", lost, published, now);
  const heads = memory.heads
    .filter((head) => !reached.some((other) => same(head, other)))
    .map((head) => (head.behind === null && now - head.seen_ms >= JUST_SEEN_MS && asked.some((other) => same(head, other)) && head.size > published.size
      ? { ...head, behind: { size: published.size, root: published.root } } : head));
  return add({ ...memory, heads, garbled: 0 }, { ...plain(published), seen_ms: now, proven: true, behind: null }, now);
}

/** What is published anew is all that there is: whoever then still does not reach a checkpoint seen before has lost it. */
function isLost({ behind, seen_ms }: Seen, published: TreeHead, now: number): boolean {
  return behind !== null && (!same(behind, published) || now - seen_ms > PUBLISHED_WITHIN_MS);
}
