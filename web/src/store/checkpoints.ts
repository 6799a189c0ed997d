// What was seen of each ledger, by its verifier key: another key is another ledger, whatever its name.
import { NOTHING_SEEN, type LedgerMemory } from "../ledger/memory.ts";
import { Table } from "./database.ts";

const table = new Table<LedgerMemory>("checkpoints");

export interface LedgerStore {
  read(vkey: string): Promise<LedgerMemory>;
  /** Atomic, also against other tabs. Returns what is remembered now. */
  change(vkey: string, change: (memory: LedgerMemory) => LedgerMemory): Promise<LedgerMemory>;
}

export const ledgerStore: LedgerStore = {
  read: async (vkey) => (await table.get(vkey)) ?? NOTHING_SEEN,
  change: (vkey, change) => table.change(vkey, (memory) => change(memory ?? NOTHING_SEEN)),
};
