// When did each RTP packet arrive? One slot per sequence number, written before the jitter buffer, read after it.
// Owner: the WHIP session, one per SSRC. Thread: one writer (the network's streaming thread), one reader (the jitter
// buffer's); what they share is atomic. Errors: an unknown packet reads as 0, and a frame with an unknown packet is
// never written.
//
// Senders choose their numbers and may skip as many as they like, so the same number may soon be another packet. Which
// it is follows from its distance to the newest one: what SRTP lets through is either ahead of everything before, and
// new, or at most `late_packets` behind.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace unavoce::recorder {

class ArrivalRing {
 public:
  /// Whoever sends as many packets within this time may use a number while an older packet still has it.
  static constexpr std::int64_t wrap_ns = 5'000'000'000;
  /// srtpdec's replay-window-size: whatever is further behind has not come through it.
  static constexpr std::int16_t late_packets = 128;

  /// Notes that packet `seq` arrived at `now_ns` (CLOCK_MONOTONIC). A second copy of a packet keeps the first time: the
  /// jitter buffer used that one. A slot older than a wrap of the sequence numbers can be is a new packet.
  void note(std::uint16_t seq, std::int64_t now_ns) {
    const auto ahead = static_cast<std::int16_t>(seq - newest_.load(std::memory_order_relaxed));
    if (ahead > 0 || ahead < -late_packets) {
      forget_before(seq, ahead);
      newest_.store(seq, std::memory_order_relaxed);
      slots_[seq].store(now_ns, std::memory_order_release);
      return;
    }
    const std::int64_t before = slots_[seq].load(std::memory_order_relaxed);
    if (before == 0 || now_ns - before > wrap_ns) slots_[seq].store(now_ns, std::memory_order_release);
  }

  /// The arrival of packet `seq`, or 0.
  std::int64_t at(std::uint16_t seq) const { return slots_[seq].load(std::memory_order_acquire); }

 private:
  /// What was skipped and may still come has not arrived yet, whatever had those numbers before.
  void forget_before(std::uint16_t seq, std::int16_t ahead) {
    const int skipped = ahead > 0 && ahead <= late_packets ? ahead - 1 : late_packets;
    for (int back = 1; back <= skipped; ++back) {
      slots_[static_cast<std::uint16_t>(seq - back)].store(0, std::memory_order_release);
    }
  }

  std::atomic<std::uint16_t> newest_{0};
  std::array<std::atomic<std::int64_t>, 65536> slots_{};
};

}  // namespace unavoce::recorder
