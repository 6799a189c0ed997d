// The rules as a model: every sequence of events of a small meeting, crashes included, each step checked against the
// oracle.
#include <catch2/catch.hpp>
#include <deque>
#include <iostream>
#include <optional>
#include <unordered_set>

#include "observer.hpp"
#include "people.hpp"

using namespace unavoce::consent;
using namespace unavoce::consent::test;

namespace {

const auto kRoom = id_of_number<StatementId>(77);
constexpr TimeMs kStart{1000};
/// For reports, where an event has its index.
constexpr std::size_t kCrashed = std::variant_size_v<Event>;

RequestTerms terms(std::uint64_t number, TimeMs expires) {
  return {id_of_number<StatementId>(1000 + number),
          id_of_number<RecordingId>(number),
          kRoom,
          Scope::all(),
          {},
          number % 2 == 0,
          number % 3 == 0 ? WithdrawalErases::whole_takes : WithdrawalErases::own_tracks,
          expires};
}

// ---- every sequence

/// All that matters of a state for what can come, as text: two states with the same fingerprint have the same future.
/// Numbers of takes and moments only grow and are left out (approvals are told at once here, so moments never matter).
/// Nor does it say what a crash alone finds out: the answers to a recording that ended while a take of it was on its
/// way, and which word came last. Not every way through such a moment is followed to its end; the random walk goes
/// there.
std::string fingerprint(const Observer& observer) {
  const MeetingState& state = observer.state();
  std::string text(observer.take_is_written() ? "W" : "");
  const auto add = [&](const auto& id) { text.append(id.bytes().end() - 2, id.bytes().end()); };
  for (const auto& [id, member] : state.members) {
    add(id);
    text += static_cast<char>('a' + static_cast<int>(member.answer));
    if (member.approval) add(*member.approval);
  }
  for (const auto part : state.faults) text += static_cast<char>('A' + static_cast<int>(part));
  const auto add_roster = [&](const std::vector<Seat>& roster) {
    for (const auto& seat : roster) {
      add(seat.approval);
      text += static_cast<char>(seat.scope.bits());
    }
  };
  if (state.recording) {
    text += 'R';
    for (const auto& [id, approval] : state.recording->approvals) {
      add(id);
      text += static_cast<char>(approval.scope.bits());
    }
    text += 'g';
    for (const auto& id : state.recording->gone) add(id);
    text += 'w';
    for (const auto& key : state.recording->withdrawn) text += static_cast<char>(key.bytes()[0]);
    if (state.recording->running) add_roster((text += '!', state.recording->running->roster));
  }
  if (state.preparation) {
    add_roster((text += 'P', state.preparation->roster));
    text += state.preparation->outdated ? 'o' : 'c';
    text += state.preparation->then_recording ? 'e' : 'n';
    for (const auto& id : state.preparation->abort) add(id);
  }
  text += static_cast<char>(state.ended.size());
  text += std::to_string(state.now.value);
  return text;
}

struct Occurrence {
  std::optional<Event> event;  ///< none: the service crashes, or writes
  TimeMs time = kStart;
  Crash crash{};
  bool writes = false;
};

Approved approval(std::size_t who, std::uint64_t word, Moment as_of) {
  const auto id = id_of_number<StatementId>(10 * (who + 1) + word);
  return {id,   terms(1, kStart).request, person(who), key_of(who), {Kind::audio, Kind::video}, kStart + SpanMs{900},
          as_of};
}

/// What can happen to three people, the first of them a host, after a request: each approves at most twice.
std::vector<Occurrence> what_can_happen(const MeetingState& state) {
  std::vector<Occurrence> all;
  const auto asked = terms(1, kStart);
  for (std::size_t who = 0; who < 3; ++who) {
    all.push_back({Joined{person(who), key_of(who), who == 0 ? Role::host : Role::participant}});
    all.push_back({Left{person(who)}});
    all.push_back({approval(who, 0, state.moment)});
    all.push_back({approval(who, 1, state.moment)});
    all.push_back({Refused{asked.request, person(who), key_of(who)}});
    all.push_back({Withdrawn{asked.recording, key_of(who), Scope::all()}});
    all.push_back({Withdrawn{asked.recording, key_of(who), {Kind::video}}});
  }
  all.push_back({Fault{Part::ledger}});
  all.push_back({Recovered{Part::ledger}});
  all.push_back({Stopped{asked.recording}});
  all.push_back({Tick{}, kStart + SpanMs{900}});   // every approval has expired
  all.push_back({Tick{}, kStart + SpanMs{1000}});  // the request, too
  if (state.preparation) {
    all.push_back({TakeDurable{state.preparation->recording, state.preparation->take}});
    all.push_back({TakeFailed{state.preparation->recording, state.preparation->take, Part::recorder}});
    all.push_back({std::nullopt, kStart, {.take_durable = true}});
    all.push_back({std::nullopt, kStart, {}, true});
  }
  all.push_back({std::nullopt, kStart, {}});
  all.push_back({std::nullopt, kStart, {.last_word_lost = true}});
  return all;
}

/// Observers cannot be copied (their gate cannot), so a node is the way to it; ways are short.
using Way = std::vector<Occurrence>;

void tell(Observer& observer, const Occurrence& occurrence) {
  if (occurrence.event)
    observer.tell(*occurrence.event, occurrence.time);
  else if (occurrence.writes)
    observer.write_take();
  else
    observer.crash(occurrence.crash, occurrence.time);
}

void walk(Observer& observer, const Way& way) {
  for (const auto& occurrence : way) tell(observer, occurrence);
}

MeetingState at_the_door() {
  MeetingState state;
  state.room_statement = kRoom;
  return state;
}

/// Breadth first through all that can happen after `beginning`, to the given depth; each state is left once.
void explore(const Way& beginning, std::size_t depth) {
  std::unordered_set<std::string> seen;
  std::deque<Way> frontier{beginning};
  std::size_t steps = 0;
  std::size_t openings = 0;
  while (!frontier.empty()) {
    const auto way = std::move(frontier.front());
    frontier.pop_front();
    Observer here(at_the_door(), Observer::Strictness::exact);
    walk(here, way);
    for (const auto& occurrence : what_can_happen(here.state())) {
      Observer there(at_the_door(), Observer::Strictness::exact);
      walk(there, way);
      tell(there, occurrence);
      ++steps;
      openings += there.open() ? 1 : 0;
      if (!there.explain().empty()) {
        CAPTURE(way.size(), occurrence.event ? occurrence.event->index() : kCrashed, there.explain());
        FAIL("a promise is broken");
      }
      if (way.size() + 1 < beginning.size() + depth && seen.insert(fingerprint(there)).second) {
        frontier.push_back(way);
        frontier.back().push_back(occurrence);
      }
    }
  }
  std::cout << "small meeting: " << steps << " steps, " << seen.size() << " states, depth " << depth << ", " << openings
            << " ended with an open gate\n";
  CHECK(openings > 1000);
}

}  // namespace

TEST_CASE("every sequence of events after a request keeps every promise", "[model]") {
  explore({{Joined{person(0), key_of(0), Role::host}},
           {Joined{person(1), key_of(1), Role::participant}},
           {Requested{terms(1, kStart + SpanMs{1000})}}},
          6);
}

TEST_CASE("every sequence of events of a running recording keeps every promise", "[model]") {
  const auto asked = terms(1, kStart + SpanMs{1000});
  explore({{Joined{person(0), key_of(0), Role::host}},
           {Joined{person(1), key_of(1), Role::participant}},
           {Requested{asked}},
           {approval(0, 0, 3)},
           {approval(1, 0, 4)},
           {TakeDurable{asked.recording, 1}}},
          5);
}
