// The ledgers that a page meets, each watched from then on, and their alarms in words.
import type { LedgerName } from "../core/statements.ts";
import { T, type Message } from "../i18n/i18n.ts";
import { ledgerStore } from "../store/checkpoints.ts";
import { published } from "./published.ts";
import { LedgerWatch, type World } from "./watch.ts";

const browser: World = {
  store: ledgerStore, published, now: () => Date.now(), later: (ms, work) => void setTimeout(work, ms), random: () => Math.random(),
};

export class Ledgers {
  private readonly watches = new Map<string, LedgerWatch>();
  private readonly listeners = new Set<(alarm: Message) => void>();
  private readonly alarms: Message[] = [];

  of(ledger: LedgerName): LedgerWatch {
    const known = this.watches.get(ledger.vkey);
    if (known) return known;
    const watch = new LedgerWatch(ledger, browser, ({ kind }) => this.alarm(T(`alarm_ledger_${kind}`)));
    this.watches.set(ledger.vkey, watch);
    void watch.start().catch((error: unknown) => console.warn("what was seen of the ledger cannot be read:", error));
    return watch;
  }

  /** Calls the listener with every alarm, also with those raised before. */
  onAlarm(listener: (alarm: Message) => void): void {
    this.listeners.add(listener);
    this.alarms.forEach(listener);
  }

  private alarm(alarm: Message): void {
    this.alarms.push(alarm);
    for (const listener of this.listeners) listener(alarm);
  }
}
