// Runs in every page before its own scripts and changes nothing in it. Keeps what each RTCPeerConnection says it sent, and which of them publishes
// to the service (the one whose offer goes to /whip/…): window.__sent. Keeps what came over WebSockets, and when: window.__heard.
(() => {
  const peers = [];
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...settings) {
      super(...settings);
      peers.push({ connection: this, whip: false, samples: [] });
    }
  };

  const fetch_original = window.fetch;
  window.fetch = function (resource, options) {
    const url = String(resource instanceof Request ? resource.url : resource);
    if (new URL(url, location.href).pathname.startsWith('/whip/') && options?.method === 'POST') {
      const offer = String(options.body);
      // The fingerprint and the ICE user name make an offer unique, whatever the page adds to it.
      const ufrag = /a=ice-ufrag:(\S+)/.exec(offer)?.[1];
      for (const peer of peers) if (ufrag && peer.connection.localDescription?.sdp.includes(`a=ice-ufrag:${ufrag}`)) peer.whip = true;
    }
    return fetch_original.call(this, resource, options);
  };

  const heard = [];
  const WebSocketOriginal = window.WebSocket;
  window.WebSocket = class extends WebSocketOriginal {
    constructor(...address) {
      super(...address);
      this.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.type !== 'signal' && message.type !== 'pong') heard.push({ at_ms: Date.now(), message });
      });
    }
  };
  window.__heard = heard;

  async function sample() {
    for (const peer of peers) {
      if (!peer.whip || peer.connection.connectionState === 'closed') continue; // of all three, asking takes a quarter of a slow processor
      const report = await peer.connection.getStats().catch(() => []);
      const sent = { at_ms: 0 };
      report.forEach((entry) => {
        if (entry.type !== 'outbound-rtp') return;
        sent.at_ms = entry.timestamp;
        // Opus: one frame of 20 ms is one packet; a packet that was asked for again is not another frame.
        if (entry.kind === 'audio') sent.audio = entry.packetsSent - (entry.retransmittedPacketsSent ?? 0);
        if (entry.kind === 'video') sent.video = entry.framesSent, sent.key_frames = entry.keyFramesEncoded;
      });
      if (sent.at_ms > 0 && sent.at_ms !== peer.samples.at(-1)?.at_ms) peer.samples.push(sent);
    }
    setTimeout(sample, 50);
  }
  sample();

  window.__sent = () => peers.map(({ whip, samples, connection }) => ({ whip, samples, state: connection.connectionState }));
})();
