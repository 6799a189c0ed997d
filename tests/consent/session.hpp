// A session under test: tells the rules one event after the other, carries the effects out on a real gate, and keeps
// what came out last. People 0 and 1 are hosts where a test lets them join as such; the clock stands until moved.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "consent/gate.hpp"
#include "consent/rules.hpp"
#include "people.hpp"

namespace unavoce::consent::test {

struct Session {
  MeetingState state{.room_statement = id_of_number<StatementId>(77)};
  TimeMs now{1'000'000};
  std::vector<Effect> effects;
  Gate gate;
  std::optional<Permit> permit;
  std::uint64_t next_approval = 100;
  std::uint64_t next_recording = 1;

  static constexpr SpanMs kHour{3'600'000};

  void tell(const Event& event) {
    auto done = step(std::move(state), event, now);
    state = std::move(done.state);
    effects = std::move(done.effects);
    for (const auto& effect : effects) {
      if (std::holds_alternative<CloseGate>(effect)) gate.close(now.value);
      if (const auto* revoke = std::get_if<RevokeKinds>(&effect)) gate.revoke(revoke->approval, revoke->kinds);
      if (const auto* open = std::get_if<OpenGate>(&effect))
        permit = gate.open(open->recording, open->take, open->roster, now.value);
    }
  }

  /// The effect of this type of the last step, if there was one.
  template <class E>
  const E* got() const {
    for (const auto& effect : effects)
      if (const auto* found = std::get_if<E>(&effect)) return found;
    return nullptr;
  }

  // ---- events in short

  void join(std::size_t who, Role role = Role::participant) { tell(Joined{person(who), key_of(who), role}); }
  void leave(std::size_t who) { tell(Left{person(who)}); }

  RequestTerms terms() {
    const auto number = next_recording++;
    return {id_of_number<StatementId>(1000 + number),
            id_of_number<RecordingId>(number),
            state.room_statement,
            {Kind::audio, Kind::video, Kind::screen},
            {},
            true,
            WithdrawalErases::own_tracks,
            now + kHour};
  }
  void request() { tell(Requested{terms()}); }

  /// An approval as admit() makes it; durable when told.
  Approved approval(std::size_t who, Scope scope = {Kind::audio, Kind::video}) {
    return {id_of_number<StatementId>(next_approval++),
            state.recording->terms.request,
            person(who),
            key_of(who),
            scope,
            now + kHour,
            state.moment};
  }
  void approve(std::size_t who, Scope scope = {Kind::audio, Kind::video}) { tell(approval(who, scope)); }
  void refuse(std::size_t who) { tell(Refused{state.recording->terms.request, person(who), key_of(who)}); }
  void withdraw(std::size_t who, Scope kinds = Scope::all()) {
    tell(Withdrawn{state.recording->terms.recording, key_of(who), kinds});
  }
  void take_is_durable() { tell(TakeDurable{state.preparation->recording, state.preparation->take}); }

  StatementId approval_of(std::size_t who) const { return *state.members.at(person(who)).approval; }
  bool open() const { return gate.is_open(); }

  // ---- where most tests begin

  /// A host and a participant (or more), asked, nobody has answered.
  void begin(std::size_t people = 2) {
    join(0, Role::host);
    for (std::size_t who = 1; who < people; ++who) join(who);
    request();
  }
  /// The same with everybody's approval and the gate open.
  void record(std::size_t people = 2) {
    begin(people);
    for (std::size_t who = 0; who < people; ++who) approve(who);
    take_is_durable();
  }
};

}  // namespace unavoce::consent::test
