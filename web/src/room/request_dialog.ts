// The host's wish to record: purpose, scope, how long it is kept, whether refusals are named. Sensible defaults, nothing hidden; or, while
// a request stands, what it says, to be changed: a new request takes its place.
import { plainLine } from "../core/plain_text.ts";
import { inOrder, type MediaKind } from "../core/shape.ts";
import type { Request } from "../core/statements.ts";
import { T } from "../i18n/i18n.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, checkbox, field, fill, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";
import type { Wish } from "./host_duties.ts";

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The day of this moment, here. */
function dayOf(ms: number): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The end of the chosen day, here. */
function endOfDay(day: string): number {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  return new Date(year, month - 1, date, 23, 59, 59).getTime();
}

/** The request that stands, and whether anything was recorded for it. */
export interface Standing { request: Request; hasRecorded: boolean }

export function openRequest(maxDays: number, standing: Standing | null, ask: (wish: Wish) => Promise<void>): void {
  const before = standing?.request;
  const purpose = h("textarea", { testid: "request-purpose", required: true, maxlength: "500" }, before?.purpose);
  const kinds = (["audio", "video", "screen"] as const).map((kind) => ({ kind, ...checkbox(`request-scope-${kind}`, T(`request_scope_${kind}`), undefined, { checked: before?.scope.includes(kind) ?? true }) }));
  const until = h("input", { testid: "request-retention", type: "date", required: true, min: isoDay(Date.now() + DAY_MS), max: isoDay(Date.now() + maxDays * DAY_MS - DAY_MS), value: before ? dayOf(before.delete_after_ms) : isoDay(Date.now() + Math.min(DEFAULT_DAYS, maxDays - 1) * DAY_MS) });
  const named = checkbox("request-names-refusals", T("request_names"), T("request_names_hint"), { checked: before?.names_refusals ?? false });
  const problem = h("p", { class: "problem", role: "alert", testid: "request-error" });
  const submit = h("button", { class: "primary", testid: "request-submit" }, T(before ? "request_change_submit" : "request_submit"));
  const run = busy(submit, problem, async () => {
    const scope: MediaKind[] = inOrder(kinds.filter(({ input }) => input.checked).map(({ kind }) => kind));
    if (scope.length === 0) return fill(problem, T("request_scope_missing"));
    await ask({ purpose: plainLine(purpose.value, 500), scope, deleteAfterMs: endOfDay(until.value), namesRefusals: named.input.checked });
    box.close();
  }, inWords);
  const form = h("form", { on: { submit: (event) => { event.preventDefault(); run(); } } },
    h("p", standing ? { class: "note", testid: "request-replaces" } : { class: "muted" }, T(!standing ? "request_lead" : standing.hasRecorded ? "request_change_lead_recorded" : "request_change_lead")),
    field(T("request_purpose"), purpose, T("request_purpose_hint")),
    h("fieldset", {}, h("legend", {}, T("request_scope")), ...kinds.map(({ row }) => row)),
    field(T("request_until"), until, T("request_until_hint")),
    named.row, problem,
    h("div", { class: "actions" }, h("button", { type: "button", testid: "request-cancel", on: { click: () => box.close() } }, T("cancel")), submit));
  const box = dialog("request-dialog", T(before ? "request_change_title" : "request_title"), [form], { dismiss: "escape" });
  box.open();
  purpose.focus();
}
