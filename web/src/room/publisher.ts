// Sends to the recording service exactly the kinds of media this person approved, and nothing before the approval is acknowledged.
// Follows the devices: a camera turned on later is published then; a broken connection, or one of which nothing arrives, is tried again.
import type { MediaKind } from "../core/shape.ts";
import type { Message } from "../i18n/i18n.ts";
import { Problem, type PublishAt } from "../net/api.ts";
import type { PublishKind as Part } from "../net/messages.ts";
import { WhipPublisher } from "../net/whip.ts";
import { inWords } from "../ui/problems.ts";
import type { LocalMedia } from "./media.ts";
import type { PublishStatus } from "./state.ts";

const RETRY_MS = [500, 1_500, 4_000, 8_000];
const PARTS: Part[] = ["camera", "screen"];
interface Running { whip: WhipPublisher; tracks: MediaStreamTrack[] }

export class Publisher {
  private allowed: { at: PublishAt; scope: MediaKind[] } | null = null;
  private readonly running = new Map<Part, Running>();
  private readonly attempts = new Map<Part, number>();
  /** what the service missed when it last spoke of it */
  private missed: Part[] = [];
  private closed = false;

  constructor(private readonly media: LocalMedia, private readonly ice: () => RTCIceServer[], private readonly status: (status: PublishStatus, problem?: Message) => void) {
    media.onChange(() => this.follow());
  }

  start(at: PublishAt, scope: MediaKind[]): void {
    if (this.closed) return;
    this.stop();
    this.allowed = { at, scope };
    this.follow();
  }

  /** Sends only these kinds from now on. */
  restrict(scope: MediaKind[]): void {
    if (!this.allowed) return;
    this.allowed = { ...this.allowed, scope: this.allowed.scope.filter((kind) => scope.includes(kind)) };
    this.follow();
  }

  /** What the recorder misses although the connection may seem to stand: that is published anew, once for each loss. */
  misses(parts: Part[]): void {
    const before = this.missed;
    this.missed = parts;
    for (const part of PARTS) {
      const running = this.running.get(part);
      if (running && parts.includes(part) && !before.includes(part)) this.again(part, running.whip);
    }
  }

  stop(): void {
    this.allowed = null;
    for (const part of PARTS) this.end(part);
    this.status("off");
  }

  /** Stops for good: what is acknowledged only now starts nothing any more. */
  close(): void {
    this.closed = true;
    this.stop();
  }

  private wanted(part: Part): MediaStreamTrack[] {
    const scope = this.allowed?.scope ?? [];
    if (part === "screen") return scope.includes("screen") ? (this.media.screen?.getVideoTracks() ?? []) : [];
    return [
      ...(scope.includes("audio") ? this.media.camera.getAudioTracks() : []),
      ...(scope.includes("video") ? this.media.camera.getVideoTracks() : []),
    ];
  }

  private follow(): void {
    for (const part of PARTS) {
      const tracks = this.wanted(part);
      const now = this.running.get(part)?.tracks ?? [];
      if (tracks.length === now.length && tracks.every((track) => now.includes(track))) continue;
      this.end(part);
      if (tracks.length > 0) this.begin(part, tracks);
    }
  }

  private begin(part: Part, tracks: MediaStreamTrack[]): void {
    const whip: WhipPublisher = new WhipPublisher(this.allowed!.at, this.ice(), (state) => {
      if (this.running.get(part)?.whip !== whip) return;
      if (state === "connected") this.attempts.set(part, 0);
      if (state === "failed") this.again(part, whip);
      if (state !== "closed") this.status(state);
    });
    this.running.set(part, { whip, tracks });
    whip.start(tracks, part).catch((error: unknown) => {
      if (this.running.get(part)?.whip !== whip) return; // ended meanwhile: what became of it is nobody's business
      console.warn("publishing did not work:", String(error));
      this.status("failed", error instanceof Problem ? inWords(error) : undefined);
      this.again(part, whip);
    });
  }

  private again(part: Part, whip: WhipPublisher): void {
    const attempt = this.attempts.get(part) ?? 0;
    this.attempts.set(part, attempt + 1);
    setTimeout(() => {
      if (this.running.get(part)?.whip !== whip) return;
      this.end(part);
      this.follow();
    }, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
  }

  private end(part: Part): void {
    const running = this.running.get(part);
    this.running.delete(part);
    void running?.whip.stop();
  }
}
