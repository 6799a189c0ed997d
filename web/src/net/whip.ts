// A WHIP publisher (RFC 9725): sends chosen tracks to the recording service, without trickle, and takes them back by DELETE.
// `state` tells when the connection stands or breaks; whoever uses this decides whether to publish again.
import { problemOf, type PublishAt } from "./api.ts";

export type PublishState = "connecting" | "connected" | "failed" | "closed";
const GATHERING_LIMIT_MS = 1_500;

export class WhipPublisher {
  private readonly connection: RTCPeerConnection;
  private location: string | null = null;
  private closed = false;

  constructor(private readonly at: PublishAt, ice: RTCIceServer[], private readonly state: (state: PublishState) => void) {
    this.connection = new RTCPeerConnection({ iceServers: ice, bundlePolicy: "max-bundle" });
    this.connection.onconnectionstatechange = () => {
      const now = this.connection.connectionState;
      if (now === "connected") state("connected");
      if (now === "failed" && !this.closed) state("failed");
    };
  }

  async start(tracks: MediaStreamTrack[], kind: "camera" | "screen"): Promise<void> {
    this.state("connecting");
    for (const track of tracks) {
      const transceiver = this.connection.addTransceiver(track, { direction: "sendonly" });
      if (track.kind === "video") preferVp8(transceiver);
    }
    await this.connection.setLocalDescription();
    await gathered(this.connection);
    if (this.closed) return;
    const url = kind === "screen" ? `${this.at.url}?kind=screen` : this.at.url;
    const response = await fetch(new URL(url, location.origin), {
      method: "POST", body: this.connection.localDescription!.sdp,
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${this.at.token}` },
    });
    if (response.status !== 201) throw await problemOf(response);
    const resource = response.headers.get("Location");
    this.location = resource === null ? null : new URL(resource, new URL(url, location.origin)).href;
    if (this.closed) return this.remove();
    await this.connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  }

  /** Stops sending at once, then tells the service. */
  async stop(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.connection.close();
    this.state("closed");
    await this.remove();
  }

  private async remove(): Promise<void> {
    if (this.location === null) return;
    // keepalive: the request outlives a page that is being closed
    await fetch(this.location, { method: "DELETE", headers: { Authorization: `Bearer ${this.at.token}` }, keepalive: true }).catch(() => undefined);
  }
}

/** VP8 first: every recorder and every player of a track takes it; the rest stays on offer behind it. */
function preferVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities?.("video")?.codecs;
  if (!codecs || !transceiver.setCodecPreferences) return;
  const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === "video/vp8");
  transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, GATHERING_LIMIT_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(limit);
      resolve();
    });
  });
}
