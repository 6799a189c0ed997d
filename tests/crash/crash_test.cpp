// kill -9 at any moment: a whole meeting with the real programs, killed at random instants of every phase, over one
// data folder. What was acknowledged stays, at most two seconds of anybody's media are lost, what was sealed before is
// untouched, what was being erased is erased, `unavoce fsck` finds nothing, and the meeting goes on. UNAVOCE_SEED
// repeats a run's choices, UNAVOCE_KILLS says how often (20; 300 with UNAVOCE_LONG); those that are aimed at the
// recovery from one of them come on top.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "play.hpp"
#include "recorder/monotonic.hpp"
#include "tests/patience.hpp"

using namespace unavoce::crash;
using unavoce::server::test::Attendee;
using unavoce::server::test::Host;
using unavoce::testing::kSlower;

namespace {

/// After so many a new data folder begins, so that looking at everything does not take ever longer.
constexpr unsigned kKillsPerFolder = 25;

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::stoull(text) : otherwise;
}

unsigned kills_wanted() {
  const char* is_long = std::getenv("UNAVOCE_LONG");
  return static_cast<unsigned>(number_in("UNAVOCE_KILLS", is_long != nullptr && *is_long != '\0' ? 300 : 20));
}

/// Every phase once, in random order, and again.
std::vector<Phase> phases_of(Dice& dice, unsigned count) {
  std::vector<Phase> phases;
  while (phases.size() < count) {
    std::vector<Phase> round = all_phases();
    dice.shuffle(round);
    phases.insert(phases.end(), round.begin(), round.end());
  }
  phases.resize(count);
  return phases;
}

struct Verdict {
  std::string wrong;
  Aftermath::Figures figures;
  unsigned killed_in_recovery = 0;
  unsigned killed_in_erasure = 0;
};

std::string told(const std::vector<std::string>& wrong, const Play& play) {
  std::string text;
  for (const std::string& line : wrong) text += line + "\n";
  return text.empty() ? text : text + "The service's log ends with:\n" + play.log_end();
}

Verdict play(std::uint64_t seed, unsigned kills) {
  Dice dice(seed);
  Play play(dice.below(SIZE_MAX));
  std::string before = "the start";
  for (const Phase phase : phases_of(dice, kills)) {
    try {
      const auto wrong = told(play.live_and_die(phase), play);
      if (!wrong.empty()) return {"after a kill in " + before + ":\n" + wrong, play.figures()};
    } catch (const std::exception& error) {
      return {"on the way to " + std::string(name_of(phase)) + ": " + error.what() + "\n" + play.log_end(), {}};
    }
    before = name_of(phase);
    if (std::getenv("UNAVOCE_TEST_TALK") != nullptr) std::cerr << "killed in " << before << std::endl;
  }
  const auto wrong = told(play.look_back(), play);
  return {wrong.empty() ? wrong : "after a kill in " + before + ":\n" + wrong, play.figures(),
          play.killed_in_recovery(), play.killed_in_erasure()};
}

}  // namespace

TEST_CASE("kill -9 at any moment costs at most two seconds of media and nothing that was acknowledged") {
  const std::uint64_t seed = number_in("UNAVOCE_SEED", std::random_device{}());
  Aftermath::Figures all;
  unsigned killed_in_recovery = 0, killed_in_erasure = 0;
  unsigned left = kills_wanted();
  for (std::uint64_t round = seed; left > 0; ++round) {
    const unsigned kills = std::min(left, kKillsPerFolder);
    left -= kills;
    const Verdict verdict = play(round, kills);
    INFO("UNAVOCE_SEED=" << round << " UNAVOCE_KILLS=" << kills << " repeats it\n" << verdict.wrong);
    REQUIRE(verdict.wrong.empty());
    killed_in_recovery += verdict.killed_in_recovery;
    killed_in_erasure += verdict.killed_in_erasure;
    const auto& figures = verdict.figures;
    all.takes += figures.takes;
    all.interrupted += figures.interrupted;
    all.files += figures.files;
    all.frames += figures.frames;
    all.erased += figures.erased;
    all.windows += figures.windows;
    all.worst_loss_ms = std::max(all.worst_loss_ms, figures.worst_loss_ms);
  }
  // Not by luck: what would be over too soon is held up (Play::die_in_recovery, die_in_erasure).
  if (kills_wanted() >= all_phases().size()) {
    CHECK(killed_in_recovery > 0);
    CHECK(killed_in_erasure > 0);
  }
  WARN("seed " << seed << ", " << kills_wanted() << " kills, besides " << killed_in_recovery << " in recovery and "
               << killed_in_erasure << " of them in an erasure: " << all.takes << " takes, " << all.interrupted
               << " of them interrupted, " << all.files << " files with " << all.frames << " frames, " << all.erased
               << " approvals erased; at most " << all.worst_loss_ms << " ms lost in " << all.windows << " tracks");
}

TEST_CASE("a camera that is announced and never comes keeps the sound from the disk for less than two seconds") {
  Dice dice(1);
  Unavoced service;
  service.start();
  const Host room(service);
  Chronicle chronicle;
  Person anna(room, Attendee::As::host, "Anna", Media::quiet_voice);
  Person cleo(room, Attendee::As::participant, "Cleo", Media::covered_camera);
  anna.join(dice);
  cleo.join(dice);
  anna.seat().ask();
  cleo.approve(chronicle);
  anna.approve(chronicle);
  cleo.await_open(chronicle);
  cleo.await_media(chronicle, service.data_folder() / "blobs");
  const std::int64_t on_disk_ns = unavoce::recorder::monotonic_ns();
  cleo.leave(chronicle);
  const Answer& answer = chronicle.answers.front();
  const std::int64_t from_ns = std::max(answer.windows.front().from_ns, answer.connected_ns);
  const auto waited = std::ranges::count_if(answer.sent, [&](const auto& frame) {
    return frame.name.first == unavoce::recorder::Stream::audio && frame.sent_ns >= from_ns &&
           frame.sent_ns <= on_disk_ns;
  });
  CHECK(waited * 20 <= 2000 * kSlower);  // milliseconds of sound that a kill just before would have cost
}
