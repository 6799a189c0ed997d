// What the host's page does for everybody: asks, checks every approval (and, with the room key, that its wrapped key really opens),
// and countersigns a take only when it names exactly the approvals of the roster it sees.
import { Malformed, randomBytes, toHex } from "../core/bytes.ts";
import { countersignature, signStatement } from "../core/dsse.ts";
import type { RoomKey } from "../core/identity.ts";
import type { MediaKind } from "../core/shape.ts";
import type { Approval, Request, Take } from "../core/statements.ts";
import type { Placed } from "../core/withdrawals.ts";
import { currentLanguage, T } from "../i18n/i18n.ts";
import { noticeFor } from "../i18n/notice.ts";
import { api, Problem } from "../net/api.ts";
import type { RosterEntry } from "../net/messages.ts";
import { checkTake, namesExactly, opensWith } from "./checks.ts";
import type { Standing } from "./request_dialog.ts";
import type { KeyCheck, Place, Store } from "./state.ts";
import { approvalsOfRoster, isTakenBack, Overtaken, vouchFor, type Asked } from "./vouching.ts";

export interface Wish { purpose: string; scope: MediaKind[]; deleteAfterMs: number; namesRefusals: boolean }

const REQUEST_LASTS_MS = 12 * 3_600_000;
const COUNTERSIGN_WITHIN_MS = 10_000; // docs/API.md, `take_proposal`
/** When to look for the withdrawal by which a key is gone: it is in effect before it is in the ledger (docs/API.md). */
const LOOK_AFTER_MS = [0, 250, 750, 2_000];

export class HostDuties {
  private roomKey: RoomKey | null = null;
  private readonly running = new Map<string, Promise<void>>(); // checks by approval

  /** `gave`: whether the person at this page may have given this approval, see `Answering.namedIn`. */
  constructor(private readonly place: Place, private readonly store: Store, private readonly send: (message: Record<string, unknown>) => void,
    private readonly gave: (approval: string) => boolean) {}

  /** How long the service lets a recording be kept. */
  get maxDays(): number {
    return this.place.config.retention_max_days ?? 365;
  }

  /** Whether this page made the request that stands; another host may have, or this one in another browser. */
  isOwn(request: Request): boolean {
    return request.key === this.place.hostSigner?.publicKey;
  }

  /** A page that came when the request stood already did not see whether anything was recorded. */
  async lookBack(): Promise<void> {
    const { request, hasRecorded } = this.store.state;
    if (!request || hasRecorded) return;
    const { entries } = await api.recording(request.body.recording).catch(() => ({ entries: [] }));
    if (this.store.state.request?.id === request.id && entries.some(({ kind }) => kind === "take")) this.store.set({ hasRecorded: true });
  }

  /** The request that stands, to be replaced by another one. */
  standing(): Standing | null {
    const { request, hasRecorded } = this.store.state;
    return request && { request: request.body, hasRecorded };
  }

  async ask(wish: Wish): Promise<void> {
    const { room, session } = this.store.state;
    const signer = this.place.hostSigner!;
    const now = Date.now();
    const request = await signStatement("request", {
      recording: toHex(randomBytes(16)), room: room.body.room, room_statement: room.id, session, purpose: wish.purpose, scope: wish.scope, minimum_scope: [],
      delete_after_ms: wish.deleteAfterMs, names_refusals: wish.namesRefusals, notice: await noticeFor(currentLanguage()),
      page_sha256: this.place.config.page_sha256, key: signer.publicKey, issued_ms: now, expires_ms: Math.min(now + REQUEST_LASTS_MS, wish.deleteAfterMs),
    }, signer);
    await api.submit(request.envelope);
  }

  async stop(): Promise<void> {
    const { request } = this.store.state;
    if (request) await api.stopRecording(request.body.recording);
  }

  /** Has somebody leave, at once. */
  remove(participant: string): void {
    this.send({ type: "remove", participant });
  }

  useRoomKey(key: RoomKey): void {
    this.roomKey = key;
    this.store.set({}); // whoever shows the check looks again
    this.followRoster(this.store.state.roster);
  }
  hasRoomKey(): boolean {
    return this.roomKey !== null;
  }

  followRoster(roster: RosterEntry[]): void {
    const wanted: KeyCheck[] = this.roomKey ? ["opens", "failed", "checking"] : ["opens", "signed", "failed", "checking"];
    for (const person of roster) {
      const { approval } = person;
      const known = approval === null ? undefined : this.store.state.keyChecks.get(approval);
      if (approval !== null && this.store.state.request && !(known && wanted.includes(known))) this.running.set(approval, this.checkApproval(person, approval));
    }
  }

  /**
   * Signs a proposed take only when this page has itself seen the approval of everyone on its roster and nobody else is named. A proposal
   * that does not match is left unsigned and everybody near this page hears of it; one that is overtaken or too late, or that could not be
   * checked just now, is let go.
   */
  async countersign(takeId: string, envelope: string): Promise<void> {
    const until = Date.now() + COUNTERSIGN_WITHIN_MS;
    const { room, request, roster } = this.store.state;
    if (!request) return this.store.alarm(T("alarm_no_request"));
    const take = await checkTake(envelope, room, request.body.recording);
    if (!namesExactly(take.body, roster)) return this.store.alarm(T("alarm_proposal"));
    try {
      await this.vouch(take.body, roster);
    } catch (error) {
      if (error instanceof Problem || error instanceof Overtaken) return console.warn("a take could not be checked and was not countersigned:", error);
      console.error("take not countersigned:", error);
      return this.store.alarm(T("alarm_proposal"));
    }
    const now = this.store.state;
    if (Date.now() > until || now.request?.id !== request.id || !namesExactly(take.body, now.roster)) return;
    this.send({ type: "countersign", take_id: takeId, ...(await countersignature(envelope, this.place.hostSigner!)) });
  }

  private async vouch(take: Take, roster: RosterEntry[]): Promise<void> {
    const asked = this.asked();
    const { entries } = await api.recording(take.recording);
    await vouchFor(take, roster, entries, asked);
    this.followRoster(roster); // what was not checked yet, or could not be
    await Promise.all(take.approvals.map((id) => this.running.get(id)));
    const checks = take.approvals.map((id) => this.store.state.keyChecks.get(id));
    if (checks.includes("failed")) throw new Malformed("an approval did not pass this page's checks");
    if (!checks.every((check) => check === "signed" || check === "opens")) throw new Problem(0, "unchecked", "an approval could not be checked");
  }

  private asked(): Asked {
    const { room, request, participant } = this.store.state;
    return { room, request: request!, self: { participant, key: this.place.signer.publicKey, gave: this.gave } };
  }

  private async checkApproval(person: RosterEntry, approval: string): Promise<void> {
    const { request } = this.store.state;
    this.mark(approval, "checking");
    try {
      const { entries } = await api.recording(request!.body.recording);
      const [placed] = await approvalsOfRoster([person], entries, this.asked()) as [Placed<Approval>];
      this.mark(approval, this.roomKey && placed.body.scope.length > 0 ? await this.opens(this.roomKey, approval, placed) : "signed");
    } catch (error) {
      console.error("approval not accepted:", error);
      this.mark(approval, error instanceof Problem || error instanceof Overtaken ? null : "failed"); // nothing is known: asked again
    }
  }

  private async opens(roomKey: RoomKey, id: string, approval: Placed<Approval>): Promise<KeyCheck> {
    const wrapped = await api.wrappedKey(approval.body.recording, id).catch(async (error: unknown) => {
      if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 410)) throw error;
      if (await this.wasTakenBack(id, approval)) throw new Overtaken("an approval was withdrawn while its key was fetched");
      return null;
    });
    return wrapped && (await opensWith(roomKey.identity, wrapped, approval.body)) ? "opens" : "failed";
  }

  /** Of an approval whose key is gone. One that the roster does not name any more is in no take that this page signs: nobody is asked for it. */
  private async wasTakenBack(id: string, approval: Placed<Approval>): Promise<boolean> {
    for (const ms of LOOK_AFTER_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (!this.store.state.roster.some((person) => person.approval === id)) return true;
      const { entries } = await api.recording(approval.body.recording);
      if (await isTakenBack(approval, entries, this.store.state.room)) return true;
    }
    return false;
  }

  private mark(approval: string, check: KeyCheck | null): void {
    const keyChecks = new Map(this.store.state.keyChecks);
    if (check) keyChecks.set(approval, check);
    else keyChecks.delete(approval);
    this.store.set({ keyChecks });
  }
}
