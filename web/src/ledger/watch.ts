// Sees to it that a ledger only grows: takes every checkpoint that a page sees, and finds it in the published tree as soon as that reaches
// it, at most once a minute in all tabs together and only while one waits. A ledger that cannot be reached is no alarm. Nothing waits for it.
import { growth } from "../core/growth.ts";
import type { LedgerName, TreeHead } from "../core/statements.ts";
import { TiledTree } from "../core/tiles.ts";
import { Problem } from "../net/api.ts";
import type { LedgerStore } from "../store/checkpoints.ts";
import { conclude, largest, remember, waits, type LedgerAlarm, type LedgerMemory, type Shown } from "./memory.ts";
import type { Published } from "./published.ts";

/** What the watch needs of the world; tests have their own. `random` is from 0 to 1. */
export interface World { store: LedgerStore; published: Published; now(): number; later(ms: number, work: () => void): void; random(): number }

/** The largest checkpoint known when something was asked: the answer cannot show less. */
export interface Asked { vkey: string; size: number | null }

/** The published ledger advances once a minute; not everybody comes at the same second. */
const LOOK_AFTER_MS = 62_000;
const SPREAD_MS = 13_000;
const MIN_BETWEEN_MS = 60_000;
const MAX_DOUBLINGS = 4;

export class LedgerWatch {
  private scheduled = false;
  private failures = 0;
  private told = false;

  constructor(readonly ledger: LedgerName, private readonly world: World, private readonly tell: (alarm: LedgerAlarm) => void) {}

  /** Tells an alarm that was raised before, and looks at once if a checkpoint was seen on an earlier visit. */
  async start(): Promise<void> {
    if ((await this.read()).heads.length > 0) await this.look();
  }

  async latest(): Promise<TreeHead | null> {
    const head = largest(await this.read());
    return head && { size: head.size, root: head.root };
  }

  async asking(): Promise<Asked> {
    return { vkey: this.ledger.vkey, size: (await this.latest())?.size ?? null };
  }

  /**
   * A checkpoint came, with the ledger's or the service's signature checked. `asked`: what was known before it was asked for, if it was.
   * A browser that cannot keep it says so in its console only.
   */
  async saw(shown: Shown, asked: Asked | null): Promise<void> {
    const before = asked?.vkey === this.ledger.vkey ? asked.size : null;
    try {
      if (waits(await this.change((memory) => remember(memory, shown, before, this.world.now())))) this.schedule();
    } catch (error) {
      console.warn("a checkpoint could not be kept:", error);
    }
  }

  /** Whether the ledger has not been found falsified, on this page or by this browser before. */
  async holds(): Promise<boolean> {
    return (await this.read()).alarm === null;
  }

  /** Throws, in words for people, where `holds` would say no. */
  async mustHold(): Promise<void> {
    if (!(await this.holds())) throw new Problem(0, "ledger_falsified", "the ledger was rolled back or forked");
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.world.later((LOOK_AFTER_MS + SPREAD_MS * this.world.random()) * 2 ** Math.min(this.failures, MAX_DOUBLINGS), () => {
      this.scheduled = false;
      void this.look();
    });
  }

  /** Looks at the published ledger, unless a page of this browser did so within the minute. Throws nothing. */
  async look(): Promise<void> {
    try {
      const asked = await this.claim();
      const memory = asked ? await this.lookFor(asked) : await this.read();
      this.failures = 0;
      if (waits(memory)) this.schedule();
    } catch (error) {
      this.failures++;
      console.warn("the published ledger could not be looked at; later again:", error);
      this.schedule();
    }
  }

  /** What is to be found, if no page of this browser has looked within the minute. */
  private async claim(): Promise<LedgerMemory | null> {
    let mine = false;
    const memory = await this.change((known) => {
      const since = this.world.now() - known.looked_ms;
      mine = known.alarm === null && (since < 0 || since >= MIN_BETWEEN_MS); // a clock that was set back is no reason to wait
      return mine ? { ...known, looked_ms: this.world.now() } : known;
    });
    return mine ? memory : null;
  }

  private async lookFor({ heads }: LedgerMemory): Promise<LedgerMemory> {
    const published = await this.world.published.checkpoint(this.ledger);
    const tree = new TiledTree(published.size, (path) => this.world.published.tile(path));
    const verdicts = await Promise.all(heads.filter(({ size }) => size <= published.size).map((head) => growth(head, published, tree)));
    return this.change((memory) => conclude(memory, { asked: heads, published, verdicts }, this.world.now()));
  }

  private async read(): Promise<LedgerMemory> {
    return this.noticed(await this.world.store.read(this.ledger.vkey));
  }
  private async change(change: (memory: LedgerMemory) => LedgerMemory): Promise<LedgerMemory> {
    return this.noticed(await this.world.store.change(this.ledger.vkey, change));
  }
  private noticed(memory: LedgerMemory): LedgerMemory {
    if (memory.alarm && !this.told) {
      this.told = true;
      this.tell(memory.alarm);
    }
    return memory;
  }
}
