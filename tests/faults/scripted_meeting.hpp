// One meeting from the first start of a service to its restart, played against a disk that may fail at one place: the
// host's account and room, a session of two, request, approvals, media by WHIP, a withdrawal, the next take, the stop.
// Whoever is told that the disk failed waits for the disk to be healed and does the same again, as people would.
//
// Owner: the test. Thread: one script per thread, several at once. Errors: `complaints`, everything that should not be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faulty_disk.hpp"

namespace unavoce::faults {

/// Which one of the times that the script comes by a place.
enum class Time { first, second, last };

struct Fault {
  Place place;
  Trouble trouble;
  Time time = Time::first;
  int occurrence = 1;  ///< how many that is, on a good day
  /// The same on each day.
  std::string text() const;
};

struct Played {
  std::vector<std::string> complaints;
  std::map<Place, int> places;  ///< that the script came by
  bool was_hit = false;
  bool was_told = false;    ///< somebody got an error, the host saw the gate's reason, or the service did not start
  bool was_logged = false;  ///< a line for the operator names the file
  std::string log;
};

/// Without a fault: what a good day looks like, and all places where it could have gone wrong.
Played play_meeting(const std::optional<Fault>& fault);

}  // namespace unavoce::faults
