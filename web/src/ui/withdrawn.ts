// What somebody reads and keeps who took an approval back: what was erased, as statements say whose proofs hold, and the confirmation.
import { countErased, type ConfirmedWithdrawal, type ErasedBeside } from "../core/withdrawal_confirmation.ts";
import { sayMoment, sayTime, T, type Message } from "../i18n/i18n.ts";
import type { KeptApproval } from "../store/approvals.ts";
import { h, saveFile, type Child } from "./dom.ts";
import { icon } from "./icons.ts";

/** `approvals`: those that were taken back; what else the statements name is told apart from them. `kept`: the approvals that this browser knows. */
export function erasedInWords(confirmed: ConfirmedWithdrawal[], approvals: string[], kept: Pick<KeptApproval, "approval" | "approved_ms">[]): Child[] {
  const { own, others, keys, at_ms } = countErased(confirmed, approvals);
  const what: Message[] = [];
  if (own > 0) what.push(T(own === 1 ? "erased_own_one" : "erased_own_some", { n: own }));
  if (keys > 0) what.push(T("erased_key"));
  const first = what.length > 0 ? T("erased_on", { when: sayTime(at_ms), what }) : T(others.length > 0 ? "erased_nothing_of_this" : "erased_nothing");
  if (others.length === 0) return [first];
  const known = (one: ErasedBeside): number | undefined => kept.find(({ approval }) => approval.startsWith(one.approval))?.approved_ms;
  const unknown = others.some((one) => known(one) === undefined);
  return [first, " ", T("erased_beside", { what: others.map((one) => besideInWords(one, known(one))) }), unknown ? [" ", T("erased_beside_whose")] : null];
}

/** Whose it is, where this browser knows that; otherwise its number, under which receipt and files are saved. */
function besideInWords({ approval, files, key }: ErasedBeside, approved_ms: number | undefined): Message {
  const what = [T(files === 1 ? "erased_file_one" : "erased_file_some", { n: files }), ...(key ? [T("erased_its_key")] : [])];
  return approved_ms === undefined ? T("erased_of_unknown", { what, approval }) : T("erased_of_yours", { what, when: sayMoment(approved_ms) });
}

/** A button that saves the confirmation; `name` is how the file is called in front of its ending. */
export function confirmationButton({ file }: ConfirmedWithdrawal, name: string, label: Message, saved: () => void = () => undefined): HTMLButtonElement {
  const save = (): void => {
    saveFile(`${name}.unavoce-confirmation.json`, [file], "application/json");
    saved();
  };
  return h("button", { type: "button", testid: "confirmation-save", on: { click: save } }, icon("download"), label);
}
