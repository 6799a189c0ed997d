// What this page's key approved, as this page signed it: whether some kinds can be taken back so that something is left of each of these
// approvals. One of which nothing is left counts as withdrawn as a whole, and what was recorded with it is erased (FORMATS section 2).
// In memory alone: what the browser keeps of an approval is there to be saved and removed. What another page signed with the same key
// (before a reload, in a duplicated tab) is not known here; then no kinds are taken back by a withdrawal.
import type { MediaKind } from "../core/shape.ts";
import { isOfOnePage } from "../store/keys.ts";

interface Approved { recording: string; left: MediaKind[] }

export class SignedHere {
  private readonly approved: Approved[] = [];

  /** `slot`: where this browser keeps the key. */
  constructor(private readonly slot: string) {}

  /** Before it is sent: whether it arrived nobody may ever learn here. */
  approves(recording: string, scope: MediaKind[]): void {
    this.approved.push({ recording, left: scope });
  }

  /** Remembers that these kinds are taken back from now on. False, and nothing is remembered, unless something is known to be left of every approval. */
  async takesBack(recording: string, kinds: MediaKind[]): Promise<boolean> {
    if (!(await isOfOnePage(this.slot).catch(() => false))) return false; // what cannot be read is not known either
    const granting = this.approved.filter((one) => one.recording === recording && one.left.length > 0);
    const rest = ({ left }: Approved): MediaKind[] => left.filter((kind) => !kinds.includes(kind));
    if (granting.some((one) => rest(one).length === 0)) return false;
    for (const one of granting) one.left = rest(one);
    return true;
  }
}
