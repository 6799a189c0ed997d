// Taking an approval back: one button, one confirmation that says what is erased and what cannot be. As easy as approving. Then it says
// what was erased, as far as that is proven, and gives the proof to keep.
import type { Room } from "../core/statements.ts";
import { T } from "../i18n/i18n.ts";
import { approvalsIn, type KeptApproval } from "../store/approvals.ts";
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
  const ahead = h("div", {}, h("p", {}, T("withdraw_erased")), erases === "whole_takes" ? h("p", { testid: "withdraw-whole-takes" }, T("prompt_whole_takes")) : null);
  const beyond = h("p", {}, T("withdraw_not_erased"));
  const box = dialog("withdraw-dialog", T("withdraw_title"), [
    ahead, result, beyond, where === "meeting" ? h("p", { class: "muted" }, T("withdraw_meeting")) : null, actions,
  ], { dismiss: "escape" });
  const now = (state: "sending" | Result | "failed", ...words: Child[]): void => {
    result.dataset["state"] = state;
    box.retitle(T(`withdraw_title_${state}`));
    ahead.hidden = state === "done" || state === "unproven" || state === "nothing" || state === "deleted"; // what was erased is said instead
    beyond.hidden = state === "nothing";
    fill(result, ...words);
  };
  confirm.addEventListener("click", () => {
    const close = h("button", { type: "button", testid: "withdraw-close", on: { click: () => box.close() } }, T("close"));
    fill(actions, close);
    close.focus();
    now("sending", T("withdraw_sending"));
    withdraw().then(
      async (done) => {
        const { confirmed } = done;
        const kept = confirmed[0] ? await approvalsIn(confirmed[0].entry.recording).catch(() => []) : [];
        now(resultOf(done), ...said(done, kept));
        close.before(...confirmed.map((one, i) => toSave(one, i + 1, confirmed.length))); // beside it: the focus stays where it is
      },
      (error: unknown) => now("failed", T("withdraw_failed", { why: inWords(error) })));
  });
  box.open();
}

type Result = "nothing" | "unproven" | "done" | "deleted";
/** Only what is proven of all that was sent is said to be so. */
const resultOf = ({ sent, confirmed, deleted }: TakenBack): Result => (sent === 0 ? (deleted ? "deleted" : "nothing") : confirmed.length < sent ? "unproven" : "done");

function said(done: TakenBack, kept: KeptApproval[]): Child[] {
  const { confirmed, deleted } = done;
  if (deleted && resultOf(done) === "deleted") return [T(`withdraw_deleted_${deleted.reason}`, { date: new Date(deleted.at_ms) })];
  const erased = confirmed.length === 0 ? [] : [" ", erasedInWords(confirmed, confirmed.flatMap(({ approvals }) => approvals), kept)];
  return [T(`withdraw_${resultOf(done) as Exclude<Result, "deleted">}`), erased];
}

/** Several keys of one person give several confirmations. */
function toSave(confirmed: Confirmed, n: number, of: number): HTMLButtonElement {
  const name = (confirmed.approvals[0] ?? confirmed.entry.recording).slice(0, 16);
  return confirmationButton(confirmed, name, of === 1 ? T("confirmation_save") : T("confirmation_save_nth", { n, of }), () => void confirmationWasSaved(confirmed));
}
