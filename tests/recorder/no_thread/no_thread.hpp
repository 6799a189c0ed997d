// A machine that has no further thread for a track's writer, from when a test says so.
#pragma once

#include <atomic>

namespace unavoce::recorder::test {

/// How many it has left.
inline std::atomic<int> threads_left{1000};

}  // namespace unavoce::recorder::test
