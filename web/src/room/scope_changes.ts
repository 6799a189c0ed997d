// What may be recorded of a person who has approved becomes less or more, while it goes on. Less goes first and at once, as a withdrawal of
// some kinds; more is a new approval. Never so that it erases the past.
import { checkAcknowledgement, type Checked } from "../core/proof.ts";
import type { MediaKind } from "../core/shape.ts";
import { isTooLittle } from "../core/withdrawals.ts";
import type { Asked, LedgerWatch } from "../ledger/watch.ts";
import { Problem } from "../net/api.ts";
import { Hurry, submitUntilAcknowledged } from "../net/submit.ts";
import { makeWithdrawal } from "./answers.ts";
import type { Publisher } from "./publisher.ts";
import type { SignedHere } from "./signed_here.ts";
import type { OwnAnswer, Place, Store } from "./state.ts";

/** What answering.ts does for it. */
export interface Answerer {
  approve(scope: MediaKind[], otherwise: OwnAnswer): Promise<void>;
  /** The proof of an acknowledgement must hold, or it is an alarm. */
  check(proof: Promise<Checked>, before: Asked | null): Promise<unknown>;
  ledger(): LedgerWatch;
}

/** `taken`: whether it was acknowledged; it fails if it was refused. */
interface Less { recording: string; hurry: Hurry; taken: Promise<boolean> }

export class ScopeChanges {
  /** what of an approval is not sent any more although the service, as far as is known here, still counts it: it was not told yet */
  private untold: { approval: string | null; kinds: MediaKind[] } = { approval: null, kinds: [] };
  private onTheirWay: Less[] = [];

  constructor(private readonly place: Place, private readonly store: Store, private readonly publisher: Publisher,
    private readonly signed: SignedHere, private readonly answerer: Answerer) {}

  /**
   * Changes what may be recorded of this person from now on. Less is taken back at once and the recording goes on; more, or nothing of
   * them at all, is a new approval. Of both, less goes first: it waits for no approval. What was recorded before stays, until everything
   * is withdrawn.
   */
  async change(scope: MediaKind[]): Promise<void> {
    const { request, answer, approval, scope: before } = this.store.state;
    if (request && answer === "sending") throw this.isLessOnItsWay(request.body.recording) ? new Problem(0, "less_on_its_way", "what was taken back has not arrived yet") : new Problem(0, "network", "an answer is on its way");
    if (!request || answer !== "approved") throw new Problem(0, "request_over", "there is no approval to change any more");
    const untold = this.untold.approval === approval ? this.untold.kinds : [];
    const less = [...before, ...untold].filter((kind) => !scope.includes(kind));
    const left = before.filter((kind) => scope.includes(kind));
    const more = scope.some((kind) => !before.includes(kind));
    this.publisher.restrict(scope); // at once, whatever becomes of the rest
    if (less.length === 0 && !more) return;
    this.untold = { approval, kinds: less };
    this.store.set({ scope: left });
    if (left.length > 0 && less.length > 0) {
      const taken = await this.takeSomeBack(request.body.recording, less);
      if (taken && this.untold.approval === approval) this.untold = { approval, kinds: this.untold.kinds.filter((kind) => !less.includes(kind)) };
      // What the request needs is gone, and no approval without it is taken: the person is asked anew (takenBack).
      if (taken && (!more || isTooLittle(request.body.minimum_scope, left))) return;
      const { answer: now, approval: still } = this.store.state;
      if (now === "sending") throw new Problem(0, "network", "the connection was lost meanwhile");
      if (now !== "approved" || still !== approval) return; // taken back, over or asked anew meanwhile; the page says so
    }
    return this.answerer.approve(scope, { answer, approval, scope: left }); // the approval from before still holds, of what is still sent
  }

  /** Whether the service, as far as is known here, counts more of this approval than its person wants: that was refused, or could not be sent. */
  isUntold(approval: string): boolean {
    return this.untold.approval === approval && this.untold.kinds.length > 0;
  }

  /**
   * Whether something is being taken back that was neither acknowledged nor refused yet. An approval that overtook it on a lost connection
   * would be taken back by it, and what is recorded between erased: it covers all that is in the ledger before it.
   */
  isLessOnItsWay(recording: string): boolean {
    return this.onTheirWay.some((less) => less.recording === recording);
  }

  /** There is a connection again: what is on its way is sent without waiting any longer. Whether all of it was acknowledged then; null if nothing is. */
  sendLessNow(recording: string): Promise<boolean> | null {
    const less = this.onTheirWay.filter((one) => one.recording === recording);
    if (less.length === 0) return null;
    for (const { hurry } of less) hurry.now();
    return Promise.allSettled(less.map(({ taken }) => taken)).then((all) => all.every((one) => one.status === "fulfilled" && one.value));
  }

  /** False, and nothing is sent, if that would or, as far as is known here, could erase what was recorded before: then only a new approval says that it is less from now on. */
  private takeSomeBack(recording: string, kinds: MediaKind[]): Promise<boolean> {
    const hurry = new Hurry();
    const taken = this.send(recording, kinds, hurry).finally(() => { this.onTheirWay.splice(this.onTheirWay.indexOf(less), 1); });
    const less: Less = { recording, hurry, taken };
    this.onTheirWay.push(less);
    return taken;
  }

  private async send(recording: string, kinds: MediaKind[], hurry: Hurry): Promise<boolean> {
    if (!(await this.signed.takesBack(recording, kinds))) return false;
    // Not kept for a later page, as a withdrawal of everything is: whoever comes back is asked anew, for every kind.
    const { envelope } = await makeWithdrawal(recording, this.place.signer, "now", kinds);
    const asked = await this.answerer.ledger().asking().catch(() => null); // nothing keeps it from being sent
    await this.answerer.check(checkAcknowledgement(await submitUntilAcknowledged(envelope, hurry), envelope, this.answerer.ledger().ledger), asked);
    return true;
  }
}
