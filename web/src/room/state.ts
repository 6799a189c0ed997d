// What the meeting's page knows, in one place. Views subscribe; only meeting.ts and its parts change it.
import type { Signed, Signer } from "../core/dsse.ts";
import type { MediaKind } from "../core/shape.ts";
import type { Request, Role, Room } from "../core/statements.ts";
import type { Message } from "../i18n/i18n.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { Config } from "../net/api.ts";
import type { Gate, RosterEntry, Whereabouts } from "../net/messages.ts";
import type { SocketStatus } from "../net/socket.ts";

export type MyAnswer = "none" | "asked" | "sending" | "approved" | "refused" | "withdrawn" | "failed";
/** How it is known that an approval was taken back: it is being sent from here, the proof is looked for, there is only the service's word, the ledger's proof holds; or it could not be sent. */
export type WithdrawalKnown = "sending" | "looking" | "said" | "proven" | "failed";
export type PublishStatus = "off" | "connecting" | "connected" | "failed";
export interface TakeSeen { number: number; code: string; countersigned: boolean }

/** What does not change while the page is in the meeting (the room only by a new statement). `slot`: where this browser keeps the signer's key. */
export interface Place { config: Config; roomId: string; fingerprint: string; signer: Signer; slot: string; name: string; role: Role; hostSigner: Signer | null; ledgers: Ledgers }

export interface MeetingState {
  room: Signed<Room>;
  participant: string;
  session: string;
  connection: SocketStatus;
  where: Whereabouts;
  /** who is inside */
  roster: RosterEntry[];
  /** who waits in front of the door; hosts see them */
  door: RosterEntry[];
  request: Signed<Request> | null;
  challenge: string;
  gate: Gate;
  /** a take was seen for the request that stands now */
  hasRecorded: boolean;
  answer: MyAnswer;
  /** of `withdrawn` only */
  withdrawal: WithdrawalKnown;
  scope: MediaKind[];
  /** id of the approval this page made for the request that stands now */
  approval: string | null;
  take: TakeSeen | null;
  publish: PublishStatus;
  /** why publishing failed, when the service said so */
  publishProblem: Message | null;
  alarms: Message[];
  /** an alarm about a take: nothing is sent for this request any more, whatever is acknowledged later */
  halted: boolean;
  notice: Message | null;
  keyChecks: Map<string, KeyCheck>;
}
/** What holds of this person's answer to the request. */
export type OwnAnswer = Pick<MeetingState, "answer" | "approval" | "scope">;
export type KeyCheck = "checking" | "signed" | "opens" | "failed";

export class Store {
  private readonly listeners = new Set<(state: MeetingState) => void>();
  constructor(private current: MeetingState) {}

  get state(): MeetingState {
    return this.current;
  }
  set(change: Partial<MeetingState>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }
  /** Calls the listener now and after every change, until the view that watches is gone. */
  watch(listener: (state: MeetingState) => void, gone?: AbortSignal): void {
    if (gone?.aborted) return;
    this.listeners.add(listener);
    gone?.addEventListener("abort", () => this.listeners.delete(listener));
    listener(this.current);
  }
  alarm(alarm: Message): void {
    const known = this.current.alarms.some(({ key }) => key === alarm.key);
    if (!known) this.set({ alarms: [...this.current.alarms, alarm] });
  }
}
