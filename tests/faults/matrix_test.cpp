// Everything that the service does to its disk, failing once at every place of a whole meeting: each case plays the
// script of scripted_meeting.cpp with one fault. Hidden from an ordinary run ([.matrix]): scripts/test --long plays them,
// because it takes long and a few places do not hold yet. By hand a part of them, every kind of
// operation on every kind of file among them; all of them with UNAVOCE_LONG in the environment.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <mutex>
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

/// Of each operation on each class of file one, in turn with another phase and another trouble.
std::vector<Fault> sample_of(const std::vector<Fault>& all) {
  std::map<std::pair<std::string, std::string>, std::vector<Fault>> by_kind;
  for (const Fault& fault : all) by_kind[{fault.place.operation, fault.place.file}].push_back(fault);
  std::vector<Fault> sample;
  std::size_t turn = 0;
  for (const auto& [kind, faults] : by_kind) sample.push_back(faults[turn++ * 7 % faults.size()]);
  return sample;
}

bool all_of_them() {
  return std::getenv("UNAVOCE_LONG") != nullptr;
}

struct Result {
  Fault fault;
  Played played;
};

std::vector<Result> play_all(const std::vector<Fault>& faults) {
  std::vector<Result> results(faults.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < faults.size(); mine = next++)
        results[mine] = {faults[mine], play_meeting(faults[mine])};
    });
  }
  for (auto& thread : threads) thread.join();
  return results;
}

void check_phases(const std::set<std::string>& phases) {
  REQUIRE(good_day().complaints == std::vector<std::string>{});
  auto faults = faults_in(phases);
  REQUIRE(faults.size() > 10);
  if (!all_of_them()) faults = sample_of(faults);
  std::size_t hit = 0, told = 0;
  for (const Result& result : play_all(faults)) {
    hit += result.played.was_hit ? 1 : 0;
    told += result.played.was_told ? 1 : 0;
    for (const auto& complaint : result.played.complaints) {
      FAIL_CHECK(result.fault.text() << "\n" << complaint << "\n" << result.played.log);
    }
  }
  CAPTURE(faults.size(), hit, told);
  CHECK(hit * 10 >= faults.size() * 8);  // when a write comes depends on the clock, in a few places
  WARN(faults.size() << " faults, " << hit << " were met, in " << told << " somebody was told");
}

}  // namespace

TEST_CASE("a meeting on a sound disk") {
  const Played& played = good_day();
  INFO(played.log);
  CHECK(played.complaints == std::vector<std::string>{});
  CHECK(played.places.size() > 100);
}

TEST_CASE("a disk that fails while the service starts", "[.matrix]") {
  check_phases({"start", "restart"});
}

TEST_CASE("a disk that fails while people come in", "[.matrix]") {
  check_phases({"account", "room", "join"});
}

TEST_CASE("a disk that fails while they are asked and answer", "[.matrix]") {
  check_phases({"request", "approval", "last approval"});
}

TEST_CASE("a disk that fails while it is recorded", "[.matrix]") {
  check_phases({"media", "leaving", "next take"});
}

TEST_CASE("a disk that fails while somebody withdraws", "[.matrix]") {
  check_phases({"withdrawal", "withdrawal, afterwards"});
}

TEST_CASE("a disk that fails when it is over", "[.matrix]") {
  check_phases({"stop", "end", "after the restart"});
}
