// Changing one's mind about what may be recorded of oneself, while the recording goes on: less at once, more by a new approval.
import type { MediaKind } from "../core/shape.ts";
import { T } from "../i18n/i18n.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, fill, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";
import { scopeChoice } from "./scope_choice.ts";

/** `asked`: what the request is about; `now`: what of it is granted. `change` resolves when the service has acknowledged. */
export function openScopeDialog(asked: MediaKind[], now: MediaKind[], change: (scope: MediaKind[]) => Promise<void>): { close(): void } {
  const problem = h("p", { class: "problem", role: "alert", testid: "change-error" });
  const scope = scopeChoice("change", T("change_scope_title"), asked, now);
  const submit = h("button", { type: "button", class: "primary", testid: "change-submit" }, T("change_submit"));
  const cancel = h("button", { type: "button", testid: "change-cancel", on: { click: () => box.close() } }, T("cancel"));
  const box = dialog("change-dialog", T("change_title"), [
    scope.element, h("p", {}, T("change_less")), h("p", {}, T("change_past")), h("p", {}, T("change_more")), problem, h("div", { class: "actions" }, cancel, submit),
  ], { dismiss: "escape" });
  submit.addEventListener("click", busy(submit, problem, async () => {
    const chosen = scope.chosen();
    if (chosen === null) return fill(problem, T("prompt_choose"));
    await change(chosen);
    box.close();
  }, inWords));
  box.open();
  return { close: () => box.close() };
}
