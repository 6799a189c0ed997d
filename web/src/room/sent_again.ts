// What a page says of withdrawals that were confirmed on an earlier visit and not acknowledged: it sends them again, and says how each goes.
import { sayTime, T, type Message } from "../i18n/i18n.ts";
import { approvalsIn } from "../store/approvals.ts";
import { isGivenUp, unacknowledged, type Unacknowledged } from "../store/withdrawals.ts";
import { dialog } from "../ui/dialog.ts";
import { confirmationButton, erasedInWords } from "../ui/withdrawn.ts";
import { fill, h } from "../ui/dom.ts";
import type { Service } from "../withdraw/deletion.ts";
import { sendAgain, type TakenBack } from "./kept_withdrawals.ts";

const FIND_AGAIN_MS = 3_000;

/** `room`: whose they are; null for all that this browser keeps, on the withdrawal page. `changed` is called when one is done. Empty if there are none. */
export function sentAgain(room: string | null, findService: () => Promise<Service>, changed: () => void): HTMLElement {
  const all = unacknowledged().filter((one) => room === null || one.room === room);
  const lines = new Map(all.map(({ envelope }) => [envelope, h("div", { class: "note", testid: "sent-again", role: "status", data: { state: "sending" } }, T("sent_again_sending"))] as const));
  const say = async (one: Unacknowledged, done: TakenBack | null): Promise<void> => {
    await tell(lines.get(one.envelope)!, one, done, { failed: T(room === null ? "sent_again_failed_here" : "sent_again_failed"), changed });
    changed();
  };
  const now = (state: "sending" | "unreachable"): void => lines.forEach((line) => {
    if (line.dataset["state"] === state) return; // it is spoken once
    fill(line, T(`sent_again_${state}`));
    line.dataset["state"] = state;
  });
  if (all.length > 0) void found(findService, () => now("unreachable")).then((service) => {
    now("sending");
    return sendAgain(all, service, (one, done) => void say(one, done));
  });
  return h("div", {}, ...lines.values());
}

/** Without it nothing is sent, so nobody has refused anything: it is looked for until it answers, or the page is closed. */
async function found(findService: () => Promise<Service>, wait: () => void): Promise<Service> {
  for (;;) {
    try {
      return await findService();
    } catch (error) {
      console.warn("the service cannot be reached; later again:", error);
      wait();
      await new Promise((resolve) => setTimeout(resolve, FIND_AGAIN_MS));
    }
  }
}

async function tell(line: HTMLElement, one: Unacknowledged, done: TakenBack | null, { failed, changed }: { failed: Message; changed: () => void }): Promise<void> {
  const stillKept = unacknowledged().some((left) => left.envelope === one.envelope); // it was not acknowledged this time either
  const confirmed = done?.confirmed[0];
  if (confirmed) {
    const kept = await approvalsIn(confirmed.entry.recording).catch(() => []); // a browser that keeps nothing knows none
    const name = (confirmed.approvals[0] ?? confirmed.entry.recording).slice(0, 16);
    fill(line, h("p", {}, T("sent_again_done", { when: sayTime(confirmed.entry.received_ms) }), " ", erasedInWords([confirmed], confirmed.approvals, kept)),
      h("div", { class: "actions" }, confirmationButton(confirmed, name, T("confirmation_save"))));
  } else if (done?.deleted) fill(line, T(`withdraw_deleted_${done.deleted.reason}`, { date: new Date(done.deleted.at_ms) }));
  else if (!stillKept) fill(line, T("sent_again_unproven"));
  else {
    const drop = h("button", { type: "button", testid: "sent-again-drop", on: { click: () => openDrop(() => {
      isGivenUp(one);
      fill(line, T("sent_again_dropped"));
      line.dataset["state"] = "dropped";
      changed();
    }) } }, T("sent_again_drop"));
    fill(line, h("p", {}, failed), h("div", { class: "actions" }, drop));
  }
  line.dataset["state"] = confirmed ? "done" : done?.deleted ? "deleted" : stillKept ? "failed" : "unproven";
}

/** Asked before it is given up: what was confirmed once is not lost to one press of a button. */
function openDrop(dropped: () => void): void {
  const cancel = h("button", { type: "button", testid: "sent-again-drop-cancel", on: { click: () => box.close() } }, T("cancel"));
  const confirm = h("button", { type: "button", class: "danger", testid: "sent-again-drop-confirm", on: { click: () => {
    dropped();
    box.close(); // behind it: what had the focus is gone
  } } }, T("sent_again_drop"));
  const box = dialog("sent-again-drop-dialog", T("sent_again_drop_title"), [h("p", {}, T("sent_again_drop_what")), h("div", { class: "actions" }, cancel, confirm)], { dismiss: "escape" });
  box.open();
}
