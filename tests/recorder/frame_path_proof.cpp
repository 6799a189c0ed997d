// The frame-path proof: meetings of the random walk (tests/consent/rules_walk.cpp) through the real recorder, network
// and all. The gate is held against the oracle at every step, and every track file is opened and compared with what the
// gate did: no frame outside a permit, none missing inside. Linked with a frame check that
// lets everything through (unchecked/), it fails and says so: a test of its own.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "random_meeting.hpp"
#include "tests/patience.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

/// More for a long run; fewer where each takes longer.
unsigned meetings() {
  const char* wanted = std::getenv("UNAVOCE_TEST_MEETINGS");
  return wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 200 / testing::kSlower;
}

/// The walk's meetings from the first on, without those in which a small machine has too many publishers.
std::vector<std::uint64_t> seeds() {
  constexpr std::int64_t kMostPeople = 4;
  std::vector<std::uint64_t> small;
  for (std::uint64_t seed = 1; small.size() < meetings(); ++seed)
    if (RandomMeeting::people(seed) <= kMostPeople) small.push_back(seed);
  return small;
}

}  // namespace

TEST_CASE("200 random meetings: every frame that the gate allowed is in its owner's file, and no other") {
  constexpr unsigned kAtOnce = std::max(2, 8 / testing::kSlower);
  House house;
  const std::vector<std::uint64_t> all_seeds = seeds();
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::vector<std::string> wrong;
  RandomMeeting::Compared all;
  const auto play_some = [&] {
    for (std::size_t i = next++; i < all_seeds.size(); i = next++) {
      const std::uint64_t seed = all_seeds[i];
      RandomMeeting meeting(house, seed);
      std::vector<std::string> found;
      try {
        meeting.play();
        found = meeting.wrong();
      } catch (const std::exception& error) {
        found.push_back("meeting " + std::to_string(seed) + ": " + error.what());
      }
      const std::scoped_lock lock(mutex);
      wrong.insert(wrong.end(), found.begin(), found.end());
      const auto& compared = meeting.compared();
      all.takes += compared.takes;
      all.files += compared.files;
      all.frames += compared.frames;
      all.erased += compared.erased;
      all.events += compared.events;
      all.outside += compared.outside;
      all.crashes += compared.crashes;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kAtOnce; ++i) threads.emplace_back(play_some);
  }
  WARN(meetings() << " meetings: " << all.events << " events, " << all.crashes << " crashes, " << all.takes
                  << " takes, " << all.files << " files with " << all.frames << " frames, " << all.erased
                  << " tracks erased by withdrawals");
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 30); ++i) text += wrong[i] + "\n";
  INFO(wrong.size() << " wrong, with " << all.outside << " frames outside a permit:\n" << text);
  CHECK(wrong.empty());
  CHECK(all.takes > meetings());
  CHECK(all.frames > 20 * meetings());
  CHECK(all.erased > 0);
  CHECK(all.crashes > 0);
}
