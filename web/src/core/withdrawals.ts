// What a withdrawal takes back (FORMATS.md section 2): one of all four kinds covers every approval of its key, earlier or later; one of
// some kinds covers the approvals that precede it in the ledger. An approval of which nothing is left counts as withdrawn as a whole.
import { KINDS, type MediaKind } from "./shape.ts";
import type { Approval, Withdrawal } from "./statements.ts";

/** A body and its place in the ledger. */
export interface Placed<T> { body: T; index: number }

/** The kinds of an approval that no withdrawal has taken back. */
export function stillGranted(approval: Placed<Approval>, withdrawals: Placed<Withdrawal>[]): MediaKind[] {
  const mine = withdrawals.filter(({ body, index }) => body.key === approval.body.key && (ofEverything(body) || index > approval.index));
  return approval.body.scope.filter((kind) => !mine.some(({ body }) => body.kinds.includes(kind)));
}

/** One with an empty scope is withdrawn by a withdrawal of all four kinds only. */
export function whollyWithdrawn(approval: Placed<Approval>, withdrawals: Placed<Withdrawal>[]): boolean {
  if (approval.body.scope.length > 0) return stillGranted(approval, withdrawals).length === 0;
  return withdrawals.some(({ body }) => body.key === approval.body.key && ofEverything(body));
}

/** Whether what is left of an approval is less than the request needs: with it nothing is recorded. */
export const isTooLittle = (minimum: MediaKind[], left: MediaKind[]): boolean => minimum.some((kind) => !left.includes(kind));

const ofEverything = ({ kinds }: Withdrawal): boolean => kinds.length === KINDS.length;
