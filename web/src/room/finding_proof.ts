// Looks for the proof of what the service says was taken back.
import { Malformed } from "../core/bytes.ts";
import { BadSignature } from "../core/dsse.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { isProven } from "./kept_withdrawals.ts";

/** When: it speaks as soon as the gate is closed, before the withdrawal is in its ledger. */
const LOOK_AFTER_MS = [250, 750, 2_000, 5_000];

/** Whether there is one. One that does not hold is none, and `alarm` is called. */
export async function findProof(room: string, recording: string, key: string, watch: LedgerWatch, alarm: () => void): Promise<boolean> {
  for (const ms of LOOK_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    try {
      if (await isProven(room, recording, key, watch)) return true;
    } catch (error) {
      console.error("the proof of a withdrawal could not be checked:", error);
      if (error instanceof BadSignature || error instanceof Malformed) return alarm(), false;
    }
  }
  return false;
}
