// When did each RTP packet arrive? One slot per sequence number, written before the jitter buffer, read after it.
// Owner: the WHIP session, one per SSRC. Thread: one writer (the network's streaming thread), one reader (the jitter
// buffer's); slots are atomic. Errors: an unknown packet reads as 0, and a frame with an unknown packet is never
// written.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace unavoce::recorder {

class ArrivalRing {
 public:
  /// Notes that packet `seq` arrived at `now_ns` (CLOCK_MONOTONIC). A second copy of a packet keeps the first time: the
  /// jitter buffer used that one. A slot older than a wrap of the sequence numbers can be is a new packet.
  void note(std::uint16_t seq, std::int64_t now_ns) {
    const std::int64_t before = slots_[seq].load(std::memory_order_relaxed);
    if (before == 0 || now_ns - before > wrap_ns) slots_[seq].store(now_ns, std::memory_order_release);
  }

  /// The arrival of packet `seq`, or 0.
  std::int64_t at(std::uint16_t seq) const { return slots_[seq].load(std::memory_order_acquire); }

 private:
  // 65536 packets within this time would be 150 Mbit/s from one sender.
  static constexpr std::int64_t wrap_ns = 5'000'000'000;
  std::array<std::atomic<std::int64_t>, 65536> slots_{};
};

}  // namespace unavoce::recorder
