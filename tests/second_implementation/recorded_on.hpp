// Recordings for the second implementation in which a take went on after its consent was over, and honest ones in which
// the same words fell: parts of recordings.cpp's list.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/synthetic/meeting.hpp"

namespace unavoce::testing {

using NamedScript = std::pair<std::string, std::function<void(SyntheticMeeting&)>>;

std::vector<NamedScript> honest_endings();
std::vector<NamedScript> recorded_on();

}  // namespace unavoce::testing
