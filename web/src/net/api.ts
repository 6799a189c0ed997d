// The service's REST interface (docs/API.md). Every failure is a Problem with the service's stable code; nothing is retried here.
import type { Acknowledgement } from "../core/proof.ts";
import type { Controller, LedgerName, SealedTrack } from "../core/statements.ts";
import type { ProvenStatement } from "../core/withdrawal_confirmation.ts";

export const API = "/api/v1";

export interface Config {
  registration: "open" | "invitation" | "closed"; service_key: string; ledger: LedgerName; controllers: Controller[]; authority: string;
  location: string; processors: string[]; page_sha256: string; ice_servers: RTCIceServer[]; version: string; max_participants: number; retention_max_days?: number;
  operator_notices: string[];
}
export interface ProblemDocument { code?: string; title?: string; detail?: string; status?: number }
export interface Account { user: string; email: string; registered_ms: number }
export interface RoomAnswer { room: string; envelope: string; id: string }
export interface RoomListed extends RoomAnswer { title: string }
export interface PublishAt { url: string; token: string }
export interface Accepted extends Acknowledgement { id: string; kind: string; publish: PublishAt | null; erased: ProvenStatement[] | null }
export interface RecordingListed {
  recording: string; room: string; session: string; purpose: string; state: "waiting" | "recording" | "paused" | "sealed" | "interrupted" | "erasing";
  requested_ms: number; delete_after_ms: number; takes: number | unknown[]; tracks: (SealedTrack & { erased: boolean })[];
}
export interface EntryFile { index: number; entry: string; r: string; kind: string; envelope: string; proof: string }
export interface OwnTracks { state: string; tracks: { name: string; size_bytes: number }[] }
export interface RecordingDetail extends RecordingListed { entries: EntryFile[]; room_entry: EntryFile; checkpoint: string; consistency: { size: number; proof: string }[]; ledger_vkey: string }

/** A request that failed: an RFC 9457 problem document, or code `network` when nothing answered, or not to the end. */
export class Problem extends Error {
  override name = "Problem";
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail);
  }
}

/** The problem that a document (of a response, or of a WebSocket message) states. */
export function problemFrom(document: ProblemDocument | null | undefined, status = document?.status ?? 0): Problem {
  return new Problem(status, document?.code ?? "unexpected", document?.detail ?? document?.title ?? `HTTP ${status}`);
}

export async function problemOf(response: Response): Promise<Problem> {
  return problemFrom((await response.json().catch(() => null)) as ProblemDocument | null, response.status);
}

const noAnswer = (error: unknown): never => {
  throw new Problem(0, "network", String(error));
};
/** One that breaks off is no answer; one that is whole and no JSON is. */
const whole = <T>(body: Promise<T>): Promise<T> => body.catch((error: unknown) => {
  if (error instanceof SyntaxError) throw error;
  return noAnswer(error);
});

async function send(method: string, path: string, body?: unknown, token?: string): Promise<Response> {
  const init: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
  if (token !== undefined) Object.assign(init, { headers: { Authorization: `Bearer ${token}` } });
  if (body !== undefined) Object.assign(init, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const response = await fetch(API + path, init).catch(noAnswer);
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return whole((await send(method, path, body)).json() as Promise<T>);
}

const orNull = <T>(answer: Promise<T>): Promise<T | null> => answer.catch((error: unknown) => {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
});

/** Whether somebody logged in here: asking for the account without that would only make the browser log an error. */
const LOGGED_IN = "unavoce.logged_in";
const entered = <T>(answer: T): T => (localStorage.setItem(LOGGED_IN, "1"), answer);
const gone = (): void => localStorage.removeItem(LOGGED_IN);

export const api = {
  config: () => json<Config>("GET", "/config"),
  register: (user: string, email: string, password: string, invitation: string | null) =>
    json<{ user: string }>("POST", "/accounts", { user, email, password, invitation }).then(entered),
  login: (user: string, password: string) => json<{ user: string }>("POST", "/login", { user, password }).then(entered),
  logout: () => send("POST", "/logout").finally(gone),
  /** Who is logged in here, or null. */
  account: async () => {
    if (localStorage.getItem(LOGGED_IN) === null) return null;
    return json<Account>("GET", "/account").catch((error: unknown) => {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      gone();
      return null;
    });
  },
  deleteAccount: async (password: string) => {
    await send("DELETE", "/account", { password });
    gone();
  },
  rooms: async () => (await json<{ rooms: RoomListed[] }>("GET", "/rooms")).rooms,
  createRoom: (envelope: string) => json<{ room: string; id: string }>("POST", "/rooms", { envelope }),
  updateRoom: (room: string, envelope: string) => json<{ room: string; id: string }>("PUT", `/rooms/${room}`, { envelope }),
  room: (room: string) => json<RoomAnswer>("GET", `/rooms/${room}`),
  submit: (envelope: string, wrapped: string | null = null) => json<Accepted>("POST", "/statements", { envelope, wrapped }),
  /** Whether the service has this statement; it forgets those of a recording that is erased as a whole. */
  knows: async (statement: string) => (await orNull(send("GET", `/statements/${encodeURIComponent(statement)}/receipt`))) !== null,
  /** The ledger's side of a statement with a fresh proof; null if the service does not have the statement, or not yet in its ledger. */
  receipt: (statement: string) => orNull(json<Acknowledgement>("GET", `/statements/${encodeURIComponent(statement)}/receipt`)),
  /** What a recording that was erased as a whole leaves; null if none was. */
  erasure: (recording: string) => orNull(json<ProvenStatement>("GET", `/recordings/${recording}/erasure`)),
  stopRecording: async (recording: string) => void (await send("POST", `/recordings/${recording}/stop`)),
  /** Erases one recording as a whole, once it has ended. */
  eraseRecording: async (recording: string) => void (await send("DELETE", `/recordings/${recording}`)),
  recordings: async () => (await json<{ recordings: RecordingListed[] }>("GET", "/recordings")).recordings,
  recording: (recording: string) => json<RecordingDetail>("GET", `/recordings/${recording}`),
  wrappedKey: async (recording: string, approval: string) =>
    new Uint8Array(await whole((await send("GET", `/recordings/${recording}/keys/${approval}`)).arrayBuffer())),
  track: (recording: string, name: string) => send("GET", `/recordings/${recording}/tracks/${name}`),
  /** The sealed files of the approval whose token it is. */
  ownTracks: async (recording: string, token: string) => whole((await send("GET", `/recordings/${recording}/tracks`, undefined, token)).json() as Promise<OwnTracks>),
  ownTrack: (recording: string, name: string, token: string) => send("GET", `/recordings/${recording}/tracks/${name}`, undefined, token),
  bundleUrl: (recording: string) => `${API}/recordings/${recording}/bundle`,
};
