// What somebody reads and keeps who took an approval back: what was erased, as statements say whose proofs hold, and the confirmation.
import { countErased, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import { sayTime, T, type Message } from "../i18n/i18n.ts";
import { h, saveFile } from "./dom.ts";
import { icon } from "./icons.ts";

/** `approvals`: those that were taken back; what else the statements name is told apart from them. */
export function erasedInWords(confirmed: ConfirmedWithdrawal[], approvals: string[]): Message {
  const { own, others, keys, at_ms } = countErased(confirmed, approvals);
  const what: Message[] = [];
  if (own > 0) what.push(T(own === 1 ? "erased_own_one" : "erased_own_some", { n: own }));
  if (keys > 0) what.push(T("erased_key"));
  if (others > 0) what.push(T(others === 1 ? "erased_other_one" : "erased_other_some", { n: others }));
  return what.length === 0 ? T("erased_nothing") : T("erased_on", { when: sayTime(at_ms), what });
}

/** A button that saves the confirmation; `name` is how the file is called in front of its ending. */
export function confirmationButton({ file }: ConfirmedWithdrawal, name: string, label: Message, saved: () => void = () => undefined): HTMLButtonElement {
  const save = (): void => {
    saveFile(`${name}.unavoce-confirmation.json`, [file], "application/json");
    saved();
  };
  return h("button", { type: "button", testid: "confirmation-save", on: { click: save } }, icon("download"), label);
}
