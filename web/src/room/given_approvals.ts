// Which approvals a take may name as this person's: not only the one that was acknowledged last. An acknowledgement may be lost, or on its
// way while a take with the approval before it begins. What was signed here and not refused, replaced, taken back or left behind since, no
// take names without this person's will; anything else is an alarm (meeting.ts).

export class GivenApprovals {
  /** signed by this page for the request that stands; the service may count them */
  private readonly signed = new Set<string>();
  /** the one that the latest take names */
  private named: string | null = null;

  sign(approval: string | null): void {
    if (approval !== null) this.signed.add(approval);
  }

  /** The service said that it does not take it. */
  isNotTaken(approval: string): void {
    this.signed.delete(approval);
  }

  /** Of what was signed before no take may name anything any more, but `still`. */
  forget(still: string | null = null): void {
    this.named = null;
    this.signed.clear();
    this.sign(still);
  }

  /** Which of these, that a take names, is this person's, or null. `counted`: the one that counts here. */
  among(approvals: string[], counted: string | null): string | null {
    if (counted !== null && approvals.includes(counted)) return counted;
    return approvals.find((id) => this.signed.has(id)) ?? null;
  }

  isNamed(approval: string): void {
    this.named = approval;
  }

  /** Whether the latest take names another one than what counts here: it did arrive. */
  anotherArrived(counted: string | null): boolean {
    return this.named !== null && this.named !== counted;
  }
}
