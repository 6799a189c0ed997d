// A fault: where a script's disk fails, how, and at which of the times that the script comes by; and what a script that
// was played with it has to tell.
//
// Plain values. Thread: any. Errors: none.
#pragma once

#include <functional>
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
  std::string text() const {
    const std::string first = place.text() + ", " + name_of(trouble);
    if (time == Time::first) return first;
    return first + (time == Time::second ? ", the second time" : ", the last time");
  }
};

struct Played {
  std::vector<std::string> complaints;  ///< everything that should not be
  std::map<Place, int> places;          ///< that the script came by
  bool was_hit = false;
  bool was_told = false;    ///< somebody got an error, the host saw the gate's reason, or the service did not start
  bool was_logged = false;  ///< an error in the log names the file
  std::string log;
};

/// A script. Without a fault: what a good day looks like, and all places where it could have gone wrong. Several at
/// once, each on a thread of its own.
using PlayScript = std::function<Played(const std::optional<Fault>&)>;

}  // namespace unavoce::faults
