// How much media a session may bring: its sender chooses that, and the disk and the processor have to take it.
// Owner: the WHIP session. Thread: any (several transports, several threads). Errors: `add` says when it is too much;
// the session then ends.
//
// Two leaky buckets in the form of GCRA, for bytes and for packets: each knows when everything so far would have been
// sent at the limit. Who is more than the window ahead of that sends too much; a key frame, or what a network held
// back, fits in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace unavoce::recorder {

/// Short: a new session begins with an empty bucket, and a participant may make one every two seconds.
inline constexpr std::int64_t media_pace_window_ns = 2'000'000'000;

/// What a packet costs at least, whatever is in it: each goes through SRTP, rtpbin, jitter buffer and depayloader. A
/// packet of sound has about a hundred bytes, fifty times in a second.
inline constexpr std::size_t least_packet_bytes = 200;

/// How many packets may come in a second, however small they are and whatever limit of bytes is configured. Four times
/// what 20 Mbit/s in packets of 1200 bytes are; few enough for the sequence numbers (whip_session.cpp).
inline constexpr std::uint64_t max_packets_per_second = 8000;

enum class Brings { bearable, too_many_bytes, too_many_packets };

class MediaPace {
 public:
  explicit MediaPace(std::uint64_t max_bytes_per_second) : max_bytes_per_second_(max_bytes_per_second) {}

  /// A packet of so many bytes arrives. Once it was too much, it stays so.
  Brings add(std::size_t bytes, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    if (brings_ != Brings::bearable) return brings_;
    const std::uint64_t counted = std::max(bytes, least_packet_bytes);
    if (bytes_.add(counted * second_ns / max_bytes_per_second_, now_ns) == Level::over)
      brings_ = Brings::too_many_bytes;
    if (packets_.add(second_ns / max_packets_per_second, now_ns) == Level::over) brings_ = Brings::too_many_packets;
    return brings_;
  }

 private:
  static constexpr std::uint64_t second_ns = 1'000'000'000;
  enum class Level { within, over };
  struct Bucket {
    Level add(std::uint64_t takes_ns, std::int64_t now_ns) {
      due_ns = std::max(due_ns, now_ns) + static_cast<std::int64_t>(takes_ns);
      return due_ns - now_ns > media_pace_window_ns ? Level::over : Level::within;
    }
    std::int64_t due_ns = 0;
  };

  const std::uint64_t max_bytes_per_second_;
  std::mutex mutex_;  // leaf lock
  Bucket bytes_;
  Bucket packets_;
  Brings brings_ = Brings::bearable;
};

}  // namespace unavoce::recorder
