// Receipt, key file and taking back, then the confirmation of that: offered in the meeting, before and afterwards, kept in this browser
// until all of it was saved.
import { parseKeyFile } from "../core/identity.ts";
import type { Room } from "../core/statements.ts";
import { sayMoment, T, type Message } from "../i18n/i18n.ts";
import { allSaved, approvalsOf, forgetApproval, hasArrived, updateApproval, type KeptApproval } from "../store/approvals.ts";
import { beingTakenBack } from "../store/withdrawals.ts";
import { fill, h, keepFocus, saveFile } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { ownPart } from "../ui/own_part.ts";
import type { TakenBack } from "./kept_withdrawals.ts";
import { openWithdraw } from "./withdraw_dialog.ts";

const fileName = ({ approval }: KeptApproval, ending: string): string => `${approval.slice(0, 16)}.${ending}`;

export class TakeHome {
  readonly element = h("section", { class: "card", testid: "take-home", hidden: true });

  /** `takeBack` withdraws all that was approved here for a recording. */
  constructor(private readonly room: Pick<Room, "room" | "withdrawal_erases">, private readonly where: "meeting" | "outside", private readonly takeBack: (recording: string) => Promise<TakenBack>) {}

  async draw(): Promise<void> {
    const kept = (await approvalsOf(this.room.room)).filter(hasArrived);
    const held = document.activeElement instanceof HTMLElement && this.element.contains(document.activeElement) ? document.activeElement : null;
    const [approval, testid] = [held?.closest<HTMLElement>("[data-approval]")?.dataset["approval"], held?.dataset["testid"]];
    this.element.hidden = kept.length === 0;
    fill(this.element, h("h2", { tabindex: "-1" }, icon("key"), " ", T("home_title")), h("p", { class: "muted" }, T("home_lead")),
      ...kept.reverse().map((one) => this.one(one)));
    if (!held) return;
    (this.element.querySelector<HTMLElement>(`[data-approval="${approval}"] [data-testid="${testid}"]`) ?? this.element.querySelector("h2"))?.focus({ preventScroll: true });
    keepFocus(); // nothing is kept any more
  }

  private one(kept: KeptApproval): HTMLElement {
    const receipt = kept.receipt === null ? null : h("button", { type: "button", testid: "receipt-download", on: { click: () => {
      saveFile(fileName(kept, "unavoce-receipt.json"), [kept.receipt!], "application/json");
      void this.saved(kept, { receiptSaved: true });
    } } }, icon(kept.receiptSaved ? "check" : "download"), T("home_receipt"));
    const keyFile = h("button", { type: "button", testid: "keyfile-download", on: { click: () => {
      saveFile(fileName(kept, "unavoce-key.txt"), [kept.keyFile], "text/plain");
      void this.saved(kept, { keyFileSaved: true });
    } } }, icon(kept.keyFileSaved ? "check" : "download"), T("home_keyfile"));
    const back = h("button", { type: "button", class: "quiet small", testid: "home-withdraw", data: { recording: kept.recording },
      on: { click: () => openWithdraw(this.room.withdrawal_erases, () => this.takeBack(kept.recording).finally(() => this.draw()), this.where) } }, icon("undo"), T("withdraw_button"));
    const { confirmation } = kept;
    const proof = confirmation === undefined ? null : h("button", { type: "button", testid: "confirmation-download", on: { click: () => {
      saveFile(fileName(kept, "unavoce-confirmation.json"), [confirmation], "application/json");
      void this.saved(kept, { confirmationSaved: true });
    } } }, icon(kept.confirmationSaved ? "check" : "download"), T("home_confirmation"));
    const forget = h("button", { type: "button", class: "quiet small", testid: "take-home-forget", on: { click: () => void forgetApproval(kept.approval).then(() => this.draw()) } }, T("home_forget"));
    const underWay = beingTakenBack().has(kept.approval);
    const gone = kept.withdrawn || kept.deleted_ms !== undefined;
    return h("div", { class: "kept-one", data: { approval: kept.approval } },
      h("p", { class: "muted" }, howItStands(kept, underWay)),
      h("div", { class: "kept" }, receipt, keyFile, proof, allSaved(kept) && !underWay ? forget : null, gone ? null : back),
      gone ? null : ownPart(() => parseKeyFile(kept.keyFile)));
  }

  private async saved(kept: KeptApproval, change: Partial<KeptApproval>): Promise<void> {
    await updateApproval(kept.approval, change);
    await this.draw();
  }
}

/** Nothing is called taken back before that is proven. */
function howItStands({ approved_ms, withdrawn, saidWithdrawn, deleted_ms }: KeptApproval, underWay: boolean): Message {
  const when = sayMoment(approved_ms);
  if (withdrawn) return T("home_withdrawn", { when });
  if (deleted_ms !== undefined) return T("home_deleted", { when, date: new Date(deleted_ms) });
  return T(underWay ? "home_being_withdrawn" : saidWithdrawn ? "home_said_withdrawn" : "home_approved", { when });
}
