// The bodies of the statements, exactly as docs/FORMATS.md section 2 lists them. Types and strict shapes; no cryptography.
import { count, digest, flag, id, integer, key, lines, list, nullable, oneOf, recipient, record, scope, text, type MediaKind, type Shape } from "./shape.ts";

export interface Controller { name: string; contact: string }
export interface HostKey { key: string; holder: string }
export interface RoomRecipient { recipient: string; holder: string; role: "host" | "escrow" }
export interface LedgerName { origin: string; vkey: string }
export interface TreeHead { size: number; root: string }

export interface Room {
  room: string; version: number; previous: string | null; title: string; controllers: Controller[]; authority: string; location: string;
  processors: string[]; conference: string | null; lobby: boolean; withdrawal_erases: "own_tracks" | "whole_takes"; signing_key: string;
  host_keys: HostKey[]; recipients: RoomRecipient[]; service_key: string; ledger: LedgerName; witness_policy: string; gateway_keys: string[];
  issued_ms: number;
}
export interface Request {
  recording: string; room: string; room_statement: string; session: string; purpose: string; scope: MediaKind[]; minimum_scope: MediaKind[];
  delete_after_ms: number; names_refusals: boolean; notice: { version: number; language: string; sha256: string }; page_sha256: string; key: string;
  issued_ms: number; expires_ms: number;
}
export type Role = "participant" | "host";
export interface Approval {
  request: string; recording: string; participant: string; role: Role; key: string; scope: MediaKind[]; consent_recipient: string | null;
  wrapped_sha256: string | null; challenge: string; nonce: string; checkpoint: TreeHead | null; attested_by: string | null; method: string | null;
  issued_ms: number; expires_ms: number;
}
export interface Refusal {
  request: string; recording: string; participant: string; role: Role; key: string; challenge: string; nonce: string; issued_ms: number;
}
export interface Confirmation { approval: string; recording: string; participant: string; key: string; challenge: string; nonce: string; issued_ms: number }
export interface Withdrawal { recording: string; key: string; kinds: MediaKind[]; advance: boolean; issued_ms: number }
export interface Take { recording: string; take: number; approvals: string[]; checkpoint: TreeHead; key: string; start_ms: number }
export interface Track {
  recording: string; take: number; approval: string; file: number; name: string; kinds: MediaKind[]; header_sha256: string; key: string; issued_ms: number;
}
export interface SealedTrack {
  name: string; approval: string; file: number; header_sha256: string; size_bytes: number; sha256: string; empty: boolean; codecs: string[];
  duration_ms: number; first_ms: number; last_ms: number; offset_ms: number; last_arrival_ms: number; frames_audio: number; frames_video: number;
  dropped: number;
}
export interface Seal {
  recording: string; take: number | null; reason: string; tracks: SealedTrack[]; entries: number | null; key: string; issued_ms: number;
}
export type ErasedReason = "withdrawal" | "retention" | "room_deleted" | "recording_deleted";
/** `what`: names of track files and `wrapped:<approval id>`; `recording` alone is everything. */
export interface Erased { recording: string; what: string[]; reason: ErasedReason; key: string; issued_ms: number }

export interface Bodies {
  room: Room; request: Request; approval: Approval; refusal: Refusal; confirmation: Confirmation; withdrawal: Withdrawal; take: Take; track: Track; seal: Seal;
  erased: Erased;
}
export type Kind = keyof Bodies;

const treeHead = record<TreeHead>({ size: count, root: digest });
const role = oneOf<Role>("participant", "host");
const controller = record<Controller>({ name: text, contact: text });
const hostKey = record<HostKey>({ key, holder: text });
const roomRecipient = record<RoomRecipient>({ recipient, holder: text, role: oneOf("host", "escrow") });

const sealedTrack = record<SealedTrack>({
  name: text, approval: digest, file: count, header_sha256: text, size_bytes: count, sha256: text, empty: flag, codecs: list(text),
  duration_ms: count, first_ms: integer, last_ms: integer, offset_ms: integer, last_arrival_ms: integer, frames_audio: count, frames_video: count,
  dropped: count,
});

export const SHAPES: { [K in Kind]: Shape<Bodies[K]> } = {
  room: record<Room>({
    room: id, version: count, previous: nullable(digest), title: text, controllers: list(controller), authority: text, location: text,
    processors: list(text), conference: nullable(text), lobby: flag, withdrawal_erases: oneOf("own_tracks", "whole_takes"), signing_key: key,
    host_keys: list(hostKey), recipients: list(roomRecipient), service_key: key, ledger: record<LedgerName>({ origin: text, vkey: text }),
    witness_policy: lines, gateway_keys: list(key), issued_ms: count,
  }),
  request: record<Request>({
    recording: id, room: id, room_statement: digest, session: id, purpose: text, scope, minimum_scope: scope, delete_after_ms: count,
    names_refusals: flag, notice: record({ version: count, language: text, sha256: digest }), page_sha256: text, key, issued_ms: count,
    expires_ms: count,
  }),
  approval: record<Approval>({
    request: digest, recording: id, participant: id, role, key, scope, consent_recipient: nullable(recipient), wrapped_sha256: nullable(digest),
    challenge: key, nonce: key, checkpoint: nullable(treeHead), attested_by: nullable(key), method: nullable(text), issued_ms: count,
    expires_ms: count,
  }),
  refusal: record<Refusal>({ request: digest, recording: id, participant: id, role, key, challenge: key, nonce: key, issued_ms: count }),
  confirmation: record<Confirmation>({ approval: digest, recording: id, participant: id, key, challenge: key, nonce: key, issued_ms: count }),
  withdrawal: record<Withdrawal>({ recording: id, key, kinds: scope, advance: flag, issued_ms: count }),
  take: record<Take>({ recording: id, take: count, approvals: list(digest), checkpoint: treeHead, key, start_ms: count }),
  track: record<Track>({ recording: id, take: count, approval: digest, file: count, name: text, kinds: scope, header_sha256: digest, key, issued_ms: count }),
  seal: record<Seal>({
    recording: id, take: nullable(count), reason: text, tracks: list(sealedTrack), entries: nullable(count), key, issued_ms: count,
  }),
  erased: record<Erased>({ recording: id, what: list(text), reason: oneOf<ErasedReason>("withdrawal", "retention", "room_deleted", "recording_deleted"), key, issued_ms: count }),
};

/** The key that must have signed a body: the room's pinned key, else the key it names. */
export function namedKey(kind: Kind, body: Bodies[Kind]): string {
  return kind === "room" ? (body as Room).signing_key : (body as Exclude<Bodies[Kind], Room>).key;
}
