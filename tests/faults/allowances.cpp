#include "allowances.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace unavoce::faults {
namespace {

constexpr std::string_view kStaysInTheLog =
    "what SQLite moves from its write-ahead log into the database when it closes stays in the log if that fails, and "
    "is "
    "moved after the next start, which reads both";

/// What SQLite does when it closes a database, by the operation and how the file's name goes on after the database's:
/// it makes the log durable, reads it, writes the database, gives that its length, makes it durable, and removes the
/// log. Nothing else may fail without a word, and this nowhere else: rows are in the log and durable before that, and
/// when a recording is erased the same steps, asked for, say that they failed.
struct Closing {
  std::string_view operation;
  std::string_view file_end;
};
constexpr std::array kClosing{
    Closing{"sqlite sync", "-wal"}, Closing{"sqlite read", "-wal"}, Closing{"sqlite write", ""},
    Closing{"sqlite truncate", ""}, Closing{"sqlite sync", ""},     Closing{"sqlite delete", "-wal"},
};

bool is_closing(const Place& place) {
  if (place.phase != "closing") return false;
  return std::ranges::any_of(kClosing, [&](const Closing& one) {
    const auto of = [&](std::string_view database) { return place.file == std::string(database).append(one.file_end); };
    return place.operation == one.operation && (of("ledger.db") || of("unavoce.db"));
  });
}

constexpr std::string_view kByTheClock =
    "whether the recorder writes this here, or a part of the meeting earlier or later, depends on the clock";

/// Classes of files that only the recorder writes.
constexpr std::array<std::string_view, 4> kOfTheRecorder{"main", "tail", "tail.tmp", "the folder of a recording"};

/// Parts of the meeting in which somebody sends.
constexpr std::array<std::string_view, 6> kMediaFlows{"media",   "withdrawal", "withdrawal, afterwards",
                                                      "leaving", "next take",  "stop"};

}  // namespace

std::string_view why_silent(const Fault& fault) {
  return is_closing(fault.place) ? kStaysInTheLog : std::string_view();
}

std::string_view why_unmet(const Fault& fault) {
  if (fault.time != Time::first) return "how often something is done depends on how often people ask, and wait";
  if (std::ranges::count(kMediaFlows, fault.place.phase) == 0) return {};
  return std::ranges::count(kOfTheRecorder, fault.place.file) == 0 ? std::string_view() : kByTheClock;
}

}  // namespace unavoce::faults
