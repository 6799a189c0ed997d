// The room's WebSocket (docs/API.md): joins, keeps itself alive, comes back with the resume token after a lost connection.
// Messages reach `receive` in the order in which they arrived; states reach `status`.
import type { Gate, RosterEntry, ServerMessage } from "./messages.ts";

export interface JoinAs { name: string; key: string; role: "participant" | "host" }
export type SocketStatus = "connecting" | "connected" | "reconnecting" | "closed";
export type { Gate, RosterEntry, ServerMessage };

const PING_EVERY_MS = 15_000;
const SILENCE_LIMIT_MS = 40_000;
const RETRY_MS = [300, 1_000, 2_000, 4_000, 8_000];
/** Why a join may be refused and still be taken a moment later (docs/API.md). */
const PASSING = new Set(["unavailable", "storage", "rate_limited", "too_many_sessions", "too_many_sessions_of_account", "too_many_sessions_of_address"]);
type Refusal = "passes" | "try_without_token" | "for_good";

export class RoomSocket {
  private socket: WebSocket | null = null;
  private attempts = 0;
  private done = false;
  private heardAt = 0;
  private welcomed = false;
  private everWelcomed = false;
  private pinger: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly url: string,
    private readonly joinAs: JoinAs,
    private resume: string | null,
    private readonly receive: (message: ServerMessage) => void,
    private readonly status: (status: SocketStatus) => void,
  ) {}

  connect(): void {
    this.status(this.attempts === 0 ? "connecting" : "reconnecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.welcomed = false;
    socket.onopen = () => this.send({ type: "join", ...this.joinAs, resume: this.resume });
    socket.onmessage = (event) => this.hear(socket, String(event.data));
    socket.onclose = () => this.lost(socket);
    clearInterval(this.pinger);
    this.heardAt = Date.now();
    this.pinger = setInterval(() => this.ping(), PING_EVERY_MS);
  }

  send(message: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Leaves the session for good. */
  leave(): void {
    this.send({ type: "leave" });
    this.close();
  }

  close(): void {
    this.done = true;
    clearInterval(this.pinger);
    this.socket?.close();
    this.status("closed");
  }

  private hear(socket: WebSocket, text: string): void {
    if (socket !== this.socket) return;
    this.heardAt = Date.now();
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "welcome") {
      this.attempts = 0;
      this.welcomed = this.everWelcomed = true;
      this.resume = message.resume;
      this.status("connected");
    }
    const refusal = message.type === "problem" ? this.refusal(message.problem?.code) : null;
    if (refusal === "passes") return;
    if (refusal === "try_without_token") this.resume = null;
    this.receive(message);
    if (refusal === "for_good") this.close(); // after the word that says why
  }

  /** What a problem means for the connection. A join that was refused would be refused again; only a stale resume token is worth a second try without it. */
  private refusal(code = ""): Refusal | null {
    if (code === "removed") return "for_good";
    if (this.welcomed) return null;
    if (this.everWelcomed && PASSING.has(code)) return "passes";
    return this.resume === null ? "for_good" : "try_without_token";
  }

  private lost(socket: WebSocket): void {
    if (socket !== this.socket || this.done) return;
    clearInterval(this.pinger);
    const wait = RETRY_MS[Math.min(this.attempts++, RETRY_MS.length - 1)]!;
    this.status("reconnecting");
    setTimeout(() => this.done || this.connect(), wait);
  }

  private ping(): void {
    if (Date.now() - this.heardAt > SILENCE_LIMIT_MS) {
      const silent = this.socket!;
      silent.onclose = null;
      silent.close();
      this.lost(silent);
    } else this.send({ type: "ping" });
  }
}
