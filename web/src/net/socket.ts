// The room's WebSocket (docs/API.md): joins, keeps itself alive, comes back with the resume token after a lost connection.
// Messages reach `receive` in the order in which they arrived; states reach `status`.
import type { Gate, RosterEntry, ServerMessage } from "./messages.ts";

export interface JoinAs { name: string; key: string; role: "participant" | "host" }
export type SocketStatus = "connecting" | "connected" | "reconnecting" | "closed";
export type { Gate, RosterEntry, ServerMessage };

/** More than the 5 s for which Chromium may hold back a connection after many that failed (its websocket_throttler.cc). */
const OPEN_WITHIN_MS = 6_000;
const PING_EVERY_MS = 10_000;
/** Counted, not timed: a browser may wake the timers of a hidden page once a minute, and hears of answers all the same. */
const UNANSWERED_PINGS = 2;
const RETRY_MS = [300, 1_000, 2_000, 4_000, 5_000];
/** Why a join may be refused and still be taken a moment later (docs/API.md). */
/** `join_first`: the service was slow, it read the join and could not answer in time. */
const PASSING = new Set(["unavailable", "storage", "rate_limited", "join_first", "too_many_sessions", "too_many_sessions_of_account", "too_many_sessions_of_address"]);
type Refusal = "passes" | "try_without_token" | "for_good";

export class RoomSocket {
  private socket: WebSocket | null = null;
  private attempts = 0;
  private done = false;
  private unanswered = 0;
  private welcomed = false;
  private everWelcomed = false;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private pinger: ReturnType<typeof setInterval> | undefined;
  private readonly pace: number;

  constructor(
    private readonly url: string,
    private readonly joinAs: JoinAs,
    private resume: string | null,
    private readonly receive: (message: ServerMessage) => void,
    private readonly status: (status: SocketStatus) => void,
  ) {
    this.pace = paceOf(url);
  }

  /** Only the opening has a limit of its own: giving up a join that the service has read is leaving, and when the last one leaves a recording ends. */
  connect(): void {
    this.status(this.socket === null ? "connecting" : "reconnecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.welcomed = false;
    this.unanswered = 0;
    socket.onopen = () => {
      clearTimeout(this.opening);
      this.send({ type: "join", ...this.joinAs, resume: this.resume });
    };
    socket.onmessage = (event) => this.hear(socket, String(event.data));
    socket.onclose = () => this.lost(socket);
    this.opening = setTimeout(() => this.giveUp(), OPEN_WITHIN_MS);
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
    this.stopTimers();
    this.socket?.close();
    this.status("closed");
  }

  private hear(socket: WebSocket, text: string): void {
    if (socket !== this.socket) return;
    this.unanswered = 0;
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "welcome") {
      this.attempts = 0;
      this.welcomed = this.everWelcomed = true;
      this.resume = message.resume;
      this.status("connected");
    }
    const code = message.type === "problem" ? (message.problem?.code ?? "") : null;
    const refusal = code === null ? null : this.refusal(code);
    if (refusal === "passes") return;
    if (refusal === "try_without_token") this.joinAnew(code);
    if (refusal === "try_without_token" && !this.everWelcomed) return; // who only comes in learns what becomes of the second join
    this.receive(message);
    if (refusal === "for_good") this.close(); // after the word that says why
  }

  /**
   * At once: the service is there, and after a restart it waits for its people (server/config.hpp). But whoever holds the key may be this
   * page itself, on a connection that died without a word: that is given the pause of one that is lost.
   */
  private joinAnew(code: string | null): void {
    this.resume = null;
    if (code === "key_in_use") return;
    this.attempts = 0;
    this.drop();
    this.connect();
  }

  /** What a problem means for the connection. A join that was refused would be refused again; only a stale resume token is worth a second try without it. */
  private refusal(code: string): Refusal | null {
    if (code === "removed") return "for_good";
    if (this.welcomed) return null;
    if (this.everWelcomed && PASSING.has(code)) return "passes";
    return this.resume === null ? "for_good" : "try_without_token";
  }

  private lost(socket: WebSocket): void {
    if (socket !== this.socket || this.done) return;
    this.stopTimers();
    const wait = RETRY_MS[Math.min(this.attempts++, RETRY_MS.length - 1)]! * this.pace;
    this.status("reconnecting");
    setTimeout(() => this.done || this.connect(), wait);
  }

  private ping(): void {
    if (this.unanswered++ < UNANSWERED_PINGS) this.send({ type: "ping" });
    else this.giveUp();
  }

  /** Its end is not waited for: over a network that is gone nobody hears of it. */
  private giveUp(): void {
    const silent = this.socket!;
    this.drop();
    this.lost(silent);
  }

  private drop(): void {
    this.stopTimers();
    this.socket!.onclose = null;
    this.socket!.close();
  }

  private stopTimers(): void {
    clearTimeout(this.opening);
    clearInterval(this.pinger);
  }
}

/**
 * Up to a quarter less than the pauses, by the random id of the room: so that not all rooms come back in one moment. The people of a room
 * keep step, because whoever is back alone begins a take that the next one ends.
 */
function paceOf(url: string): number {
  const id = /\/rooms\/([0-9a-f]{4})/.exec(url)?.[1] ?? "ffff";
  return 0.75 + 0.25 * (parseInt(id, 16) / 0xffff);
}
