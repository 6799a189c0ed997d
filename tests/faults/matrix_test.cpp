// Everything that the service does to its disk, failing once at a place of a whole meeting: each case plays the script
// of scripted_meeting.cpp with one fault. An ordinary run plays one fault of each operation on each class of file in
// each part of the meeting, chosen by a hash and so always the same, whatever else is there. With UNAVOCE_LONG in the
// environment (scripts/test --long) all of them. UNAVOCE_FAULT=text plays those whose name holds the text.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <set>
#include <thread>

#include "scripted_meeting.hpp"

using namespace unavoce::faults;

namespace {

constexpr std::size_t kAtOnce = 4;  // they mostly wait

/// What a script without a fault comes by. Played once per process.
const Played& good_day() {
  static const Played played = play_meeting(std::nullopt);
  return played;
}

/// Every fault that a good day offers in these phases.
std::vector<Fault> faults_in(const std::set<std::string>& phases) {
  std::vector<Fault> faults;
  for (const auto& [place, count] : good_day().places) {
    if (!phases.contains(place.phase)) continue;
    for (const Trouble trouble : troubles_of(place.operation)) faults.push_back({place, trouble});
  }
  return faults;
}

/// FNV-1a: the same on every machine.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Of each operation on each class of file one, of whichever phase and trouble.
std::vector<Fault> sample_of(const std::vector<Fault>& all) {
  std::map<std::pair<std::string, std::string>, Fault> chosen;
  for (const Fault& fault : all) {
    const auto [known, is_first] = chosen.try_emplace({fault.place.operation, fault.place.file}, fault);
    if (!is_first && hash_of(fault.text()) < hash_of(known->second.text())) known->second = fault;
  }
  std::vector<Fault> sample;
  for (const auto& [kind, fault] : chosen) sample.push_back(fault);
  return sample;
}

/// What this run plays of all that there is.
std::vector<Fault> chosen_of(const std::vector<Fault>& all) {
  if (const char* text = std::getenv("UNAVOCE_FAULT")) {
    std::vector<Fault> named;
    std::ranges::copy_if(all, std::back_inserter(named),
                         [&](const Fault& fault) { return fault.text().find(text) != std::string::npos; });
    return named;
  }
  return std::getenv("UNAVOCE_LONG") != nullptr ? all : sample_of(all);
}

struct Result {
  Fault fault;
  Played played;
};

/// When a write comes depends on the clock, in a few places: a meeting that did not come by is played again.
Played play_until_met(const Fault& fault) {
  Played played = play_meeting(fault);
  for (int again = 0; again < 2 && !played.was_hit && played.complaints.empty(); ++again) played = play_meeting(fault);
  return played;
}

std::vector<Result> play_all(const std::vector<Fault>& faults) {
  std::vector<Result> results(faults.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < faults.size(); mine = next++)
        results[mine] = {faults[mine], play_until_met(faults[mine])};
    });
  }
  for (auto& thread : threads) thread.join();
  return results;
}

void check_phases(const std::set<std::string>& phases) {
  REQUIRE(good_day().complaints == std::vector<std::string>{});
  auto faults = faults_in(phases);
  REQUIRE(faults.size() > 10);
  faults = chosen_of(faults);
  std::size_t hit = 0, told = 0;
  std::string not_met;
  for (const Result& result : play_all(faults)) {
    hit += result.played.was_hit ? 1 : 0;
    told += result.played.was_told ? 1 : 0;
    if (!result.played.was_hit) not_met += "\n  not met: " + result.fault.text();
    for (const auto& complaint : result.played.complaints) {
      FAIL_CHECK(result.fault.text() << "\n" << complaint << "\n" << result.played.log);
    }
  }
  CAPTURE(faults.size(), hit, told);
  CHECK(hit * 10 >= faults.size() * 9);
  WARN(faults.size() << " faults, " << hit << " were met, in " << told << " somebody was told" << not_met);
}

}  // namespace

TEST_CASE("a meeting on a sound disk") {
  const Played& played = good_day();
  INFO(played.log);
  CHECK(played.complaints == std::vector<std::string>{});
  CHECK(played.places.size() > 100);
}

TEST_CASE("a disk that fails while the service starts", "[matrix]") {
  check_phases({"start", "restart"});
}

TEST_CASE("a disk that fails while people come in", "[matrix]") {
  check_phases({"account", "room", "join"});
}

TEST_CASE("a disk that fails while they are asked and answer", "[matrix]") {
  check_phases({"request", "approval", "last approval"});
}

TEST_CASE("a disk that fails while it is recorded", "[matrix]") {
  check_phases({"media", "leaving", "next take"});
}

TEST_CASE("a disk that fails while somebody withdraws", "[matrix]") {
  check_phases({"withdrawal", "withdrawal, afterwards"});
}

TEST_CASE("a disk that fails when it is over", "[matrix]") {
  check_phases({"stop", "end", "after the restart"});
}
