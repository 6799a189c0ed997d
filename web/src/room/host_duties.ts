// What the host's page does for everybody: asks, checks every approval (and, with the room key, that its wrapped key really opens),
// and countersigns a take only when it names exactly the approvals of the roster it sees.
import { openText, recipientOf } from "../core/age.ts";
import { fromBase64, fromUtf8, randomBytes, sha256, toHex } from "../core/bytes.ts";
import { countersignature, openStatement, signStatement } from "../core/dsse.ts";
import type { RoomKey } from "../core/identity.ts";
import type { MediaKind } from "../core/shape.ts";
import type { Approval } from "../core/statements.ts";
import { parseWrapped } from "../core/wrapped.ts";
import { currentLanguage, T } from "../i18n/i18n.ts";
import { noticeFor } from "../i18n/notice.ts";
import { api } from "../net/api.ts";
import type { RosterEntry } from "../net/messages.ts";
import { checkTake, namesExactly } from "./checks.ts";
import type { KeyCheck, Place, Store } from "./state.ts";

export interface Wish { purpose: string; scope: MediaKind[]; deleteAfterMs: number; namesRefusals: boolean }

const REQUEST_LASTS_MS = 12 * 3_600_000;

export class HostDuties {
  private roomKey: RoomKey | null = null;

  constructor(private readonly place: Place, private readonly store: Store, private readonly send: (message: Record<string, unknown>) => void) {}

  /** How long the service lets a recording be kept. */
  get maxDays(): number {
    return this.place.config.retention_max_days ?? 365;
  }

  async ask(wish: Wish): Promise<void> {
    const { room, session } = this.store.state;
    const signer = this.place.hostSigner!;
    const now = Date.now();
    const request = await signStatement("request", {
      recording: toHex(randomBytes(16)), room: room.body.room, room_statement: room.id, session, purpose: wish.purpose, scope: wish.scope, minimum_scope: [],
      delete_after_ms: wish.deleteAfterMs, names_refusals: wish.namesRefusals, notice: await noticeFor(currentLanguage()),
      page_sha256: this.place.config.page_sha256, key: signer.publicKey, issued_ms: now, expires_ms: now + REQUEST_LASTS_MS,
    }, signer);
    await api.submit(request.envelope);
  }

  async stop(): Promise<void> {
    const { request } = this.store.state;
    if (request) await api.stopRecording(request.body.recording);
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
    for (const { approval, participant } of roster) {
      const known = approval === null ? undefined : this.store.state.keyChecks.get(approval);
      if (approval !== null && this.store.state.request && !(known && wanted.includes(known))) void this.checkApproval(approval, participant);
    }
  }

  /** Within the service's limit of three seconds; a proposal that does not match is left unsigned and everybody near this page hears of it. */
  async countersign(takeId: string, envelope: string): Promise<void> {
    const { room, request, roster, keyChecks } = this.store.state;
    if (!request) return this.store.alarm(T("alarm_no_request"));
    const take = await checkTake(envelope, room, request.body.recording);
    const untrusted = take.body.approvals.some((id) => keyChecks.get(id) === "failed");
    if (!namesExactly(take.body, roster) || untrusted) return this.store.alarm(T("alarm_proposal"));
    this.send({ type: "countersign", take_id: takeId, ...(await countersignature(envelope, this.place.hostSigner!)) });
  }

  private async checkApproval(approval: string, participant: string): Promise<void> {
    const { request } = this.store.state;
    this.mark(approval, "checking");
    try {
      const statement = await this.approvalOf(request!.body.recording, approval);
      if (statement.request !== request!.id || statement.participant !== participant) throw new Error("the approval answers another request or belongs to another participant");
      this.mark(approval, this.roomKey && statement.scope.length > 0 ? await this.opens(approval, statement, request!.id) : "signed");
    } catch (error) {
      console.error("approval not accepted:", error);
      this.mark(approval, "failed");
    }
  }

  private async approvalOf(recording: string, id: string): Promise<Approval> {
    const { entries } = await api.recording(recording);
    for (const { kind, envelope } of entries) {
      if (kind !== "approval") continue;
      const statement = await openStatement("approval", fromUtf8(fromBase64(envelope)));
      if (statement.id === id) return statement.body;
    }
    throw new Error("the service does not show the approval");
  }

  /** Unwraps W and compares: e belongs to E, and the document names this request and this participant's key. */
  private async opens(id: string, approval: Approval, request: string): Promise<KeyCheck> {
    const wrapped = await api.wrappedKey(approval.recording, id);
    if (toHex(await sha256(wrapped)) !== approval.wrapped_sha256) return "failed";
    const inside = parseWrapped(await openText(this.roomKey!.identity, wrapped));
    const fits = (await recipientOf(inside.identity)) === approval.consent_recipient && inside.request === request && inside.participant === approval.key;
    return fits ? "opens" : "failed";
  }

  private mark(approval: string, check: KeyCheck): void {
    this.store.set({ keyChecks: new Map(this.store.state.keyChecks).set(approval, check) });
  }
}
