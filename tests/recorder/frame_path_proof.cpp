// The frame-path proof: random meetings through the real recorder, network and all. Every track file is opened and
// compared with what the gate did: no frame outside a permit, none missing inside. Linked with a frame check that lets
// everything through (unchecked/), it fails and says so: a test of its own.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "random_meeting.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

/// More for a long run.
unsigned meetings() {
  const char* wanted = std::getenv("UNAVOCE_TEST_MEETINGS");
  return wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 200;
}

}  // namespace

TEST_CASE("200 random meetings: every frame that the gate allowed is in its owner's file, and no other") {
  constexpr unsigned kAtOnce = 8;
  House house;
  std::atomic<unsigned> next{1};
  std::mutex mutex;
  std::vector<std::string> wrong;
  RandomMeeting::Compared all;
  const auto play_some = [&] {
    for (unsigned seed = next++; seed <= meetings(); seed = next++) {
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
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kAtOnce; ++i) threads.emplace_back(play_some);
  }
  WARN(meetings() << " meetings: " << all.events << " events, " << all.takes << " takes, " << all.files
                  << " files with " << all.frames << " frames, " << all.erased << " tracks erased by withdrawals");
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 30); ++i) text += wrong[i] + "\n";
  INFO(wrong.size() << " wrong, with " << all.outside << " frames outside a permit:\n" << text);
  CHECK(wrong.empty());
  CHECK(all.takes > meetings());
  CHECK(all.frames > 20 * meetings());
  CHECK(all.erased > 0);
}
