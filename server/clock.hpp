#pragma once
// The two clocks of the server; consent/ and the stores are always told the time. Any thread.

#include <cstdint>

#include "consent/ids.hpp"

namespace unavoce::server {

/// Wall clock, for statements and people.
consent::TimeMs wall_time();
/// CLOCK_MONOTONIC in nanoseconds, the clock of permits and of arriving packets.
std::int64_t monotonic_ns() noexcept;

}  // namespace unavoce::server
