// What a page says of withdrawals that were confirmed on an earlier visit and not acknowledged: it sends them again, and says how each goes.
import { sayTime, T } from "../i18n/i18n.ts";
import { approvalsIn } from "../store/approvals.ts";
import { unacknowledged } from "../store/withdrawals.ts";
import { confirmationButton, erasedInWords } from "../ui/withdrawn.ts";
import { fill, h } from "../ui/dom.ts";
import type { Service } from "../withdraw/deletion.ts";
import { sendAgain, type TakenBack } from "./kept_withdrawals.ts";

/** `room`: whose they are, null for all that this browser keeps. `changed` is called when one is done. Empty if there are none. */
export function sentAgain(room: string | null, findService: () => Promise<Service>, changed: () => void): HTMLElement {
  const all = unacknowledged().filter((one) => room === null || one.room === room);
  const lines = new Map(all.map(({ envelope }) => [envelope, h("div", { class: "note", testid: "sent-again", role: "status", data: { state: "sending" } }, T("sent_again_sending"))] as const));
  const say = async (envelope: string, done: TakenBack | null): Promise<void> => {
    await tell(lines.get(envelope)!, done, unacknowledged().some((left) => left.envelope === envelope));
    changed();
  };
  if (all.length > 0) void findService().then((service) => sendAgain(all, service, ({ envelope }, done) => void say(envelope, done)),
    () => all.forEach(({ envelope }) => void say(envelope, null))); // the service cannot be reached: the next page tries
  return h("div", {}, ...lines.values());
}

/** `stillKept`: it was not acknowledged this time either. */
async function tell(line: HTMLElement, done: TakenBack | null, stillKept: boolean): Promise<void> {
  const confirmed = done?.confirmed[0];
  if (confirmed) {
    const kept = await approvalsIn(confirmed.entry.recording).catch(() => []); // a browser that keeps nothing knows none
    const name = (confirmed.approvals[0] ?? confirmed.entry.recording).slice(0, 16);
    fill(line, h("p", {}, T("sent_again_done", { when: sayTime(confirmed.entry.received_ms) }), " ", erasedInWords([confirmed], confirmed.approvals, kept)),
      h("div", { class: "actions" }, confirmationButton(confirmed, name, T("confirmation_save"))));
  } else if (done?.deleted) fill(line, T(`withdraw_deleted_${done.deleted.reason}`, { date: new Date(done.deleted.at_ms) }));
  else fill(line, T(stillKept ? "sent_again_failed" : "sent_again_unproven"));
  line.dataset["state"] = confirmed ? "done" : done?.deleted ? "deleted" : stillKept ? "failed" : "unproven";
}
