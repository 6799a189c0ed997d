// The one clock of the recorder: CLOCK_MONOTONIC in nanoseconds, the same that permits and GStreamer's system clock
// use. Owner: none. Thread: any, never blocks. Errors: none.
#pragma once

#include <time.h>

#include <cstdint>

namespace unavoce::recorder {

/// Now, in nanoseconds of `clock`.
inline std::int64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline std::int64_t monotonic_ns() noexcept {
  return clock_ns(CLOCK_MONOTONIC);
}

/// What the wall clock showed (or will show) at a monotonic instant, in milliseconds since 1970.
inline std::int64_t wall_ms_at(std::int64_t at_monotonic_ns) noexcept {
  return (clock_ns(CLOCK_REALTIME) - monotonic_ns() + at_monotonic_ns) / 1'000'000;
}

}  // namespace unavoce::recorder
