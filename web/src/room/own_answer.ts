// What the roster says of this person's own answer, and when that is news: it was taken back somewhere else, or it is not counted any more.
// Told only by what the same connection said before. Acknowledgements come another way than rosters, so one that was sent before a fresh
// approval was counted may arrive behind its acknowledgement; it is no word against it.
import type { RosterEntry } from "../net/messages.ts";

export type OwnEntry = Pick<RosterEntry, "answer" | "approval">;
export type News = "taken_back" | "lapsed";

/** `before`: the entry in the last roster of this connection, null in its first; `approval`: the one this page gave for the request that stands, or null. */
export function newsOfMine(before: OwnEntry | null, now: OwnEntry, approval: string | null): News | null {
  // A withdrawal of everything is final for its key, and one of some kinds is sent by this page alone: no approval on its way can undo it.
  if (now.answer === "withdrawn") return before?.answer === "withdrawn" ? null : "taken_back";
  const wasCounted = approval !== null && before?.answer === "approved" && before.approval === approval;
  return wasCounted && now.answer === "none" ? "lapsed" : null;
}
