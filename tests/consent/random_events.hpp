// What happens next in a random meeting of two to five people under two keys each: answers that reach the ledger late,
// twice and out of order, lobbies, partial scopes, withdrawals, expiries, faults, crashes, clocks that jump, and lies.
// One seed, one meeting, whoever plays it: the walk (rules_walk.cpp) against the oracle alone, the frame-path proof
// (tests/recorder/random_meeting.hpp) through the real recorder as well.
// Owner: the test. One thread, no errors. Ids differ from meeting to meeting; those of people do not.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <variant>
#include <vector>

#include "consent/events.hpp"
#include "observer.hpp"

namespace unavoce::consent::test {

/// The service writes the take that is prepared into its ledger, if the rules still want it; the rules are told later.
struct Written {};

using Happening = std::variant<Event, Crash, Written>;

class RandomEvents {
 public:
  /// With `exact` nobody confirms: the oracle does not follow that exactly.
  RandomEvents(std::uint64_t seed, Observer::Strictness strictness);

  /// What happens next, given what the rules made of everything before.
  Happening next(const MeetingState& state);
  /// The clock at that moment.
  TimeMs now() const { return now_; }
  /// How many people there are; not all of them come.
  std::int64_t people() const { return people_; }

  /// A room in which nothing has happened.
  static MeetingState empty_room();

 private:
  std::int64_t pick(std::int64_t below) { return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_); }
  /// True in so many of a hundred cases.
  bool chance(std::int64_t percent) { return pick(100) < percent; }
  std::size_t anybody() { return static_cast<std::size_t>(pick(people_)); }
  const crypto::PublicKey& a_key(std::size_t who);
  Scope some_kinds();
  RecordingId recording(std::int64_t number) const;
  RecordingId a_recording(const MeetingState& state);

  std::optional<Event> let_in(const MeetingState& state);
  Event event(const MeetingState& state);
  Event partial(const MeetingState& state, std::size_t who);
  Event refusal(const MeetingState& state, std::size_t who);
  Event request(const MeetingState& state);
  Event answer(const MeetingState& state, std::size_t who);
  Crash crash(const MeetingState& state);

  std::uint64_t meeting_;
  std::mt19937_64 random_;
  Observer::Strictness strictness_;
  TimeMs now_{100'000};
  std::int64_t people_ = 2 + pick(4);
  std::int64_t requests_ = 0;
  std::int64_t requests_before_crash_ = 0;  ///< the ledger has these: it takes no second request for their recordings
  std::uint64_t approvals_ = 0;
  std::vector<Approved> on_its_way_;
  std::optional<Withdrawn> withdrawal_;  ///< if that was the last event
  std::deque<Event> after_crash_;        ///< people come back, and send what was never acknowledged
};

}  // namespace unavoce::consent::test
