// One key file on the withdrawal page: what it would take back, how the sending goes, the proof to keep. Each file has a line of its own, so
// that whoever chooses another one while the first is on its way hears of both.
import { openStatement } from "../core/dsse.ts";
import type { KeyFile } from "../core/identity.ts";
import { confirmWithdrawal, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import { sayTime, T, type Message } from "../i18n/i18n.ts";
import { Problem } from "../net/api.ts";
import { deliver, markDeleted, markTakenBack } from "../room/kept_withdrawals.ts";
import { approvalsIn, type KeptApproval } from "../store/approvals.ts";
import { isDelivered, keepUntilAcknowledged, type Unacknowledged } from "../store/withdrawals.ts";
import { fill, h, type Child } from "../ui/dom.ts";
import { ownPart } from "../ui/own_part.ts";
import { inWords } from "../ui/problems.ts";
import { facts } from "../ui/room_facts.ts";
import { confirmationButton, erasedInWords } from "../ui/withdrawn.ts";
import { deletionOf, type Deletion, type Service } from "./deletion.ts";

/** What a slot needs of its page. `known`: what was found out beforehand, or null. */
export interface Page { known(): Service | null; find(): Promise<Service>; complain(words: Message): void }

type State = "sending" | "failed" | "done" | "deleted";

/** The service has the withdrawal; what its answer proves could not be looked at. */
class Unchecked extends Error {
  constructor(readonly reason: unknown) {
    super("the proof could not be checked");
  }
}

export const isFromElsewhere = ({ server }: KeyFile): boolean => new URL(server).origin !== location.origin;

export class KeyFileSlot {
  private readonly summary = h("section", { testid: "withdraw-summary", hidden: true });
  private readonly status = h("p", { testid: "withdraw-status", role: "status" });
  private readonly proof = h("section", { testid: "withdraw-proof", hidden: true });
  readonly element = h("div", { class: "key-file", testid: "withdraw-one" }, this.summary, this.status, this.proof);
  private words: Child[] = [];
  private underWay: KeyFile | null = null;
  private aside = false;

  /** `named`: whether its line says of which file it is, because others are there. */
  constructor(private readonly page: Page, private fileName: string, private named: boolean) {}

  get isSending(): boolean {
    return this.underWay !== null;
  }

  sends({ withdrawal }: KeyFile): boolean {
    return this.underWay?.withdrawal === withdrawal;
  }

  /** Makes place for another file; what was said of this one is gone. */
  reset(fileName: string): void {
    this.fileName = fileName;
    this.summary.hidden = this.proof.hidden = true;
    delete this.status.dataset["state"];
    this.status.className = "";
    fill(this.status);
  }

  /** Another file was chosen while this one is being sent: it goes on, below, under its name. */
  stepAside(): void {
    this.aside = this.named = true;
    this.summary.hidden = true;
    this.drawStatus();
  }

  show(keyFile: KeyFile, deletion: Deletion | null): void {
    const short = (id: string): HTMLElement => h("span", { class: "mono" }, id);
    const about = facts([[T("withdraw_server"), keyFile.server], [T("withdraw_recording"), short(keyFile.recording)], [T("withdraw_approval"), short(keyFile.approval)]]);
    this.summary.hidden = false;
    if (deletion) {
      fill(this.summary, about);
      return this.say("deleted", T(`withdraw_deleted_${deletion.reason}`, { date: new Date(deletion.at_ms) }));
    }
    const send = h("button", { type: "button", class: "danger", testid: "withdraw-send", on: { click: () => void this.send(keyFile, send) } }, T("withdraw_send"));
    fill(this.summary, h("h2", {}, T("withdraw_what_title")), about,
      isFromElsewhere(keyFile)
        ? h("p", { class: "note warning" }, T("withdraw_other_server", { server: keyFile.server }))
        : [h("p", {}, T("withdraw_what")), h("p", {}, T("withdraw_what_whole_takes")), h("p", {}, T("withdraw_not_erased")), h("div", { class: "actions" }, send), ownPart(() => keyFile)]);
  }

  /** Nothing keeps anybody from taking back: not a service that does not say soon, nor one whose proof does not hold. */
  async findDeletion(keyFile: KeyFile): Promise<Deletion | null> {
    try {
      const deletion = await deletionOf(keyFile, () => this.page.find());
      if (deletion) await this.nothingLeft(keyFile, deletion);
      return deletion;
    } catch (error) {
      if (!(error instanceof Problem)) this.page.complain(T("withdraw_deleted_unproven", { detail: inWords(error) }));
      return null;
    }
  }

  private async send(keyFile: KeyFile, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    this.underWay = keyFile;
    this.say("sending", T("withdraw_page_sending"));
    try {
      const kept = await approvalsIn(keyFile.recording).catch(() => []); // a browser that keeps nothing knows none
      const one = await keptToSend(keyFile, kept[0]);
      const confirmed = await this.acknowledged(one);
      await markInThisBrowser(one).catch((error: unknown) => console.warn("what is kept here cannot be marked:", error));
      this.say("done", T("withdraw_page_done", { when: sayTime(confirmed.entry.received_ms) }), " ", erasedInWords([confirmed], [keyFile.approval], kept));
      this.summary.hidden = true;
      this.offer(confirmed, keyFile);
    } catch (error) {
      await this.failed(error, keyFile, button);
    } finally {
      this.underWay = null;
    }
  }

  private async acknowledged(one: Unacknowledged): Promise<ConfirmedWithdrawal> {
    const before = (await this.page.known()?.watch.asking().catch(() => null)) ?? null;
    const accepted = await deliver(one);
    try {
      const { watch, serviceKey } = this.page.known() ?? (await this.page.find().catch((error: unknown) => { throw new Unchecked(error); }));
      const confirmed = await confirmWithdrawal(accepted, one.envelope, { ledger: watch.ledger, serviceKey });
      await watch.saw({ ...confirmed.head, note: confirmed.checkpoint }, before);
      return confirmed;
    } finally {
      isDelivered(one);
    }
  }

  /** What this browser keeps of a recording that is proven to be deleted is marked so, and nothing of it is sent any more. */
  private async nothingLeft(keyFile: KeyFile, deletion: Deletion): Promise<void> {
    isDelivered(await named(keyFile));
    await markDeleted(keyFile.recording, deletion).catch((error: unknown) => console.warn("what is kept here cannot be marked:", error));
  }

  private async failed(error: unknown, keyFile: KeyFile, button: HTMLButtonElement): Promise<void> {
    button.disabled = false;
    this.summary.hidden = false; // to send it again, also from below
    const deletion = error instanceof Problem && (error.status === 404 || error.status === 410) ? await this.findDeletion(keyFile) : null;
    if (deletion) return this.show(keyFile, deletion);
    this.focus(button);
    if (error instanceof Unchecked) return this.say("failed", T("withdraw_page_unchecked", { detail: inWords(error.reason) }));
    this.say("failed", T(error instanceof Problem ? "withdraw_page_failed" : "withdraw_page_unproven", { detail: inWords(error) }));
  }

  /** The proof to keep, and what erasing did not reach. Gets the focus, which was on what is gone now. */
  private offer(confirmed: ConfirmedWithdrawal, { approval }: KeyFile): void {
    const save = confirmationButton(confirmed, approval.slice(0, 16), T("confirmation_save"));
    fill(this.proof, h("p", {}, T("withdraw_not_erased")), h("p", {}, T("withdraw_keep")), h("div", { class: "actions" }, save));
    this.proof.hidden = false;
    this.focus(save);
  }

  /** Not away from whoever went on to something else meanwhile. */
  private focus(button: HTMLElement): void {
    const holder = document.activeElement;
    if (!this.aside && (holder === null || holder === document.body || this.element.contains(holder))) button.focus();
  }

  /** Says where things stand; what is final stands out. */
  private say(state: State, ...words: Child[]): void {
    this.status.dataset["state"] = state;
    this.status.className = state === "done" || state === "deleted" ? "note" : "";
    this.words = words;
    this.drawStatus();
  }

  private drawStatus(): void {
    fill(this.status, this.named ? [h("bdi", { class: "file-name" }, this.fileName), ": "] : null, this.words);
  }
}

const named = async ({ withdrawal, recording }: KeyFile): Promise<{ recording: string; key: string }> =>
  ({ recording, key: (await openStatement("withdrawal", withdrawal)).body.key });

/** Kept before it is sent, so that the next page sends it if this one is closed. */
async function keptToSend(keyFile: KeyFile, known: KeptApproval | undefined): Promise<Unacknowledged> {
  return keepUntilAcknowledged({ ...(await named(keyFile)), room: known?.room ?? null, envelope: keyFile.withdrawal, approvals: [keyFile.approval], delete_after_ms: known?.delete_after_ms });
}

/** If the approval was given in this browser: the pages of its room say no more that something of it is left. */
async function markInThisBrowser({ recording, key }: Unacknowledged): Promise<void> {
  for (const room of new Set((await approvalsIn(recording)).map((kept) => kept.room))) await markTakenBack(room, recording, key, "proven");
}

/** Whether the file's withdrawal is signed, and about the recording that the file names. */
export async function isAbout({ withdrawal, recording }: KeyFile): Promise<boolean> {
  return (await openStatement("withdrawal", withdrawal)).body.recording === recording;
}
