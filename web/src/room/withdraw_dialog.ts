// Taking an approval back: one button, one confirmation that says what is erased and what cannot be. As easy as approving. Then it says
// what was erased, as far as that is proven, and gives the proof to keep.
import type { Room } from "../core/statements.ts";
import { T } from "../i18n/i18n.ts";
import { dialog } from "../ui/dialog.ts";
import { fill, h, type Child } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";
import { confirmationButton, erasedInWords } from "../ui/withdrawn.ts";
import { confirmationWasSaved, type Confirmed, type TakenBack } from "./kept_withdrawals.ts";

/** `erases`: what the room says a withdrawal erases. `withdraw` stops the sending at once and resolves to what is proven when the service has acknowledged. `where`: whether the meeting goes on behind it. */
export function openWithdraw(erases: Room["withdrawal_erases"], withdraw: () => Promise<TakenBack>, where: "meeting" | "outside" = "meeting"): void {
  const result = h("p", { testid: "withdraw-result", role: "status" });
  const confirm = h("button", { type: "button", class: "danger", testid: "withdraw-confirm" }, T("withdraw_confirm"));
  const cancel = h("button", { type: "button", testid: "withdraw-cancel", on: { click: () => box.close() } }, T("cancel"));
  const actions = h("div", { class: "actions" }, cancel, confirm);
  const box = dialog("withdraw-dialog", T("withdraw_title"), [
    h("p", {}, T("withdraw_erased")), erases === "whole_takes" ? h("p", { testid: "withdraw-whole-takes" }, T("prompt_whole_takes")) : null, h("p", {}, T("withdraw_not_erased")), where === "meeting" ? h("p", { class: "muted" }, T("withdraw_meeting")) : null, result, actions,
  ], { dismiss: "escape" });
  confirm.addEventListener("click", () => {
    const close = h("button", { type: "button", testid: "withdraw-close", on: { click: () => box.close() } }, T("close"));
    fill(actions, close);
    close.focus();
    result.dataset["state"] = "sending";
    fill(result, T("withdraw_sending"));
    withdraw().then(
      ({ sent, confirmed }) => {
        result.dataset["state"] = "done";
        fill(result, ...said(sent, confirmed));
        close.before(...confirmed.map((one, i) => toSave(one, i + 1, confirmed.length))); // beside it: the focus stays where it is
      },
      (error: unknown) => { result.dataset["state"] = "failed"; fill(result, inWords(error)); });
  });
  box.open();
}

/** Only what is proven of all that was sent is said to be so. */
function said(sent: number, confirmed: Confirmed[]): Child[] {
  const erased = confirmed.length === 0 ? [] : [" ", erasedInWords(confirmed, confirmed.flatMap(({ approvals }) => approvals))];
  return [T(confirmed.length < sent ? "withdraw_done_unproven" : "withdraw_done"), erased];
}

/** Several keys of one person give several confirmations. */
function toSave(confirmed: Confirmed, n: number, of: number): HTMLButtonElement {
  const name = (confirmed.approvals[0] ?? confirmed.entry.recording).slice(0, 16);
  return confirmationButton(confirmed, name, of === 1 ? T("confirmation_save") : T("confirmation_save_nth", { n, of }), () => void confirmationWasSaved(confirmed));
}
