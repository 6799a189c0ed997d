// The faults of the matrices that a play need not come by, and those of which nobody needs to be told, each with its
// reason. Whatever is not named here has to be met, and told or logged.
//
// Owner: none, pure functions. Thread: any. Errors: none.
#pragma once

#include <string_view>

#include "fault.hpp"

namespace unavoce::faults {

/// Why this fault may pass without a word to people and without an error in the log; empty: it may not.
std::string_view why_silent(const Fault& fault);

/// Why a script, played several times, may not come by this fault; empty: it must.
std::string_view why_unmet(const Fault& fault);

}  // namespace unavoce::faults
