// This person's own camera, microphone and screen. Everything works without any of them.
import type { Sent, StreamRole } from "../net/peer.ts";

export type Device = "microphone" | "camera";
const CAMERA: MediaTrackConstraints = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30, max: 30 } };

export class LocalMedia {
  readonly camera = new MediaStream();
  screen: MediaStream | null = null;
  private readonly listeners = new Set<() => void>();

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  track(device: Device): MediaStreamTrack | null {
    return (device === "microphone" ? this.camera.getAudioTracks() : this.camera.getVideoTracks())[0] ?? null;
  }
  isOn(device: Device): boolean {
    return this.track(device)?.enabled ?? false;
  }

  /** Asks for both at once; what is missing or denied is simply absent. */
  async openBoth(): Promise<void> {
    const both = await this.ask({ audio: true, video: CAMERA });
    if (!both) await Promise.all([this.ask({ audio: true }), this.ask({ video: CAMERA })]);
    this.changed();
  }

  /** Turns a device on or off; false when there is none to turn on. */
  async turn(device: Device, to: "on" | "off"): Promise<boolean> {
    if (to === "on" && !this.track(device)) await this.ask(device === "microphone" ? { audio: true } : { video: CAMERA });
    const track = this.track(device);
    if (track) track.enabled = to === "on";
    this.changed();
    return track !== null;
  }

  async shareScreen(): Promise<void> {
    this.screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
    this.screen.getVideoTracks()[0]!.onended = () => this.stopScreen();
    this.changed();
  }
  stopScreen(): void {
    this.screen?.getTracks().forEach((track) => track.stop());
    this.screen = null;
    this.changed();
  }

  streams(): { role: StreamRole; stream: MediaStream }[] {
    const camera = this.camera.getTracks().length > 0 ? [{ role: "camera" as const, stream: this.camera }] : [];
    return this.screen ? [...camera, { role: "screen", stream: this.screen }] : camera;
  }

  /** What the others in the mesh get. */
  sent(): Sent {
    return { streams: this.streams(), picture: this.isOn("camera") ? "on" : "off" };
  }

  close(): void {
    for (const { stream } of this.streams()) stream.getTracks().forEach((track) => track.stop());
    this.listeners.clear();
  }

  private async ask(wish: MediaStreamConstraints): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wish);
      stream.getTracks().forEach((track) => this.camera.addTrack(track));
      return true;
    } catch {
      return false; // no device, or the person said no: both are fine
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
