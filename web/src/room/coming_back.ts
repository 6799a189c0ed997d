// After a lost connection, also to a service that was restarted: a page that stayed open says by itself, with a fresh signature, that the
// approval its person gave still holds. Not before what they took back of it since has arrived: a service that died may have had that in effect
// and not in its ledger, and would record with the whole approval.
import { isTooLittle } from "../core/withdrawals.ts";
import { T, type Message } from "../i18n/i18n.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import type { PublishAt } from "../net/api.ts";
import { makeConfirmation, type Asked } from "./answers.ts";
import type { Publisher } from "./publisher.ts";
import type { Place, Store } from "./state.ts";

/** What the service answers a confirmation with that it does not take (docs/API.md); any other problem is about something else. */
const NOT_CONFIRMED = new Set(["unknown_reference", "not_permitted", "proof_follows", "replayed", "expired", "malformed", "wrong_kind", "bad_signature", "too_many_answers"]);

/** What answering.ts does for it. */
export interface Returning {
  asked(): Promise<Asked>;
  askAgain(notice?: Message): void;
  /** Sends at once what of the approval is being taken back, and says whether all of it was acknowledged; null if nothing is. */
  sendLessNow(recording: string): Promise<boolean> | null;
  /** Whether its person took back some of this approval, and the service did not hear of it. */
  isUntold(approval: string): boolean;
  ledger(): LedgerWatch;
}

/** One for each connection. `sent`: it waits for `confirmed`, or for the problem in its place. */
interface Confirming { approval: string; sent: boolean }

export class ComingBack {
  private confirming: Confirming | null = null;
  private returns = 0;

  constructor(private readonly place: Place, private readonly store: Store, private readonly publisher: Publisher,
    private readonly send: (message: Record<string, unknown>) => void, private readonly returning: Returning) {}

  /** After a reload, in a ledger that was falsified, or if the service does not take it, the prompt opens again. */
  async cameBack(): Promise<void> {
    this.returns++;
    const { request, answer, approval } = this.store.state;
    // Lost again before it was confirmed, it stands, too. What was taken back, refused or asked anew since does not.
    const stands = answer === "approved" || (answer === "sending" && this.confirming?.approval === approval);
    const mine = request && stands && approval !== null ? { approval, sent: false } : null;
    this.confirming = mine;
    const less = request && this.returning.sendLessNow(request.body.recording);
    if (!request || !mine) return;
    this.publisher.stop();
    this.store.set({ answer: "sending", ...(less && { notice: T("notice_less_first") }) });
    if (!less) return this.confirm(mine);
    // Not waited for: what the service says meanwhile must be heard.
    void less.then((arrived) => this.confirmRest(arrived, mine)).catch((error: unknown) => {
      console.error("an approval could not be confirmed:", error);
      if (this.stands(mine)) this.returning.askAgain();
    });
  }

  /** What waits on it confirms nothing any more; the next connection begins anew. */
  connectionLost(): void {
    if (this.confirming) this.confirming = { ...this.confirming, sent: false };
  }

  /** Refused, or another request is asked: nothing from before is confirmed. */
  forget(): void {
    this.confirming = null;
  }

  private async confirmRest(arrived: boolean, mine: Confirming): Promise<void> {
    const { request, scope } = this.store.state;
    if (!this.stands(mine)) return;
    if (!arrived) return this.returning.askAgain(); // it holds as a whole for the service, and not for its person
    if (isTooLittle(request?.body.minimum_scope ?? [], scope)) return this.returning.askAgain(T("notice_too_little"));
    return this.confirm(mine);
  }

  private async confirm(mine: Confirming): Promise<void> {
    const holds = await this.returning.ledger().holds();
    if (!this.stands(mine)) return;
    // What holds as a whole for the service, and not for its person, is not confirmed: they are asked.
    if (this.store.state.halted || !holds || this.returning.isUntold(mine.approval)) return this.returning.askAgain();
    const { envelope } = await makeConfirmation(mine.approval, await this.returning.asked(), this.place.signer);
    if (!this.stands(mine)) return;
    mine.sent = true;
    this.send({ type: "confirm", envelope });
  }

  /** Whether nothing came between: no refusal, no withdrawal, no other request, no other connection. */
  private stands(mine: Confirming): boolean {
    const { request, answer, approval } = this.store.state;
    return this.confirming === mine && request !== null && answer === "sending" && approval === mine.approval;
  }

  /** How often there was a new connection. */
  get times(): number {
    return this.returns;
  }

  confirmed(approval: string, publish: PublishAt | null): void {
    if (!this.confirming?.sent || this.confirming.approval !== approval) return;
    this.confirming = null;
    const { answer, scope, halted } = this.store.state;
    if (this.store.state.approval !== approval || answer !== "sending") return; // withdrawn meanwhile
    this.store.set({ answer: "approved", notice: T("notice_confirmed") });
    if (publish && !halted) this.publisher.start(publish, scope);
  }

  /** A problem with this code came: the person answers anew if it is that the service does not take the confirmation. Whether it was. */
  wasNotConfirmed(code: string): boolean {
    if (!this.confirming?.sent || !NOT_CONFIRMED.has(code)) return false;
    const stood = this.stands(this.confirming); // a newer answer is none of its business
    this.confirming = null;
    if (stood) this.returning.askAgain();
    return true;
  }
}
