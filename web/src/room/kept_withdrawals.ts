// Taking back what this browser still keeps approvals for, whatever became of the page that gave them: by the withdrawal that was
// signed in advance and lies in each key file. A withdrawal covers everything its key approved for its recording, so do the marks.
import { openStatement, type Signed } from "../core/dsse.ts";
import { parseKeyFile } from "../core/identity.ts";
import type { Room, Withdrawal } from "../core/statements.ts";
import { confirmWithdrawal, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { submitUntilAcknowledged } from "../net/submit.ts";
import { approvalsOf, updateApproval, type KeptApproval } from "../store/approvals.ts";

export interface KeptWithdrawal { key: string; envelope: string; approvals: string[] }
/** A withdrawal whose proof holds, and the approvals that were known here to be taken back by it. */
export interface Confirmed extends ConfirmedWithdrawal { approvals: string[] }

/** Approvals that the service acknowledged and that were not taken back; oldest first. */
export async function standingApprovals(room: string): Promise<KeptApproval[]> {
  return (await approvalsOf(room)).filter(({ receipt, withdrawn }) => receipt !== null && !withdrawn);
}

/** What can be taken back of a recording: one withdrawal for each key that approved it here. */
export async function keptWithdrawals(room: string, recording: string): Promise<KeptWithdrawal[]> {
  const byKey = new Map<string, KeptWithdrawal>();
  for (const kept of await approvalsOf(room)) {
    if (kept.recording !== recording || kept.withdrawn) continue;
    const envelope = parseKeyFile(kept.keyFile).withdrawal;
    const { key } = (await openStatement("withdrawal", envelope)).body;
    const known = byKey.get(key);
    if (known) known.approvals.push(kept.approval);
    else byKey.set(key, { key, envelope, approvals: [kept.approval] });
  }
  return [...byKey.values()];
}

/** Remembers that the service acknowledged this withdrawal, for every approval that it covers. */
export async function markWithdrawn({ approvals }: KeptWithdrawal): Promise<void> {
  for (const approval of approvals) await updateApproval(approval, { withdrawn: true });
}

/** The same when it was sent from somewhere else: all that this key approved here for the recording. */
export async function markTakenBack(room: string, recording: string, key: string): Promise<void> {
  for (const kept of await keptWithdrawals(room, recording)) if (kept.key === key) await markWithdrawn(kept);
}

/** The withdrawal with this id, if it lies in a key file that is kept here. */
export async function signedInAdvance(room: string, id: string): Promise<Signed<Withdrawal> | null> {
  for (const { keyFile } of await approvalsOf(room)) {
    const withdrawal = await openStatement("withdrawal", parseKeyFile(keyFile).withdrawal);
    if (withdrawal.id === id) return withdrawal;
  }
  return null;
}

/** Keeps the confirmation beside receipt and key file until it was saved. */
export async function keepConfirmation({ approvals }: KeptWithdrawal, confirmed: ConfirmedWithdrawal): Promise<Confirmed> {
  for (const approval of approvals) await updateApproval(approval, { confirmation: confirmed.file, confirmationSaved: false });
  return { ...confirmed, approvals };
}

export async function confirmationWasSaved({ approvals }: Confirmed): Promise<void> {
  for (const approval of approvals) await updateApproval(approval, { confirmationSaved: true });
}

/** Outside the meeting: sends every withdrawal kept for the recording and checks what the service answers. */
export async function takeBack(room: Pick<Room, "room" | "service_key">, recording: string, watch: LedgerWatch): Promise<Confirmed[]> {
  const confirmed: Confirmed[] = [];
  // One that the service does not take, or whose proof does not hold, keeps none of the others from being sent.
  const failures: unknown[] = [];
  for (const kept of await keptWithdrawals(room.room, recording)) try {
    const before = await watch.asking().catch(() => null);
    const accepted = await submitUntilAcknowledged(kept.envelope);
    await markWithdrawn(kept); // in effect already; whether its proof holds is another question
    const proof = await confirmWithdrawal(accepted, kept.envelope, { ledger: watch.ledger, serviceKey: room.service_key });
    await watch.saw({ ...proof.head, note: proof.checkpoint }, before);
    confirmed.push(await keepConfirmation(kept, proof));
  } catch (error) {
    failures.push(error);
  }
  if (failures.length > 0) throw failures[0];
  return confirmed;
}
