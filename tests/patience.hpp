// How long tests wait at most. Under sanitizers everything is several times slower (UNAVOCE_SLOWER in
// cmake/Unavoce.cmake, by which the time limits of ctest grow, too); what a test says of the product's own timing, it
// says of an ordinary build.
#pragma once

#include <chrono>

namespace unavoce::testing {

/// By what limits are multiplied: 1 but under sanitizers.
inline constexpr int kSlower = UNAVOCE_SLOWER;
static_assert(kSlower >= 1);

/// A limit that is enough in an ordinary build, as long as this build needs.
template <class Rep, class Period>
constexpr std::chrono::duration<Rep, Period> patience(std::chrono::duration<Rep, Period> limit) {
  return limit * Rep{kSlower};
}

}  // namespace unavoce::testing
