// Whether recording went on inside a take after consent to it was over: the arrival of the last frame of each file against what people of the
// take said while it ran (also a newer approval), and against what expired (FORMATS.md section 9, "Recorded on"); of the room the page is given
// one statement only, so that of another nothing is known here. Pure; gives what is wrong, for the console.
import type { MediaKind } from "../core/shape.ts";
import type { Approval, Refusal, Request, Seal, Take, Track, Withdrawal } from "../core/statements.ts";
import { stillGranted, whollyWithdrawn, type Placed } from "../core/withdrawals.ts";

/** A statement with its place in the ledger, and when the service took it in. */
export interface Received<T> extends Placed<T> { received_ms: number }
export interface Standing {
  request: Request; approvals: (Received<Approval> & { id: string })[]; refusals: Received<Refusal>[]; withdrawals: Received<Withdrawal>[];
  takes: Placed<Take>[]; tracks: Placed<Track>[]; seals: Placed<Seal>[];
}

// The gate closes before the row of an answer is written: this is for the service's wall clock. It looks for what expired at least once a minute.
const AFTER_ANSWER_MS = 2_000;
// That of a newer approval comes before the closing: this is for the disk.
const AFTER_ROW_MS = 15_000;
const AFTER_EXPIRY_MS = 62_000;

/** What was recorded on; null if nothing was. */
export function recordedOn(standing: Standing): string | null {
  for (const seal of standing.seals) {
    const take = standing.takes.find(({ body, index }) => body.take === seal.body.take && index < seal.index);
    const wrong = take ? recordedOnInTake(take, seal, standing) : null;
    if (wrong !== null) return wrong;
  }
  return null;
}

function recordedOnInTake(take: Placed<Take>, seal: Placed<Seal>, { request, approvals, refusals, withdrawals, tracks }: Standing): string | null {
  const files = seal.body.tracks.filter(({ empty }) => !empty);
  const late = (end: number, those = files): boolean => those.some(({ last_arrival_ms }) => last_arrival_ms > end);
  const during = ({ body, index }: Placed<{ key: string }>, key: string): boolean => body.key === key && index > take.index && index < seal.index;
  if (late(request.expires_ms + AFTER_EXPIRY_MS)) return "frames arrived after the request had expired";
  for (const approval of approvals.filter(({ id }) => take.body.approvals.includes(id))) {
    const { id, body: { key, expires_ms } } = approval;
    if (late(expires_ms + AFTER_EXPIRY_MS)) return "frames arrived after an approval of the take had expired";
    if (refusals.some((refusal) => during(refusal, key) && late(refusal.received_ms + AFTER_ANSWER_MS))) return "frames arrived after somebody in the take had refused";
    const anew = approvals.filter((newer) => newer.id !== id && during(newer, key));
    if (anew.some(({ received_ms }) => late(received_ms + AFTER_ROW_MS))) return "frames arrived after somebody in the take had approved anew";
    for (const withdrawal of withdrawals.filter((said) => during(said, key))) {
      const until = withdrawals.filter(({ index }) => index <= withdrawal.index);
      const left = stillGranted(approval, until);
      const endsTake = whollyWithdrawn(approval, until) || !request.minimum_scope.every((kind) => left.includes(kind));
      const ended = endsTake ? files : files.filter(({ name, approval: owner }) => owner === id && nothingLeft(name, left, tracks));
      if (late(withdrawal.received_ms + AFTER_ANSWER_MS, ended)) return "frames arrived after a withdrawal";
    }
  }
  return null;
}

/** Whether all kinds that a file may hold were taken back. That one of several went on in it, no arrival can show. */
function nothingLeft(name: string, left: MediaKind[], tracks: Placed<Track>[]): boolean {
  return tracks.some(({ body }) => body.name === name && !body.kinds.some((kind) => left.includes(kind)));
}
