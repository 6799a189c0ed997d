// Remembers the arrival of every RTP packet of one WHIP session, and what its sender's clock says about ours.
// Owner: the WHIP session, shared with its probes. Thread: `arrived` on the network's streaming thread, `ring` and
// `capture_time` on jitter buffer threads, `last_packet_ns` anywhere. Errors: unknown packets read as arrival 0.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "recorder/arrival_ring.hpp"

namespace unavoce::recorder {

/// The fields of an RTP header that name a packet and its codec (RFC 3550 section 5.1).
struct PacketName {
  int payload = -1;
  std::uint16_t seq = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  bool marker = false;  ///< the last packet of a picture
};

enum class Noted { first_ever, known, too_many_sources };

class PacketLog {
 public:
  static constexpr std::size_t max_sources = 8;  ///< camera, microphone, their RTX, and restarts; each costs a ring

  Noted arrived(const PacketName& packet, std::int64_t now_ns);

  /// The ring of a source, or null if nothing of it ever arrived.
  std::shared_ptr<const ArrivalRing> ring(std::uint32_t ssrc) const;

  /// Arrival of the newest packet of the session; 0 before the first.
  std::int64_t last_packet_ns() const noexcept { return last_packet_ns_.load(std::memory_order_relaxed); }

  /// Maps a sender's NTP time to CLOCK_MONOTONIC: the fastest packet of the last half to full minute gives the offset,
  /// so that the network's jitter does not move it and the drift of two clocks does not add up.
  std::int64_t capture_time(std::int64_t ntp_ns, std::int64_t arrival_ns);

 private:
  std::atomic<std::int64_t> last_packet_ns_{0};
  mutable std::mutex mutex_;  // leaf lock: nothing is called while it is held
  std::map<std::uint32_t, std::shared_ptr<ArrivalRing>> rings_;
  std::int64_t window_start_ns_ = 0;
  std::int64_t offset_ns_ = INT64_MAX;
  std::int64_t previous_offset_ns_ = INT64_MAX;
};

}  // namespace unavoce::recorder
