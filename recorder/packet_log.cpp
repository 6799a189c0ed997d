#include "recorder/packet_log.hpp"

#include <algorithm>
#include <utility>

namespace unavoce::recorder {

Noted PacketLog::arrived(const PacketName& packet, std::int64_t now_ns) {
  std::shared_ptr<ArrivalRing> ring;
  {
    const std::scoped_lock lock(mutex_);
    auto found = rings_.find(packet.ssrc);
    if (found == rings_.end()) {
      if (rings_.size() >= max_sources) return Noted::too_many_sources;
      found = rings_.emplace(packet.ssrc, std::make_shared<ArrivalRing>()).first;
    }
    ring = found->second;
  }
  ring->note(packet.seq, now_ns);
  return last_packet_ns_.exchange(now_ns, std::memory_order_relaxed) == 0 ? Noted::first_ever : Noted::known;
}

std::shared_ptr<const ArrivalRing> PacketLog::ring(std::uint32_t ssrc) const {
  const std::scoped_lock lock(mutex_);
  const auto found = rings_.find(ssrc);
  return found == rings_.end() ? nullptr : found->second;
}

std::int64_t PacketLog::capture_time(std::int64_t ntp_ns, std::int64_t arrival_ns) {
  constexpr std::int64_t window_ns = 30'000'000'000;
  constexpr std::int64_t step_ns = 500'000'000;
  const std::int64_t offset_ns = arrival_ns - ntp_ns;
  const std::scoped_lock lock(mutex_);
  const std::int64_t best_ns = std::min(offset_ns_, previous_offset_ns_);
  // A sender whose clock was set, or whose sender reports disagree with each other (GStreamer's do by seconds): start
  // over.
  const bool stepped = best_ns != INT64_MAX && (offset_ns > best_ns + step_ns || offset_ns < best_ns - step_ns);
  if (stepped) offset_ns_ = previous_offset_ns_ = INT64_MAX;
  if (stepped || arrival_ns - window_start_ns_ > window_ns) {
    window_start_ns_ = arrival_ns;
    previous_offset_ns_ = std::exchange(offset_ns_, INT64_MAX);
  }
  offset_ns_ = std::min(offset_ns_, offset_ns);
  return ntp_ns + std::min(offset_ns_, previous_offset_ns_);
}

}  // namespace unavoce::recorder
