#pragma once
// Whether a request's body arrives, or an answer is read, at an ordinary speed. It may pause for a while, and what came
// quickly before does not count for later: a body that sends all but its last byte and then waits dawdles like one that
// sends a byte at a time. A value; time is passed in.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace unavoce::server {

struct BodyPaceLimits {
  std::chrono::milliseconds patience{2'000};
  std::uint32_t bytes_per_second = 4096;
};

class BodyPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  BodyPace(BodyPaceLimits limits, Time begin) : limits_(limits), due_(begin + limits.patience) {}

  /// Of the body so much is here, or gone, by now.
  void received(std::uint64_t bytes, Time now) {
    const std::chrono::microseconds earned((bytes - bytes_) * 1'000'000 / limits_.bytes_per_second);
    bytes_ = bytes;
    due_ = std::min<Time>(now + limits_.patience, due_ + earned);
  }
  /// It dawdles from then on.
  Time due() const { return due_; }

 private:
  BodyPaceLimits limits_;
  std::uint64_t bytes_ = 0;
  Time due_;
};

}  // namespace unavoce::server
