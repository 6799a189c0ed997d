// One connection of the mesh: perfect negotiation (W3C WebRTC section 10.7) with one other participant.
// Each side names its connection by a random id, so that a reload on either side starts a new one instead of confusing the old.
import { randomBytes, toHex } from "../core/bytes.ts";

export interface PeerSignal {
  from: string; to: string | null; description?: RTCSessionDescriptionInit; candidate?: RTCIceCandidateInit;
  /** which of the sender's streams shows what */
  streams?: Record<string, StreamRole>;
  /** whether the sender's camera is on: a track's own `muted` stays true in Chromium after an answered offer, whatever flows */
  picture?: Picture;
}
export type StreamRole = "camera" | "screen";
export type Picture = "on" | "off";
export interface Sent { streams: { role: StreamRole; stream: MediaStream }[]; picture: Picture }

export interface PeerEvents {
  signal(data: PeerSignal): void;
  stream(role: StreamRole, stream: MediaStream | null): void;
  picture(picture: Picture): void;
  state(state: RTCPeerConnectionState): void;
}

export class Peer {
  readonly id = toHex(randomBytes(8));
  remoteId: string | null = null;
  private readonly connection: RTCPeerConnection;
  private makingOffer = false;
  private ignoreOffer = false;
  private roles: Record<string, StreamRole> = {};
  private local: Record<string, StreamRole> = {};
  private sent: Sent = { streams: [], picture: "off" };

  constructor(ice: RTCIceServer[], private readonly polite: boolean, private readonly events: PeerEvents) {
    this.connection = new RTCPeerConnection({ iceServers: ice });
    this.connection.onnegotiationneeded = () => void this.offer().catch((error: unknown) => {
      if (this.connection.signalingState !== "closed") console.warn("no offer:", String(error)); // closed meanwhile: nobody waits for it
    });
    this.connection.onicecandidate = ({ candidate }) => candidate && this.signal({ candidate: candidate.toJSON() });
    this.connection.onconnectionstatechange = () => {
      events.state(this.connection.connectionState);
      if (this.connection.connectionState === "failed") this.connection.restartIce();
    };
    this.connection.ontrack = ({ streams: [stream] }) => stream && this.show(stream);
  }

  /** Sends these streams from now on, and no others. */
  publish(sent: Sent): void {
    this.sent = sent;
    this.local = Object.fromEntries(sent.streams.map(({ role, stream }) => [stream.id, role]));
    // The first offer is the impolite side's alone: when both begin at once, Chromium's rollback now and then stops gathering candidates.
    if (!this.polite || this.connection.remoteDescription) this.attach(sent);
    this.signal({ streams: this.local, picture: sent.picture });
  }

  private attach({ streams }: Sent): void {
    const wanted = new Map(streams.flatMap(({ stream }) => stream.getTracks().map((track) => [track, stream] as const)));
    for (const sender of this.connection.getSenders()) {
      if (sender.track && !wanted.delete(sender.track)) this.connection.removeTrack(sender);
    }
    for (const [track, stream] of wanted) this.connection.addTrack(track, stream);
    if (this.connection.getTransceivers().length === 0) this.connection.addTransceiver("audio", { direction: "recvonly" });
  }

  async receive({ description, candidate, streams, picture }: PeerSignal): Promise<void> {
    if (streams) this.roles = streams;
    if (picture) this.events.picture(picture);
    if (description) await this.describe(description);
    if (candidate) await this.connection.addIceCandidate(candidate).catch((error: unknown) => {
      if (!this.ignoreOffer) throw error;
    });
  }

  close(): void {
    this.connection.close();
  }

  private signal(data: Omit<PeerSignal, "from" | "to">): void {
    this.events.signal({ from: this.id, to: this.remoteId, ...data });
  }

  private async offer(): Promise<void> {
    try {
      this.makingOffer = true;
      await this.connection.setLocalDescription();
      this.signal({ description: this.connection.localDescription!.toJSON() as RTCSessionDescriptionInit, streams: this.local, picture: this.sent.picture });
    } finally {
      this.makingOffer = false;
    }
  }

  private async describe(description: RTCSessionDescriptionInit): Promise<void> {
    const collision = description.type === "offer" && (this.makingOffer || this.connection.signalingState !== "stable");
    this.ignoreOffer = !this.polite && collision;
    if (this.ignoreOffer) return;
    await this.connection.setRemoteDescription(description);
    if (description.type !== "offer") return;
    this.attach(this.sent);
    await this.connection.setLocalDescription();
    this.signal({ description: this.connection.localDescription!.toJSON() as RTCSessionDescriptionInit, streams: this.local, picture: this.sent.picture });
  }

  private show(stream: MediaStream): void {
    const role = this.roles[stream.id] ?? "camera";
    this.events.stream(role, stream);
    stream.onremovetrack = () => {
      if (stream.getTracks().length === 0) this.events.stream(role, null);
    };
  }
}
