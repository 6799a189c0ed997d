#include "allowances.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace unavoce::faults {
namespace {

/// Empty: any.
struct Allowance {
  std::string_view phase;
  std::string_view operation;  ///< how it begins
  std::string_view file;
  std::string_view why;
};

constexpr std::string_view kStaysInTheLog =
    "what SQLite moves from its write-ahead log into the database stays in the log, and is moved another time";

constexpr std::array kSilent{
    // When it closes. Rows, which it writes into the log, are another matter.
    Allowance{"end", "sqlite open", "", kStaysInTheLog},
    Allowance{"end", "sqlite read", "", kStaysInTheLog},
    Allowance{"end", "sqlite sync", "", kStaysInTheLog},
    Allowance{"end", "sqlite delete", "", kStaysInTheLog},
    // And whenever the log has grown long.
    Allowance{"", "sqlite write", "ledger.db", kStaysInTheLog},
    Allowance{"", "sqlite write", "unavoce.db", kStaysInTheLog},
    Allowance{"", "sqlite sync", "ledger.db", kStaysInTheLog},
    Allowance{"", "sqlite sync", "unavoce.db", kStaysInTheLog},
    Allowance{"", "sqlite truncate", "ledger.db", kStaysInTheLog},
    Allowance{"", "sqlite truncate", "unavoce.db", kStaysInTheLog},
};

constexpr std::string_view kByTheClock =
    "whether the recorder writes this here, or a part of the meeting earlier or later, depends on the clock";

constexpr std::array kUnmet{
    Allowance{"", "", "main", kByTheClock},
    Allowance{"", "", "tail", kByTheClock},
    Allowance{"", "", "tail.tmp", kByTheClock},
    Allowance{"", "", "the folder of a recording", kByTheClock},
};

/// Parts of the meeting in which somebody sends.
constexpr std::array<std::string_view, 6> kMediaFlows{"media",   "withdrawal", "withdrawal, afterwards",
                                                      "leaving", "next take",  "stop"};

std::string_view why(std::span<const Allowance> allowances, const Place& place) {
  const auto fits = [&](const Allowance& one) {
    return (one.phase.empty() || one.phase == place.phase) && place.operation.starts_with(one.operation) &&
           (one.file.empty() || one.file == place.file);
  };
  const auto found = std::ranges::find_if(allowances, fits);
  return found == allowances.end() ? std::string_view() : found->why;
}

}  // namespace

std::string_view why_silent(const Fault& fault) {
  return why(kSilent, fault.place);
}

std::string_view why_unmet(const Fault& fault) {
  if (fault.time != Time::first) return "how often something is done depends on how often people ask, and wait";
  if (std::ranges::count(kMediaFlows, fault.place.phase) == 0) return {};
  return why(kUnmet, fault.place);
}

}  // namespace unavoce::faults
