// What the service says over the room's WebSocket (docs/API.md). The service is not trusted with what is signed: see room/.
import type { Role, TreeHead } from "../core/statements.ts";
import type { ProblemDocument } from "./api.ts";

export type Answer = "none" | "approved" | "refused" | "withdrawn" | "hidden";
export interface RosterEntry { participant: string; name: string; role: Role; answer: Answer; approval: string | null }
/** `refused` is for hosts, unless the request names refusals. */
export interface AnswerCounts { people: number; approved: number; refused: number | null }
export interface Gate { state: "open" | "closed"; take: number | null; reason: string; waiting_for: string[]; answers: AnswerCounts; opened_ms?: number | null }
export interface RequestNotice { id: string; envelope: string; recording: string }

export interface Welcome {
  type: "welcome"; session: string; participant: string; resume: string; challenge: string; roster: RosterEntry[]; request: RequestNotice | null;
  gate: Gate; checkpoint: string | TreeHead | null; room_envelope: string;
}
export type ServerMessage =
  | Welcome
  | { type: "roster"; roster: RosterEntry[] }
  | { type: "signal"; from: string; data: unknown }
  | { type: "request"; request: RequestNotice; challenge: string }
  | { type: "challenge"; challenge: string }
  | { type: "gate"; gate: Gate }
  | { type: "take_proposal"; take_id: string; envelope: string }
  | { type: "take"; envelope: string }
  | { type: "room_changed"; envelope: string }
  | { type: "refused"; participant: string | null }
  | { type: "recording_ended"; recording: string; reason: string }
  | { type: "proven"; id: string }
  | { type: "pong" }
  | { type: "problem"; problem?: ProblemDocument };
