// Approvals given in this browser, with receipt and key file: kept so that a reload does not lose them, removed when all of it was saved.
import type { MediaKind } from "../core/shape.ts";
import { Table } from "./database.ts";

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

/** Whether every file that there is to take home was saved. */
export const allSaved = ({ receiptSaved, keyFileSaved, confirmation, confirmationSaved }: KeptApproval): boolean =>
  receiptSaved && keyFileSaved && (confirmation === undefined || confirmationSaved === true);

/** Forgets what the person has saved: when a page opens, nothing of it needs to stay here. */
export async function forgetSaved(room: string): Promise<void> {
  for (const kept of await approvalsOf(room)) if (allSaved(kept)) await forgetApproval(kept.approval);
}
