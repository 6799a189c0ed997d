// Taking back what this browser still keeps approvals for, whatever became of the page that gave them: by the withdrawal that was
// signed in advance and lies in each key file. A withdrawal covers everything its key approved for its recording, so do the marks.
// What a person confirmed is kept before it is sent (store/withdrawals.ts), and sent again by the next page until it is acknowledged.
import { openStatement, type Signed } from "../core/dsse.ts";
import { parseKeyFile } from "../core/identity.ts";
import type { Room, Withdrawal } from "../core/statements.ts";
import { checkWithdrawal, confirmWithdrawal, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { api, Problem, type Accepted } from "../net/api.ts";
import { Hurry, submitUntilAcknowledged } from "../net/submit.ts";
import { approvalsIn, approvalsOf, hasArrived, updateApproval, type KeptApproval } from "../store/approvals.ts";
import { isDelivered, keepUntilAcknowledged, type Unacknowledged } from "../store/withdrawals.ts";
import { deletionOf, type Deletion, type Service } from "../withdraw/deletion.ts";

export interface KeptWithdrawal { key: string; envelope: string; approvals: string[]; delete_after_ms?: number | undefined }
/** A withdrawal whose proof holds, and the approvals that were known here to be taken back by it. */
export interface Confirmed extends ConfirmedWithdrawal { approvals: string[] }
/** `sent`: how many the service acknowledged, one for each key; `confirmed`: those of them that are proven; `deleted`: instead, that all of the recording was erased before. */
export interface TakenBack { sent: number; confirmed: Confirmed[]; deleted: Deletion | null }

/** Approvals that the service has and of which something may be left: no withdrawal is proven, the recording is not deleted, its time is not over. Oldest first. */
export async function standingApprovals(room: string): Promise<KeptApproval[]> {
  return (await approvalsOf(room)).filter((kept) => hasArrived(kept) && !kept.withdrawn && !isOver(kept));
}

const isOver = ({ deleted_ms, delete_after_ms }: KeptApproval): boolean => deleted_ms !== undefined || (delete_after_ms !== undefined && delete_after_ms <= Date.now());

/** Whether something of the person was recorded with it, as far as this browser saw: only then it is said to be kept. */
export const mayRemain = ({ recorded, scope }: KeptApproval): boolean => recorded === true && scope.length > 0;

/** What can be taken back of a recording: one withdrawal for each key that approved it here. */
export async function keptWithdrawals(room: string, recording: string): Promise<KeptWithdrawal[]> {
  const byKey = new Map<string, KeptWithdrawal>();
  let unreadable: unknown = null;
  for (const kept of await approvalsOf(room)) {
    if (kept.recording !== recording || kept.withdrawn || kept.deleted_ms !== undefined) continue;
    // One file that cannot be read keeps none of the others from being sent.
    const withdrawal = await withdrawalIn(kept).catch((error: unknown) => void (unreadable ??= error));
    if (!withdrawal) continue;
    const { envelope, body: { key } } = withdrawal;
    const known = byKey.get(key);
    if (known) known.approvals.push(kept.approval);
    else byKey.set(key, { key, envelope, approvals: [kept.approval], delete_after_ms: kept.delete_after_ms });
  }
  if (unreadable !== null && byKey.size === 0) throw unreadable; // not the same as that there is nothing
  if (unreadable !== null) console.warn("a key file that is kept here cannot be read:", unreadable);
  return [...byKey.values()];
}

/** The one that was signed in advance. */
const withdrawalIn = async ({ keyFile }: KeptApproval): Promise<Signed<Withdrawal>> => openStatement("withdrawal", parseKeyFile(keyFile).withdrawal);

/** What this browser cannot keep of it changes nothing of what has happened: its console says so. */
async function mark(approval: string, change: Partial<KeptApproval>): Promise<void> {
  await updateApproval(approval, change).catch((error: unknown) => console.warn("what is kept here cannot be marked:", error));
}

/** Remembers that the service says so, for every approval that the withdrawal covers. It can be sent again until it is proven. */
export async function markSaid({ approvals }: Pick<KeptWithdrawal, "approvals">): Promise<void> {
  for (const approval of approvals) await mark(approval, { saidWithdrawn: true });
}

/** Sent from somewhere else: `said` or `proven` of all that this key approved here for the recording. */
export async function markTakenBack(room: string, recording: string, key: string, known: "said" | "proven"): Promise<void> {
  for (const kept of await keptWithdrawals(room, recording)) if (kept.key === key) {
    await markSaid(kept);
    if (known === "proven") for (const approval of kept.approvals) await mark(approval, { withdrawn: true });
  }
}

/**
 * Whether a withdrawal by this key is proven: one that was signed here in advance is in the ledger, with a proof that leads to a checkpoint
 * signed with the key in the room's statement; or a page of this browser found that before. Anything else is the service's word.
 */
export async function isProven(room: string, recording: string, key: string, watch: LedgerWatch): Promise<boolean> {
  for (const kept of await approvalsOf(room)) {
    if (kept.recording !== recording) continue;
    const withdrawal = await withdrawalIn(kept).catch(() => null); // of which key it is nobody knows
    if (withdrawal?.body.key !== key) continue;
    const { envelope, id } = withdrawal;
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
  for (const kept of await approvalsOf(room)) {
    const withdrawal = await withdrawalIn(kept).catch(() => null);
    if (withdrawal?.id === id) return withdrawal;
  }
  return null;
}

/** It is proven: keeps the confirmation beside receipt and key file until it was saved. */
export async function keepConfirmation({ approvals }: Pick<KeptWithdrawal, "approvals">, confirmed: ConfirmedWithdrawal): Promise<Confirmed> {
  for (const approval of approvals) await mark(approval, { withdrawn: true, confirmation: confirmed.file, confirmationSaved: false });
  return { ...confirmed, approvals };
}

export async function confirmationWasSaved({ approvals }: Confirmed): Promise<void> {
  for (const approval of approvals) await mark(approval, { confirmationSaved: true });
}

/** by the envelope */
const underWay = new Map<string, { sent: Promise<Accepted>; hurry: Hurry }>();

/** Sends what is kept for that until the service acknowledges it. One that is on its way already, from wherever in this page, is waited for. */
export function deliver({ envelope }: Unacknowledged): Promise<Accepted> {
  const known = underWay.get(envelope);
  if (known) return known.sent;
  const hurry = new Hurry();
  const sent = submitUntilAcknowledged(envelope, hurry).finally(() => underWay.delete(envelope));
  underWay.set(envelope, { sent, hurry });
  return sent;
}

/** There is a connection again: what is on its way waits no longer. */
export function sendUnderWayNow(): void {
  for (const { hurry } of underWay.values()) hurry.now();
}

/** Of a withdrawal that the service does not take: whether all of its recording is erased, as far as that is proven. Then nothing is left to send. */
export async function deletionInstead(error: unknown, one: Unacknowledged, service: Service): Promise<Deletion | null> {
  if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 410)) return null;
  const deletion = await deletionOf({ recording: one.recording, approval: one.approvals[0] ?? null }, async () => service).catch((why: unknown) => {
    console.error("the deletion of a recording is not proven:", why);
    return null;
  });
  if (!deletion) return null;
  await markDeleted(one.recording, deletion).catch((why: unknown) => console.warn("what is kept here cannot be marked:", why));
  isDelivered(one);
  return deletion;
}

/** All of the recording is erased; that is proven. */
export async function markDeleted(recording: string, { at_ms }: Deletion): Promise<void> {
  for (const { approval } of await approvalsIn(recording)) await updateApproval(approval, { deleted_ms: at_ms });
}

/** Outside the meeting: sends every withdrawal kept for the recording and checks what the service answers. */
export async function takeBack(room: Pick<Room, "room" | "service_key">, recording: string, watch: LedgerWatch): Promise<TakenBack> {
  const all = await keptWithdrawals(room.room, recording);
  // All of them are kept before the first one is sent: the page may be closed at any moment.
  return send(all.map((one) => keepUntilAcknowledged({ ...one, recording, room: room.room })), { watch, serviceKey: room.service_key });
}

async function send(all: Unacknowledged[], service: Service): Promise<TakenBack> {
  const confirmed: Confirmed[] = [];
  let deleted: Deletion | null = null;
  // One that the service does not take, or whose proof does not hold, keeps none of the others from being sent.
  const failures: unknown[] = [];
  for (const one of all) try {
    confirmed.push(await sendOne(one, service));
  } catch (error) {
    const instead = await deletionInstead(error, one, service);
    if (instead) deleted = instead;
    else failures.push(error);
  }
  if (failures.length > 0) throw failures[0];
  return { sent: confirmed.length, confirmed, deleted };
}

async function sendOne(one: Unacknowledged, { watch, serviceKey }: Service): Promise<Confirmed> {
  const before = await watch.asking().catch(() => null);
  const accepted = await deliver(one);
  try {
    await markSaid(one); // in effect already, it says; whether its proof holds is another question
    const proof = await confirmWithdrawal(accepted, one.envelope, { ledger: watch.ledger, serviceKey });
    await watch.saw({ ...proof.head, note: proof.checkpoint }, before);
    return await keepConfirmation(one, proof);
  } finally {
    isDelivered(one);
  }
}

/**
 * When a page opens: sends again what was confirmed before and not acknowledged, each by itself. `told` hears of each how it went, null if
 * it was not taken or its proof does not hold; what is not acknowledged stays kept for the next time.
 */
export async function sendAgain(all: Unacknowledged[], service: Service, told: (one: Unacknowledged, done: TakenBack | null) => void): Promise<void> {
  await Promise.all(all.map((one) => send([one], service).catch((error: unknown) => {
    console.error("a withdrawal that was kept could not be sent:", error);
    return null;
  }).then((done) => told(one, done))));
}

/** When a page opens: asks once for each recording that something may be left of whether it was deleted meanwhile, by its host or with time. */
export async function lookForDeleted(room: string, service: Service): Promise<void> {
  const byRecording = new Map((await standingApprovals(room)).map((kept) => [kept.recording, kept] as const));
  await Promise.all([...byRecording.values()].map(async (kept) => {
    const deletion = await deletionOf(kept, async () => service).catch(() => null); // not known: nothing changes
    if (deletion) await markDeleted(kept.recording, deletion);
  }));
}
