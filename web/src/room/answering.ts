// Approve, refuse, withdraw: makes the statement, keeps what the person must not lose, sends it, checks the acknowledgement.
// Order matters: the approval's files are kept before it is sent, and so is a withdrawal; media flows only after the acknowledgement;
// withdrawing stops it first.
import { parseKeyFile, writeKeyFile } from "../core/identity.ts";
import { checkAcknowledgement, type Checked } from "../core/proof.ts";
import { writeReceipt } from "../core/receipt.ts";
import type { MediaKind } from "../core/shape.ts";
import { isTooLittle } from "../core/withdrawals.ts";
import { confirmWithdrawal } from "../core/withdrawal_confirmation.ts";
import { T, type Message } from "../i18n/i18n.ts";
import type { Asked as LedgerAsked, LedgerWatch } from "../ledger/watch.ts";
import { api, Problem, type Accepted, type PublishAt } from "../net/api.ts";
import { approvalsOf, keepApproval, updateApproval } from "../store/approvals.ts";
import { isDelivered, keepUntilAcknowledged, unacknowledged, type Unacknowledged } from "../store/withdrawals.ts";
import { makeApproval, makeWithdrawal, type Asked } from "./answers.ts";
import { deletionInstead, deliver, keepConfirmation, keptWithdrawals, markSaid, markTakenBack, sendUnderWayNow, signedInAdvance, type Confirmed, type KeptWithdrawal, type TakenBack } from "./kept_withdrawals.ts";
import { ComingBack } from "./coming_back.ts";
import { findProof } from "./finding_proof.ts";
import { GivenApprovals } from "./given_approvals.ts";
import type { Publisher } from "./publisher.ts";
import { sendRefusal } from "./refusing.ts";
import { ScopeChanges } from "./scope_changes.ts";
import { SignedHere } from "./signed_here.ts";
import type { OwnAnswer, Place, Store, WithdrawalKnown } from "./state.ts";

const UNANSWERED: OwnAnswer = { answer: "asked", approval: null, scope: [] };
const WITHDRAWN: OwnAnswer = { answer: "withdrawn", approval: null, scope: [] };

export class Answering {
  private readonly listeners = new Set<() => void>();
  /** by recording: one that is on its way is waited for, not sent again, and never taken for another recording's */
  private readonly withdrawing = new Map<string, Promise<TakenBack>>();
  private readonly given = new GivenApprovals();
  private readonly signed: SignedHere;
  private readonly changes: ScopeChanges;
  private readonly back: ComingBack;

  constructor(private readonly place: Place, private readonly store: Store, private readonly publisher: Publisher,
    send: (message: Record<string, unknown>) => void) {
    this.signed = new SignedHere(place.slot);
    this.changes = new ScopeChanges(place, store, publisher, this.signed, {
      approve: (scope, otherwise) => this.approve(scope, otherwise),
      check: (proof, before) => this.check(proof, before),
      ledger: () => this.ledger,
    });
    this.back = new ComingBack(place, store, publisher, send, {
      asked: () => this.asked(),
      askAgain: (notice) => this.askAgain(notice),
      sendLessNow: (recording) => this.changes.sendLessNow(recording),
      isUntold: (approval) => this.changes.isUntold(approval),
      ledger: () => this.ledger,
    });
  }

  /** Called whenever a receipt or key file was kept or changed. */
  onKept(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** `otherwise`: what holds if the service does not take it. */
  async approve(scope: MediaKind[], otherwise = UNANSWERED): Promise<void> {
    await this.ledger.mustHold();
    const asked = await this.asked();
    if (this.changes.isLessOnItsWay(asked.request.body.recording)) throw new Problem(0, "less_on_its_way", "what was taken back has not arrived yet");
    const { approval, wrapped, keyFile } = await makeApproval(asked, scope, this.place.signer);
    await keepApproval({
      approval: approval.id, recording: approval.body.recording, room: this.place.roomId, title: asked.room.body.title, scope: approval.body.scope,
      approved_ms: approval.body.issued_ms, receipt: null, keyFile, receiptSaved: false, keyFileSaved: false, withdrawn: false,
      delete_after_ms: asked.request.body.delete_after_ms,
    });
    // Set before sending: the take that names this approval may arrive before the answer to it, also behind a failure. Until it is
    // acknowledged the service counts the one before.
    for (const id of [approval.id, otherwise.approval]) this.given.sign(id);
    this.signed.approves(approval.body.recording, approval.body.scope);
    const connection = this.back.times;
    this.store.set({ answer: "sending", approval: approval.id, scope: approval.body.scope });
    try {
      const before = await this.ledger.asking();
      await this.acknowledged(await api.submit(approval.envelope, wrapped), approval.envelope, asked, before, approval.id, approval.body.scope);
    } catch (error) {
      if (error instanceof Problem && error.status >= 400 && error.status < 500) this.given.isNotTaken(approval.id);
      if (this.store.state.approval === approval.id) {
        // Over a new connection nothing from before counts that was not confirmed there.
        if (otherwise.answer === "approved" && this.back.times !== connection) this.askAgain();
        else this.store.set(otherwise);
      }
      if (this.sayThatItArrived()) throw new Problem(0, "answer_arrived", "a take names the answer");
      // Looked for at once. The service's word alone is no alarm that stays: what we named may come from a take, signed by no ledger.
      if (error instanceof Problem && error.code === "ledger_falsified") void this.ledger.look();
      if (await this.keyIsSpent(error, approval.id, asked, scope)) void this.spent(asked.request.body.recording, { proven: T("notice_key_spent"), said: T("notice_said_key_spent") });
      throw error;
    }
  }

  async refuse(): Promise<void> {
    this.publisher.stop();
    this.nothingStands();
    const asked = await this.asked();
    const isKept = await sendRefusal(asked, () => this.asked(), this.place.signer, this.store);
    const { request, answer } = this.store.state;
    if (request?.id !== asked.request.id || (answer !== "asked" && answer !== "refused")) return; // asked or answered anew meanwhile
    this.given.forget();
    this.store.set({ answer: "refused", approval: null, scope: [], ...(!isKept && { notice: T("problem_refusal_not_kept") }) });
  }

  /** From when somebody refuses nothing is confirmed that they gave before, whatever becomes of the refusal on its way. */
  private nothingStands(): void {
    const { answer, approval } = this.store.state;
    this.back.forget();
    if (answer !== "approved" && answer !== "sending") return;
    this.given.sign(approval); // until it has arrived a take may name that
    this.store.set(UNANSWERED);
  }

  /** Changes what may be recorded of this person from now on; see scope_changes.ts. */
  change(scope: MediaKind[]): Promise<void> {
    return this.changes.change(scope);
  }

  /**
   * Stops sending at once, if the recording is the one that is asked for, and sends the withdrawal until the service acknowledges it.
   * Returns what was sent, and what of it is proven then.
   */
  withdraw(recording: string): Promise<TakenBack> {
    const { answer, approval, withdrawal } = this.store.state;
    const live = this.isAbout(recording) && (answer === "approved" || answer === "sending");
    // Said to be taken back without a proof: the key that this page has can say so itself, whatever became of the files.
    const unproven = this.isAbout(recording) && answer === "withdrawn" && withdrawal !== "proven";
    if (live) {
      this.publisher.stop();
      this.store.set({ answer: "withdrawn", withdrawal: "sending", scope: [] });
    }
    const sent = this.withdrawing.get(recording)
      ?? this.sendWithdrawals(recording, live || unproven, approval === null ? [] : [approval]).catch((error: unknown) => {
        if ((live || this.isAbout(recording)) && this.store.state.withdrawal === "sending") this.known(recording, "failed"); // it did not even come to be sent
        throw error;
      }).finally(() => { this.withdrawing.delete(recording); });
    this.withdrawing.set(recording, sent);
    return sent;
  }

  /** One for each key that approved this recording here: after a reload, or leaving and coming back, there may be several. */
  private async sendWithdrawals(recording: string, own: boolean, approvals: string[]): Promise<TakenBack> {
    const { signer, roomId } = this.place;
    // What this page's own key approved it can take back from memory, whatever became of the database.
    const all = await keptWithdrawals(roomId, recording).catch((error: unknown): KeptWithdrawal[] => {
      if (!own) throw error;
      console.warn("what is kept here cannot be read:", error);
      return [];
    });
    if (own && !all.some((one) => this.isMine(one))) all.push({ key: signer.publicKey, envelope: "", approvals, delete_after_ms: this.isAbout(recording) ? this.store.state.request?.body.delete_after_ms : undefined });
    // All of them are kept before the first one is sent: this page may be closed at any moment.
    const kept: Unacknowledged[] = [];
    for (const one of all) {
      const envelope = this.isMine(one) ? (await makeWithdrawal(recording, signer, "now")).envelope : one.envelope;
      kept.push(keepUntilAcknowledged({ ...one, recording, room: roomId, envelope }));
    }
    return this.sendEach(kept);
  }

  private async sendEach(all: Unacknowledged[]): Promise<TakenBack> {
    this.kept(); // they are said to be on their way
    const done: TakenBack = { sent: 0, confirmed: [], deleted: null };
    // One that the service does not take keeps none of the others from being sent.
    const failures: unknown[] = [];
    for (const one of all) {
      try {
        const proven = await this.sendWithdrawal(one);
        done.sent++;
        if (proven) done.confirmed.push(proven);
        if (this.isMine(one)) this.known(one.recording, proven ? "proven" : "said");
      } catch (error) {
        const deleted = await deletionInstead(error, one, { watch: this.ledger, serviceKey: this.store.state.room.body.service_key });
        if (deleted) done.deleted = deleted;
        else failures.push(error);
        if (this.isMine(one)) this.known(one.recording, deleted ? "deleted" : "failed");
      }
    }
    this.kept();
    if (failures.length > 0) throw failures[0];
    return done;
  }

  /** Null if what the service answers proves nothing: then it can be sent again. */
  private async sendWithdrawal(one: Unacknowledged): Promise<Confirmed | null> {
    if (this.isMine(one) && this.isAbout(one.recording)) { // final for this key: FORMATS section 2
      this.publisher.stop();
      this.given.forget();
      this.store.set({ ...WITHDRAWN, withdrawal: "sending" });
    }
    const before = await this.ledger.asking().catch(() => null); // nothing keeps a withdrawal from being sent
    const accepted = await deliver(one);
    try {
      await markSaid(one);
      const keys = { ledger: this.ledger.ledger, serviceKey: this.store.state.room.body.service_key };
      const proof = await this.check(confirmWithdrawal(accepted, one.envelope, keys), before);
      return proof && (await keepConfirmation(one, proof));
    } finally {
      isDelivered(one);
    }
  }

  /** Whether a withdrawal by the key of this page that was confirmed before a reload is still on its way: then nothing is asked any more. */
  isTakingBack(recording: string): boolean {
    return this.ownUnacknowledged(recording).length > 0;
  }

  /** Goes on with it. Others, by other keys, are sent by the page itself (main.ts). */
  goOnTakingBack(recording: string): void {
    void this.sendEach(this.ownUnacknowledged(recording)).catch((error: unknown) => console.error("a withdrawal that was kept could not be sent:", error));
  }

  private ownUnacknowledged(recording: string): Unacknowledged[] {
    return unacknowledged().filter((one) => one.recording === recording && this.isMine(one));
  }

  private isMine({ key }: { key: string }): boolean {
    return key === this.place.signer.publicKey;
  }

  private isAbout(recording: string): boolean {
    return this.store.state.request?.body.recording === recording;
  }

  /** What is known of the withdrawal that the state shows; of this recording, also when it has ended. */
  private known(recording: string, withdrawal: WithdrawalKnown | "deleted", notice?: Message): void {
    const { answer, request } = this.store.state;
    if (answer !== "withdrawn" || (request !== null && !this.isAbout(recording))) return;
    if (withdrawal === "deleted") this.store.set({ answer: "none", notice: T("notice_deleted") });
    else this.store.set({ withdrawal, ...(notice && { notice }) });
  }

  /** With every connection, also the first one; see coming_back.ts. */
  cameBack(): Promise<void> {
    if (this.back.times > 0) sendUnderWayNow();
    const { answer, approval } = this.store.state;
    this.given.forget(answer === "sending" ? approval : null); // without a fresh signature the service counts nothing from before
    return this.back.cameBack();
  }

  connectionLost(): void {
    this.back.connectionLost();
  }

  confirmed(approval: string, publish: PublishAt | null): void {
    this.back.confirmed(approval, publish);
  }

  /** Whether a problem with this code was about the confirmation. */
  wasNotConfirmed(code: string): boolean {
    return this.back.wasNotConfirmed(code);
  }

  /** The roster says that this person's approval was withdrawn, and it was not done here. Nothing signed comes with that: it is looked for. */
  takenBack(): void {
    const { request, answer, scope, withdrawal } = this.store.state;
    if (!request || (answer === "withdrawn" && withdrawal !== "said")) return;
    const live = answer === "approved" || answer === "sending";
    // Not elsewhere: this page took back some kinds, and what is left is less than the request needs. The same key may approve anew.
    if (live && isTooLittle(request.body.minimum_scope, scope)) return this.askAgain(T("notice_too_little"));
    void this.spent(request.body.recording, { proven: T("notice_taken_back"), said: T("notice_said_taken_back") });
  }

  /** A withdrawal that the ledger could not take at first is in it now, it says. What it takes back is known only of one that was signed here in advance. */
  async proven(id: string): Promise<void> {
    const withdrawal = await signedInAdvance(this.place.roomId, id).catch(() => null); // nothing can be read here
    if (!withdrawal) return;
    const { recording, key } = withdrawal.body;
    if (key === this.place.signer.publicKey && this.isAbout(recording)) return this.takenBack();
    void this.look(recording, key);
  }

  /** The service does not count the approval any more although nobody took it back. */
  expired(): void {
    this.askAgain(T("notice_expired"));
  }

  private askAgain(notice = T("notice_again")): void {
    this.publisher.stop();
    this.given.forget();
    this.store.set({ ...UNANSWERED, notice });
  }

  /** Which approval of this person a take names, or null: then it records without one. */
  namedIn(approvals: string[]): string | null {
    return this.given.among(approvals, this.store.state.approval);
  }

  /** Another request is asked: no approval of this person answers it yet. */
  askedAnew(): void {
    this.back.forget();
    this.given.forget();
  }

  /** A take names this approval of ours. It is remembered that with it something may have been recorded. */
  async wasNamed(approval: string): Promise<void> {
    this.given.isNamed(approval);
    await updateApproval(approval, { recorded: true }).catch((error: unknown) => console.warn("it could not be kept that a take names an approval:", error));
    if (this.sayThatItArrived()) this.kept();
  }

  /**
   * An answer that seemed lost did arrive: a take names it. Where to publish to only its acknowledgement could say, so it is asked for once
   * more. Whether it is so.
   */
  private sayThatItArrived(): boolean {
    const { answer, approval } = this.store.state;
    if (!this.given.anotherArrived(approval) || (answer !== "asked" && answer !== "approved")) return false;
    this.publisher.stop();
    this.store.set({ ...UNANSWERED, notice: T("problem_answer_arrived") });
    return true;
  }

  /**
   * This key cannot approve this recording any more, the service says; a fresh one can. On its word nothing of this person is sent any more.
   * That it was taken back is said, and the button for it goes, only when the ledger's proof was seen.
   */
  private async spent(recording: string, notices: { proven: Message; said: Message }): Promise<void> {
    this.publisher.stop();
    this.given.forget();
    this.store.set({ ...WITHDRAWN, withdrawal: "looking" });
    const known = await this.look(recording, this.place.signer.publicKey);
    if (this.store.state.withdrawal === "looking") this.known(recording, known, notices[known]);
  }

  /** Looks whether the ledger has a withdrawal of this key, and marks what it takes back as one or the other. */
  private async look(recording: string, key: string): Promise<"said" | "proven"> {
    const known = (await findProof(this.place.roomId, recording, key, this.ledger, () => this.store.alarm(T("alarm_proof")))) ? "proven" : "said";
    await markTakenBack(this.place.roomId, recording, key, known).catch((error: unknown) => console.warn("what is kept here cannot be marked:", error));
    this.kept();
    return known;
  }

  /**
   * Whether an approval was refused because one from before was taken back meanwhile, while this page was not connected or before it was
   * reloaded: of a new connection the roster does not tell that.
   */
  private async keyIsSpent(error: unknown, id: string, { request }: Asked, scope: MediaKind[]): Promise<boolean> {
    if (!(error instanceof Problem) || error.code !== "not_permitted") return false;
    if (isTooLittle(request.body.minimum_scope, scope)) return false; // that is the reason
    const before = (await approvalsOf(this.place.roomId)).some(({ approval, recording, receipt }) => approval !== id && recording === request.body.recording && receipt !== null);
    const { answer, connection, request: now } = this.store.state;
    return before && answer !== "withdrawn" && connection === "connected" && now?.id === request.id;
  }

  private async asked(): Promise<Asked> {
    const { room, request, participant, challenge } = this.store.state;
    if (!request) throw new Problem(0, "request_over", "there is no request any more");
    const { role, name } = this.place;
    return { room, request, participant, role, name, challenge, checkpoint: await this.ledger.latest() };
  }

  private async acknowledged(accepted: Accepted, envelope: string, asked: Asked, before: LedgerAsked, id: string, scope: MediaKind[]): Promise<void> {
    const receipt = writeReceipt({ room: asked.room.envelope, request: asked.request.envelope, approval: envelope, acknowledgement: accepted });
    await updateApproval(id, { receipt, ...(await this.withToken(id, accepted.publish)) });
    this.kept();
    await this.check(checkAcknowledgement(accepted, envelope, this.ledger.ledger), before);
    if (this.store.state.approval !== id || this.store.state.answer !== "sending") return; // withdrawn or asked anew meanwhile
    this.given.forget(); // it counts instead of all before it
    // The service took the approval but gives no place to publish: we left and came back while it was on its way.
    if (!accepted.publish && scope.some((kind) => kind !== "chat")) return this.askAgain();
    this.store.set({ answer: "approved" });
    if (accepted.publish && !this.store.state.halted) this.publisher.start(accepted.publish, scope);
  }

  /** The key file, from now on with the token that reads one's own part. */
  private async withToken(id: string, publish: PublishAt | null): Promise<{ keyFile?: string }> {
    const kept = (await approvalsOf(this.place.roomId)).find(({ approval }) => approval === id);
    return kept && publish ? { keyFile: writeKeyFile({ ...parseKeyFile(kept.keyFile), token: publish.token }) } : {};
  }

  private get ledger(): LedgerWatch {
    return this.place.ledgers.of(this.store.state.room.body.ledger);
  }

  /** The proof of an acknowledgement must hold; one that does not is an alarm (and null), the answer stands all the same. */
  private async check<Proof extends Checked>(proof: Promise<Proof>, before: LedgerAsked | null): Promise<Proof | null> {
    try {
      const checked = await proof;
      await this.ledger.saw({ ...checked.head, note: checked.checkpoint }, before);
      return checked;
    } catch (error) {
      console.error(error);
      this.store.alarm(T("alarm_proof"));
      return null;
    }
  }

  /** What is kept, or being sent, has changed. */
  kept(): void {
    for (const listener of this.listeners) listener();
  }
}
