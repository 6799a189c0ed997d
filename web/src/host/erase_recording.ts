// Erasing one recording before its time: a button, then a dialog that says what is lost, and for whom. Nothing undoes it.
import { sayTime, T } from "../i18n/i18n.ts";
import { api, Problem, type RecordingListed } from "../net/api.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";

/** An erasure that was cut off goes on when it is asked for again. */
const ENDED = new Set(["sealed", "interrupted", "erasing"]);

/** It went meanwhile, with time or by another page: that is what was wanted. */
const isGone = (error: unknown): boolean => error instanceof Problem && (error.status === 404 || error.status === 410);

/** The button beside a recording; while it goes on, words instead. `erased` is called when the service has erased it. */
export function eraseButton(listed: RecordingListed, erased: () => void): HTMLElement {
  if (!ENDED.has(listed.state)) return h("span", { class: "muted" }, T("recording_erase_later"));
  const name = T("recording_erase_named", { purpose: listed.purpose, when: sayTime(listed.requested_ms) });
  return h("button", { type: "button", testid: "recording-erase", "aria-label": name, on: { click: () => openDialog(listed, erased) } }, T("recording_erase"));
}

function openDialog({ recording, purpose, requested_ms }: RecordingListed, erased: () => void): void {
  const problem = h("p", { class: "problem", role: "alert", testid: "recording-erase-error" });
  const confirm = h("button", { type: "button", class: "danger", testid: "recording-erase-confirm" }, T("recording_erase_confirm"));
  const cancel = h("button", { type: "button", testid: "recording-erase-cancel", on: { click: () => box.close() } }, T("cancel"));
  confirm.addEventListener("click", busy(confirm, problem, async () => {
    await api.eraseRecording(recording).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
    box.close();
    erased();
  }, inWords));
  const box = dialog("recording-erase-dialog", T("recording_erase_title"), [
    h("p", {}, h("strong", {}, T("recording_erase_which", { purpose, when: sayTime(requested_ms) }))),
    h("p", {}, T("recording_erase_erased")),
    h("ul", {}, h("li", {}, T("recording_erase_you")), h("li", {}, T("recording_erase_them"))),
    h("p", {}, T("recording_erase_not_erased")), problem,
    h("div", { class: "actions" }, cancel, confirm),
  ], { dismiss: "escape" });
  box.open();
}
