// The ledger's alarms, where there is no meeting that shows them with its own.
import { T } from "../i18n/i18n.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";

/** Hidden while there is none. */
export function ledgerAlarm(ledgers: Ledgers): HTMLElement {
  const element = h("section", { class: "note alarm", role: "alert", testid: "ledger-alarm", hidden: true }, h("h2", {}, icon("warning"), " ", T("alarm_title")));
  ledgers.onAlarm((alarm) => {
    element.hidden = false;
    element.append(h("p", {}, alarm));
  });
  return element;
}
