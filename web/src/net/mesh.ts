// The mesh: everyone sends to everyone, for small meetings. Holds one Peer per other participant of the roster.
// Signalling goes through the room's socket; media goes from browser to browser and never to the service.
import { Peer, type PeerSignal, type Picture, type Sent, type StreamRole } from "./peer.ts";

export interface MeshEvents {
  signal(to: string, data: PeerSignal): void;
  stream(participant: string, role: StreamRole, stream: MediaStream | null): void;
  picture(participant: string, picture: Picture): void;
  state(participant: string, state: RTCPeerConnectionState): void;
}

export class Mesh {
  private readonly peers = new Map<string, Peer>();
  private readonly queues = new Map<string, Promise<void>>();
  private sent: Sent = { streams: [], picture: "off" };

  /** `ice` is asked for each new connection: what TURN servers let in changes. */
  constructor(private readonly ice: () => RTCIceServer[], private readonly me: string, private readonly events: MeshEvents) {}

  /** Follows the roster: connects to whoever is new, lets go of whoever left. */
  follow(participants: string[]): void {
    const others = new Set(participants.filter((participant) => participant !== this.me));
    for (const participant of this.peers.keys()) if (!others.has(participant)) this.drop(participant);
    for (const participant of others) if (!this.peers.has(participant)) this.peerOf(participant);
  }

  publish(sent: Sent): void {
    this.sent = sent;
    for (const peer of this.peers.values()) peer.publish(sent);
  }

  /** Signals of one participant are handled one after the other: descriptions and candidates must not overtake each other. */
  receive(from: string, data: unknown): void {
    const handled = (this.queues.get(from) ?? Promise.resolve())
      .then(() => this.handle(from, data as PeerSignal))
      .catch((error: unknown) => console.warn("signal not used:", String(error)));
    this.queues.set(from, handled);
  }

  close(): void {
    for (const participant of [...this.peers.keys()]) this.drop(participant);
  }

  private async handle(from: string, data: PeerSignal): Promise<void> {
    if (typeof data?.from !== "string") return;
    let peer = this.peers.get(from);
    if (peer && data.to !== null && data.to !== peer.id) return; // meant for a connection that is gone
    if (peer && peer.remoteId !== null && peer.remoteId !== data.from) {
      this.drop(from); // the other side began anew
      peer = undefined;
    }
    peer ??= this.peerOf(from);
    peer.remoteId = data.from;
    await peer.receive(data);
  }

  private peerOf(participant: string): Peer {
    const peer: Peer = new Peer(this.ice(), this.me < participant, {
      signal: (data) => this.events.signal(participant, data),
      stream: (role, stream) => this.events.stream(participant, role, stream),
      picture: (picture) => this.events.picture(participant, picture),
      state: (state) => this.events.state(participant, state),
    });
    this.peers.set(participant, peer);
    peer.publish(this.sent);
    return peer;
  }

  private drop(participant: string): void {
    this.peers.get(participant)?.close();
    this.peers.delete(participant);
    this.events.stream(participant, "camera", null);
    this.events.stream(participant, "screen", null);
  }
}
