// The frame-path proof: meetings of the random walk (tests/consent/rules_walk.cpp) through the real recorder, network
// and all. The gate is held against the oracle at every step, and every track file is opened and compared with what the
// gate did: no frame outside a permit, none missing inside. Linked with a frame check that lacks one of its conditions
// (unchecked/), it fails and says so: tests of their own.
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

/// Only where jitter buffers are long is it seen that something from before an opening is written: elsewhere it is too
/// young to be told from what arrived since. That takes time; so it is where the first eight meetings take place, which
/// are all that is played without a part of the check, and a few of the others.
bool has_long_buffers(std::size_t meeting) {
  return meeting < 8 || meeting % 20 == 0;
}

}  // namespace

TEST_CASE("200 random meetings: every frame that the gate allowed is in its owner's file, and no other") {
  constexpr unsigned kAtOnce = std::max(2, 8 / testing::kSlower);
  House house(House::kShortBuffer);
  House long_house(House::kLongBuffer);
  const std::vector<std::uint64_t> all_seeds = seeds();
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::vector<std::string> wrong;
  RandomMeeting::Compared all;
  const auto play_some = [&] {
    for (std::size_t i = next++; i < all_seeds.size(); i = next++) {
      const std::uint64_t seed = all_seeds[i];
      RandomMeeting meeting(has_long_buffers(i) ? long_house : house, seed);
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
      all.early += compared.early;
      all.late += compared.late;
      all.not_approved += compared.not_approved;
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
  INFO(wrong.size() << " wrong; frames outside a permit:\n"
                    << all.early << " from before its opening\n"
                    << all.late << " from after its closing\n"
                    << all.not_approved << " of a kind that was not approved\n"
                    << text);
  CHECK(wrong.empty());
  // That the meetings were no empty play: some nine takes in ten of them, also in those few that sanitizers leave time
  // for.
  CHECK(4 * all.takes > 3 * meetings());
  CHECK(all.frames > 20 * meetings());
  CHECK(all.erased > 0);
  CHECK(all.crashes > 0);
}
