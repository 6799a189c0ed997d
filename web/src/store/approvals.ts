// Approvals given in this browser, with receipt and key file: kept so that a reload does not lose them, removed when all of it was saved.
import type { MediaKind } from "../core/shape.ts";
import { Table } from "./database.ts";
import { beingTakenBack } from "./withdrawals.ts";

export interface KeptApproval {
  approval: string; recording: string; room: string; title: string; scope: MediaKind[]; approved_ms: number;
  /** text of the two files; the receipt is null until the service acknowledged */
  receipt: string | null; keyFile: string;
  receiptSaved: boolean; keyFileSaved: boolean;
  /** the proof of its withdrawal held: a page in this browser checked that the ledger has it */
  withdrawn: boolean;
  /** the service says that it was taken back; that alone is no proof, and it can be taken back all the same */
  saidWithdrawn?: boolean;
  /** text of the confirmation, once the proof of the withdrawal held */
  confirmation?: string; confirmationSaved?: boolean;
  /** as the request says: after that the service keeps nothing of the recording; unknown of what older pages kept */
  delete_after_ms?: number;
  /** a take that a page of this browser saw names it: what it grants may have been recorded */
  recorded?: boolean;
  /** when the whole recording was deleted: the proof of that held */
  deleted_ms?: number;
}

const table = new Table<KeptApproval>("approvals");

export const keepApproval = (kept: KeptApproval): Promise<void> => table.put(kept.approval, kept);
export const approvalsOf = async (room: string): Promise<KeptApproval[]> =>
  (await table.all()).filter((kept) => kept.room === room).sort((a, b) => a.approved_ms - b.approved_ms);
/** Given in this browser for this recording, in whichever room and with whichever key. */
export const approvalsIn = async (recording: string): Promise<KeptApproval[]> => (await table.all()).filter((kept) => kept.recording === recording);
export const forgetApproval = (approval: string): Promise<void> => table.remove(approval);

/** In one step: a receipt that arrives while the approval is marked as taken back must not be lost, nor the mark. */
export async function updateApproval(approval: string, change: Partial<KeptApproval>): Promise<KeptApproval | null> {
  return (await table.change(approval, (kept) => kept && { ...kept, ...change })) ?? null;
}

/** Whether the service has it, as far as this browser knows: it was acknowledged, or a take named it all the same. */
export const hasArrived = ({ receipt, recorded }: KeptApproval): boolean => receipt !== null || recorded === true;

/** Whether every file that there is to take home was saved. */
export const allSaved = ({ receipt, receiptSaved, keyFileSaved, confirmation, confirmationSaved }: KeptApproval): boolean =>
  (receipt === null || receiptSaved) && keyFileSaved && (confirmation === undefined || confirmationSaved === true);

/** Forgets what the person has saved: when a page opens, nothing of it needs to stay here, unless the confirmation of a withdrawal is still to come. */
export async function forgetSaved(room: string): Promise<void> {
  const awaited = beingTakenBack();
  for (const kept of await approvalsOf(room)) if (allSaved(kept) && !awaited.has(kept.approval)) await forgetApproval(kept.approval);
}
