// Sends a refusal. It is in effect as soon as the service has it, whether its ledger keeps it or not.
import type { Signer } from "../core/dsse.ts";
import { api, Problem } from "../net/api.ts";
import { makeRefusal, type Asked } from "./answers.ts";
import type { Store } from "./state.ts";

const NEXT_CHALLENGE_WITHIN_MS = 5_000;

/** `again`: what is asked once there is another challenge. Whether the ledger has it. */
export async function sendRefusal(asked: Asked, again: () => Promise<Asked>, signer: Signer, store: Store): Promise<boolean> {
  try {
    await api.submit((await makeRefusal(asked, signer)).envelope);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "refusal_not_kept") return false;
    // An answer that was on its way has used the challenge up: signed once more with the next one.
    if (error.code !== "replayed" || !(await nextChallenge(asked.challenge, store))) throw error;
    await api.submit((await makeRefusal(await again(), signer)).envelope);
    return true;
  }
}

/** Whether there is another challenge than this, or comes within some seconds. */
async function nextChallenge(used: string, store: Store): Promise<boolean> {
  const patience = new AbortController();
  const late = setTimeout(() => patience.abort(), NEXT_CHALLENGE_WITHIN_MS);
  await new Promise<void>((resolve) => {
    patience.signal.addEventListener("abort", () => resolve());
    store.watch(({ challenge }) => { if (challenge !== used) resolve(); }, patience.signal);
  });
  clearTimeout(late);
  patience.abort();
  return store.state.challenge !== used;
}
