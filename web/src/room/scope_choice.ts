// The boxes for what may be recorded of oneself: one for each kind that is asked for, and "nothing of me".
import type { MediaKind } from "../core/shape.ts";
import { T, type Message } from "../i18n/i18n.ts";
import { checkbox, h, textOf } from "../ui/dom.ts";

/** `chosen`: null while nothing is ticked, not even "nothing of me". */
export interface ScopeChoice { element: HTMLElement; chosen(): MediaKind[] | null }

/** `granted`: what is ticked beforehand; null for a question that was not answered yet, because a pre-ticked box is no consent. */
export function scopeChoice(testid: string, title: Message, asked: MediaKind[], granted: MediaKind[] | null): ScopeChoice {
  const kinds = asked.map((kind) => ({ kind, ...checkbox(`${testid}-scope-${kind}`, T(`prompt_scope_${kind}`), T(`prompt_scope_${kind}_hint`)) }));
  const nothing = checkbox(`${testid}-scope-nothing`, T("prompt_scope_nothing"), T("prompt_scope_nothing_hint"));
  for (const { kind, input } of kinds) input.checked = granted?.includes(kind) ?? false;
  nothing.input.checked = granted?.length === 0;
  nothing.input.addEventListener("change", () => nothing.input.checked && kinds.forEach(({ input }) => { input.checked = false; }));
  for (const { input } of kinds) input.addEventListener("change", () => { if (input.checked) nothing.input.checked = false; });
  const element = h("fieldset", { class: "choices" }, h("legend", {}, textOf(title)),
    ...[...kinds.map(({ row }) => row), nothing.row].map((row) => h("div", { class: "choice" }, row)));
  return {
    element,
    chosen: () => {
      const chosen = kinds.filter(({ input }) => input.checked).map(({ kind }) => kind);
      return chosen.length === 0 && !nothing.input.checked ? null : chosen;
    },
  };
}
