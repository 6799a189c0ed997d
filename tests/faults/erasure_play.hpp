// Recordings that have ended and are erased, on a disk that fails at one place: for their host (`erasing`, and
// `erased`: asked for again, and after a restart), after a withdrawal, by the sweep at the end of their retention, and
// with their room. Whatever fails: nothing of it is given out any more from the moment on at which the erasure is
// noted, it goes on by itself when the disk works again, and it stays erased.
//
// Owner: the test. Thread: one play per thread, several at once. Errors: `complaints`.
#pragma once

#include <optional>

#include "fault.hpp"

namespace unavoce::faults {

/// For its host, after a withdrawal, with its room: the one that the fault's phase belongs to; without a fault all.
Played play_erasure(const std::optional<Fault>& fault);
/// At the end of its retention.
Played play_retention(const std::optional<Fault>& fault);

}  // namespace unavoce::faults
