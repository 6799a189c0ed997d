// Whether a recording was deleted as a whole, because its time was over, by its host, or with its room: then nothing is left to take back. Believed only
// with the service's signature and the ledger's proof.
import { Malformed } from "../core/bytes.ts";
import { openErasure } from "../core/withdrawal_confirmation.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { api } from "../net/api.ts";

/** What this service signs with, and its ledger. */
export interface Service { watch: LedgerWatch; serviceKey: string }
export interface Deletion { reason: "retention" | "room_deleted" | "recording_deleted"; at_ms: number }

/** A person waits; that the recording is there is what is most likely. */
const PATIENCE_MS = 3_000;

/** A recording and one of its approvals, if any is known. */
export interface Sought { recording: string; approval: string | null }

/** Null if it is there, or if the service has not said otherwise within a moment. Throws for a proof that does not hold. */
export function deletionOf(sought: Sought, findService: () => Promise<Service>): Promise<Deletion | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  return Promise.race([find(sought, findService), late]);
}

async function find({ recording, approval }: Sought, findService: () => Promise<Service>): Promise<Deletion | null> {
  if (approval !== null && await api.knows(approval)) return null; // first: asking for what is most likely not there would only make the browser log an error
  const left = await api.erasure(recording);
  if (!left) return null;
  const { watch, serviceKey } = await findService();
  const { body, entry, head, checkpoint } = await openErasure(left, recording, { ledger: watch.ledger, serviceKey });
  if (body.what.join() !== "recording" || body.reason === "withdrawal") throw new Malformed("not the whole recording was erased");
  await watch.saw({ ...head, note: checkpoint }, null);
  return { reason: body.reason, at_ms: entry.received_ms };
}
