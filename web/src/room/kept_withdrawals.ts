// Taking back what this browser still keeps approvals for, whatever became of the page that gave them: by the withdrawal that was
// signed in advance and lies in each key file. A withdrawal covers everything its key approved for its recording, so do the marks.
import { openStatement, type Signed } from "../core/dsse.ts";
import { parseKeyFile } from "../core/identity.ts";
import type { Room, Withdrawal } from "../core/statements.ts";
import { checkWithdrawal, confirmWithdrawal, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { api } from "../net/api.ts";
import { submitUntilAcknowledged } from "../net/submit.ts";
import { approvalsOf, updateApproval, type KeptApproval } from "../store/approvals.ts";

export interface KeptWithdrawal { key: string; envelope: string; approvals: string[] }
/** A withdrawal whose proof holds, and the approvals that were known here to be taken back by it. */
export interface Confirmed extends ConfirmedWithdrawal { approvals: string[] }
/** `sent`: how many the service acknowledged, one for each key; `confirmed`: those of them that are proven. */
export interface TakenBack { sent: number; confirmed: Confirmed[] }

/** Approvals that the service acknowledged and of which no withdrawal is proven; oldest first. */
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

/** Remembers that the service says so, for every approval that the withdrawal covers. It can be sent again until it is proven. */
export async function markSaid({ approvals }: Pick<KeptWithdrawal, "approvals">): Promise<void> {
  for (const approval of approvals) await updateApproval(approval, { saidWithdrawn: true });
}

/** Sent from somewhere else: `said` or `proven` of all that this key approved here for the recording. */
export async function markTakenBack(room: string, recording: string, key: string, known: "said" | "proven"): Promise<void> {
  for (const kept of await keptWithdrawals(room, recording)) if (kept.key === key) {
    await markSaid(kept);
    if (known === "proven") for (const approval of kept.approvals) await updateApproval(approval, { withdrawn: true });
  }
}

/**
 * Whether a withdrawal by this key is proven: one that was signed here in advance is in the ledger, with a proof that leads to a checkpoint
 * signed with the key in the room's statement; or a page of this browser found that before. Anything else is the service's word.
 */
export async function isProven(room: string, recording: string, key: string, watch: LedgerWatch): Promise<boolean> {
  for (const kept of await approvalsOf(room)) {
    if (kept.recording !== recording) continue;
    const { body, envelope, id } = await openStatement("withdrawal", parseKeyFile(kept.keyFile).withdrawal);
    if (body.key !== key) continue;
    if (kept.withdrawn) return true;
    const before = await watch.asking().catch(() => null);
    const receipt = await api.receipt(id);
    if (!receipt) continue; // taken back with another file of this key, or not at all
    const { head, checkpoint } = await checkWithdrawal(receipt, envelope, watch.ledger);
    await watch.saw({ ...head, note: checkpoint }, before);
    return true;
  }
  return false;
}

/** The withdrawal with this id, if it lies in a key file that is kept here. */
export async function signedInAdvance(room: string, id: string): Promise<Signed<Withdrawal> | null> {
  for (const { keyFile } of await approvalsOf(room)) {
    const withdrawal = await openStatement("withdrawal", parseKeyFile(keyFile).withdrawal);
    if (withdrawal.id === id) return withdrawal;
  }
  return null;
}

/** It is proven: keeps the confirmation beside receipt and key file until it was saved. */
export async function keepConfirmation({ approvals }: KeptWithdrawal, confirmed: ConfirmedWithdrawal): Promise<Confirmed> {
  for (const approval of approvals) await updateApproval(approval, { withdrawn: true, confirmation: confirmed.file, confirmationSaved: false });
  return { ...confirmed, approvals };
}

export async function confirmationWasSaved({ approvals }: Confirmed): Promise<void> {
  for (const approval of approvals) await updateApproval(approval, { confirmationSaved: true });
}

/** Outside the meeting: sends every withdrawal kept for the recording and checks what the service answers. */
export async function takeBack(room: Pick<Room, "room" | "service_key">, recording: string, watch: LedgerWatch): Promise<TakenBack> {
  const confirmed: Confirmed[] = [];
  let sent = 0;
  // One that the service does not take, or whose proof does not hold, keeps none of the others from being sent.
  const failures: unknown[] = [];
  for (const kept of await keptWithdrawals(room.room, recording)) try {
    const before = await watch.asking().catch(() => null);
    const accepted = await submitUntilAcknowledged(kept.envelope);
    sent++;
    await markSaid(kept); // in effect already, it says; whether its proof holds is another question
    const proof = await confirmWithdrawal(accepted, kept.envelope, { ledger: watch.ledger, serviceKey: room.service_key });
    await watch.saw({ ...proof.head, note: proof.checkpoint }, before);
    confirmed.push(await keepConfirmation(kept, proof));
  } catch (error) {
    failures.push(error);
  }
  if (failures.length > 0) throw failures[0];
  return { sent, confirmed };
}
