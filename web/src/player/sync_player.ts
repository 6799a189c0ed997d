// Plays the tracks of a take together: one clock of our own, every element is led to it. offset_ms says where a file's time zero
// lies on the take's clock. Small drift is corrected by speed, which nobody hears; a large one by a jump.

export interface Part { element: HTMLVideoElement; offsetMs: number; endMs: number }

const TICK_MS = 200;
const BY_SPEED_S = 0.06;
const BY_JUMP_S = 0.4;

export class SyncPlayer {
  private parts: Part[] = [];
  private lengthMs = 0;
  private startedAt: number | null = null; // performance.now() at take time zero, while playing
  private pausedMs = 0;
  private readonly ticker: ReturnType<typeof setInterval>;

  constructor(private readonly changed: (timeMs: number, playing: boolean) => void) {
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  load(parts: Part[], lengthMs: number): void {
    this.pause();
    this.parts = parts;
    this.lengthMs = lengthMs;
    this.seek(0);
  }

  get timeMs(): number {
    return this.startedAt === null ? this.pausedMs : Math.min(this.lengthMs, performance.now() - this.startedAt);
  }
  get playing(): boolean {
    return this.startedAt !== null;
  }

  play(): void {
    if (this.timeMs >= this.lengthMs) this.pausedMs = 0;
    this.startedAt = performance.now() - this.pausedMs;
    for (const part of this.parts) this.place(part);
    this.tick();
  }

  pause(): void {
    this.pausedMs = this.timeMs;
    this.startedAt = null;
    for (const { element } of this.parts) element.pause();
    this.changed(this.pausedMs, false);
  }

  seek(timeMs: number): void {
    this.pausedMs = timeMs;
    if (this.startedAt !== null) this.startedAt = performance.now() - timeMs;
    for (const part of this.parts) this.place(part);
    this.changed(this.timeMs, this.playing);
  }

  close(): void {
    clearInterval(this.ticker);
    this.pause();
  }

  private place({ element, offsetMs, endMs }: Part): void {
    element.currentTime = Math.max(0, Math.min(this.timeMs, endMs) - offsetMs) / 1000;
  }

  private tick(): void {
    if (this.startedAt === null) return;
    if (this.timeMs >= this.lengthMs) return this.pause();
    for (const part of this.parts) this.lead(part);
    this.changed(this.timeMs, true);
  }

  private lead(part: Part): void {
    const { element, offsetMs, endMs } = part;
    const inside = this.timeMs >= offsetMs && this.timeMs < endMs && !element.ended;
    if (!inside) return element.pause();
    if (element.paused) {
      this.place(part);
      void element.play().catch(() => undefined);
      return;
    }
    const behind = (this.timeMs - offsetMs) / 1000 - element.currentTime;
    if (Math.abs(behind) > BY_JUMP_S && !element.seeking) this.place(part);
    element.playbackRate = Math.abs(behind) > BY_SPEED_S ? 1 + Math.max(-0.1, Math.min(0.1, behind / 2)) : 1;
  }
}
