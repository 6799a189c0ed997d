// How much media a session may bring: its sender chooses that, and the disk has to take it.
// Owner: the WHIP session. Thread: any (several transports, several threads). Errors: `add` says when it is too much;
// the session then ends.
//
// A leaky bucket in the form of GCRA: `due_ns_` is when everything so far would have been sent at the limit. Who is
// more than the window ahead of that sends too much; a key frame, or what a network held back, fits in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace unavoce::recorder {

/// Short: a new session begins with an empty bucket, and a participant may make one every two seconds.
inline constexpr std::int64_t media_pace_window_ns = 2'000'000'000;

enum class Brings { bearable, too_much };

class MediaPace {
 public:
  explicit MediaPace(std::uint64_t max_bytes_per_second) : max_bytes_per_second_(max_bytes_per_second) {}

  /// A packet of so many bytes arrives. Once it was too much, it stays so.
  Brings add(std::size_t bytes, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    if (brings_ == Brings::too_much) return brings_;
    const std::uint64_t takes_ns = bytes * std::uint64_t{1'000'000'000} / max_bytes_per_second_;
    due_ns_ = std::max(due_ns_, now_ns) + static_cast<std::int64_t>(takes_ns);
    if (due_ns_ - now_ns > media_pace_window_ns) brings_ = Brings::too_much;
    return brings_;
  }

 private:
  const std::uint64_t max_bytes_per_second_;
  std::mutex mutex_;  // leaf lock
  std::int64_t due_ns_ = 0;
  Brings brings_ = Brings::bearable;
};

}  // namespace unavoce::recorder
