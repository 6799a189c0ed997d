// Refusals, and who is shown whose answer.
#include <catch2/catch.hpp>

#include "closed.hpp"
#include "session.hpp"

using namespace unavoce::consent;
using test::check_closed;
using test::person;
using test::Session;

namespace {

/// A host and two participants, asked without naming refusals.
struct AskedWithoutNames : Session {
  AskedWithoutNames() {
    begin(3);
    auto asked = terms();
    asked.names_refusals = false;
    tell(Requested{asked});
  }
};

}  // namespace

TEST_CASE("a refusal closes the gate and tells the hosts who, if the request says so") {
  Session session;
  session.record();
  session.refuse(1);
  check_closed(session, EndReason::refused);
  REQUIRE(session.got<TellHostRefused>());
  CHECK(session.got<TellHostRefused>()->participant == person(1));
  CHECK(closed_reason(session.state) == ClosedReason::refused);
}

TEST_CASE("without naming refusals nobody can tell a refusal from silence") {
  AskedWithoutNames session;
  session.approve(0);
  session.refuse(1);
  REQUIRE(session.got<TellHostRefused>());
  CHECK_FALSE(session.got<TellHostRefused>()->participant.has_value());
  CHECK(closed_reason(session.state) == ClosedReason::waiting);
  CHECK(waiting_for(session.state) == std::vector{person(1), person(2)});
  for (const auto viewer : {person(0), person(2)}) {
    CHECK(shown_answer(session.state, person(1), viewer) == ShownAnswer::hidden);
    CHECK(shown_waiting(session.state, viewer) ==
          (viewer == person(2) ? std::vector{person(2)} : std::vector<ParticipantId>{}));
  }
}

TEST_CASE("without naming refusals nobody is known by elimination: not even who approved, only how many") {
  AskedWithoutNames session;
  session.approve(0);
  session.approve(2);
  session.refuse(1);
  CHECK(shown_answer(session.state, person(2), person(0)) == ShownAnswer::hidden);
  CHECK(shown_answer(session.state, person(1), person(0)) == ShownAnswer::hidden);
  CHECK(shown_waiting(session.state, person(0)).empty());
  const auto counts = count_answers(session.state);
  CHECK(counts.people == 3);
  CHECK(counts.approved == 2);
  CHECK(counts.refused == 1);
}

TEST_CASE("without naming refusals one's own answer is shown to oneself, and everybody's once all have approved") {
  AskedWithoutNames session;
  session.refuse(1);
  CHECK(shown_answer(session.state, person(1), person(1)) == ShownAnswer::refused);
  CHECK(shown_waiting(session.state, person(1)) == std::vector{person(1)});
  for (const std::size_t who : {0U, 1U, 2U}) session.approve(who);
  CHECK(shown_answer(session.state, person(1), person(0)) == ShownAnswer::approved);
  CHECK(count_answers(session.state).refused == 0);
  session.withdraw(1);
  CHECK(shown_answer(session.state, person(2), person(0)) == ShownAnswer::hidden);
}

TEST_CASE("where refusals are named everybody's answer is shown while it comes in") {
  Session session;
  session.begin(3);
  session.approve(0);
  session.refuse(1);
  CHECK(shown_answer(session.state, person(0), person(2)) == ShownAnswer::approved);
  CHECK(shown_answer(session.state, person(1), person(2)) == ShownAnswer::refused);
  CHECK(shown_answer(session.state, person(2), person(0)) == ShownAnswer::none);
  CHECK(shown_waiting(session.state, person(0)) == std::vector{person(1), person(2)});
}

TEST_CASE("whoever refused may approve later") {
  Session session;
  session.begin(1);
  session.refuse(0);
  session.approve(0);
  CHECK(session.got<PrepareTake>());
}
