// One meeting from the first start of a service to its restart, played against a disk that may fail at one place: the
// host's account and room, a session of two, request, approvals, media by WHIP, a withdrawal, the next take, the stop.
// Whoever is told that the disk failed waits for the disk to be healed and does the same again, as people would.
//
// Owner: the test. Thread: one script per thread, several at once. Errors: `complaints`, everything that should not be.
#pragma once

#include <optional>

#include "fault.hpp"

namespace unavoce::faults {

/// Without a fault: what a good day looks like, and all places where it could have gone wrong.
Played play_meeting(const std::optional<Fault>& fault);

}  // namespace unavoce::faults
