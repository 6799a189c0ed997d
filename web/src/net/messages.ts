// What the service says over the room's WebSocket (docs/API.md). The service is not trusted with what is signed: see room/.
import type { Role, TreeHead } from "../core/statements.ts";
import type { ProblemDocument, PublishAt } from "./api.ts";

export type Answer = "none" | "approved" | "refused" | "withdrawn" | "hidden";
/** What one WHIP session sends. */
export type PublishKind = "camera" | "screen";
/** In front of the door of a room with a lobby, or inside. */
export type Whereabouts = "room" | "lobby";
/** `media_lost` is for hosts and the person, `lost_kinds` for the person: which of their sessions the recorder misses. */
export interface RosterEntry { participant: string; name: string; role: Role; place: Whereabouts; answer: Answer; approval: string | null; media_lost: boolean; lost_kinds: PublishKind[] }
/** `refused` is for hosts, unless the request names refusals. */
export interface AnswerCounts { people: number; approved: number; refused: number | null }
export interface Gate { state: "open" | "closed"; take: number | null; reason: string; waiting_for: string[]; answers: AnswerCounts; opened_ms?: number | null }
export interface RequestNotice { id: string; envelope: string; recording: string }

export interface Welcome {
  type: "welcome"; session: string; participant: string; resume: string; challenge: string; place: Whereabouts; roster: RosterEntry[]; request: RequestNotice | null;
  gate: Gate; checkpoint: string | TreeHead | null; room_envelope: string; ice_servers: RTCIceServer[];
}
export type ServerMessage =
  | Welcome
  | { type: "roster"; roster: RosterEntry[] }
  | { type: "signal"; from: string; data: unknown }
  | { type: "request"; request: RequestNotice; challenge: string }
  | { type: "challenge"; challenge: string }
  | { type: "entered"; roster: RosterEntry[]; gate: Gate; ice_servers: RTCIceServer[] }
  | { type: "confirmed"; approval: string; publish: PublishAt | null }
  | { type: "gate"; gate: Gate }
  | { type: "take_proposal"; take_id: string; envelope: string }
  | { type: "take"; envelope: string }
  | { type: "room_changed"; envelope: string }
  | { type: "refused"; participant: string | null }
  | { type: "recording_ended"; recording: string; reason: string }
  | { type: "proven"; id: string }
  | { type: "pong" }
  | { type: "problem"; problem?: ProblemDocument };
