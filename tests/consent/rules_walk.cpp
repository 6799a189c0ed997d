// The rules as a model: long random walks through meetings (random_events.hpp), crashes included. Each step is checked
// against the oracle. The seed is printed; UNAVOCE_WALK_SEED repeats a walk, UNAVOCE_WALK_STEPS makes it longer.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <random>

#include "observer.hpp"
#include "random_events.hpp"

using namespace unavoce::consent;
using namespace unavoce::consent::test;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::stoull(text) : otherwise;
}

constexpr std::size_t kStepsPerMeeting = 70;
/// For reports, where an event has its index.
constexpr std::size_t kCrashed = std::variant_size_v<Event>;
constexpr std::size_t kWritten = kCrashed + 1;

class Walk {
 public:
  Walk(std::uint64_t seed, Observer::Strictness strictness)
      : events_(seed, strictness), observer_(RandomEvents::empty_room(), strictness) {}

  /// One random event. Returns its index, for reports.
  std::size_t step() {
    const Happening happening = events_.next(observer_.state());
    if (const auto* crash = std::get_if<Crash>(&happening)) {
      observer_.crash(*crash, events_.now());
      return kCrashed;
    }
    if (std::holds_alternative<Written>(happening)) {
      observer_.write_take();
      return kWritten;
    }
    const auto& event = std::get<Event>(happening);
    observer_.tell(event, events_.now());
    return event.index();
  }

  const Observer& observer() const { return observer_; }

 private:
  RandomEvents events_;
  Observer observer_;
};

void walk(Observer::Strictness strictness, std::uint64_t steps) {
  const auto seed = setting("UNAVOCE_WALK_SEED", std::random_device{}());
  std::size_t openings = 0;
  std::size_t erasures = 0;
  std::size_t crashes = 0;
  std::size_t resumptions = 0;
  std::uint64_t done = 0;
  for (std::uint64_t meeting = 0; done < steps; ++meeting) {
    Walk walk(seed + meeting, strictness);
    std::vector<std::size_t> events;
    for (std::size_t i = 0; i < kStepsPerMeeting; ++i, ++done) {
      events.push_back(walk.step());
      crashes += events.back() == kCrashed ? 1 : 0;
      if (walk.observer().explain().empty()) continue;
      CAPTURE(seed + meeting, events, walk.observer().explain());
      FAIL("a promise is broken; repeat with UNAVOCE_WALK_SEED set to the first number");
    }
    openings += walk.observer().openings();
    resumptions += walk.observer().resumptions();
    erasures += walk.observer().erasures();
  }
  std::cout << "random walk: seed " << seed << ", " << done << " steps, the gate opened " << openings << " times, "
            << erasures << " approvals were erased; " << crashes << " crashes, after which it opened again "
            << resumptions << " times\n";
  CHECK(openings > done / 200);
  CHECK(erasures > done / 200);
  CHECK(crashes > done / 500);
  CHECK(resumptions > done / 20'000);
}

}  // namespace

TEST_CASE("random meetings keep every promise, exactly", "[model]") {
  walk(Observer::Strictness::exact, setting("UNAVOCE_WALK_STEPS", 700'000));
}

TEST_CASE("random meetings with people who come back and confirm keep every promise", "[model]") {
  walk(Observer::Strictness::sound, setting("UNAVOCE_WALK_STEPS", 400'000));
}
