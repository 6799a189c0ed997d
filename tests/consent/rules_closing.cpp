// Who comes, leaves or comes back, and what fails: it closes the gate, and what it takes to open it again. Answers:
// rules_answers.cpp; the end of approvals and recordings: rules_ending.cpp.
#include <catch2/catch.hpp>

#include "closed.hpp"
#include "session.hpp"

using namespace unavoce::consent;
using test::check_closed;
using test::key_of;
using test::person;
using test::Session;

TEST_CASE("a late joiner closes the gate before a frame of theirs can be written") {
  Session session;
  session.record();
  session.join(2);
  check_closed(session, EndReason::late_join);
  CHECK(waiting_for(session.state) == std::vector{person(2)});
}

TEST_CASE("the next take starts by itself when the late joiner approves") {
  Session session;
  session.record();
  session.join(2);
  session.approve(2);
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->take == 2);
  CHECK(session.got<PrepareTake>()->roster.size() == 3);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("the next take starts by itself when the late joiner leaves") {
  Session session;
  session.record();
  session.join(2);
  session.leave(2);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("whoever approved in the lobby enters into the next take without another question") {
  Session session;
  session.record();
  session.tell(Knocked{person(2), key_of(2), Role::participant});
  session.approve(2);
  CHECK(session.open());
  session.join(2);
  check_closed(session, EndReason::late_join);
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->roster.size() == 3);
}

TEST_CASE("somebody waiting in the lobby is not on the roster and closes nothing") {
  Session session;
  session.record();
  session.tell(Knocked{person(2), key_of(2), Role::participant});
  CHECK(session.open());
  CHECK(waiting_for(session.state).empty());
}

TEST_CASE("knocking does not take somebody who is inside off the roster") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.tell(Knocked{person(1), key_of(1), Role::participant});
  CHECK(session.got<PrepareTake>() == nullptr);
}

TEST_CASE("leaving ends the take, and the next one has the smaller roster") {
  Session session;
  session.record(3);
  session.leave(2);
  check_closed(session, EndReason::left);
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->roster.size() == 2);
}

TEST_CASE("coming back needs a fresh approval") {
  Session session;
  session.record();
  session.leave(1);
  session.take_is_durable();
  REQUIRE(session.open());
  session.join(1);
  check_closed(session, EndReason::late_join);
  CHECK(session.state.preparation == std::nullopt);
  session.approve(1);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("coming back with a fresh signature by the same key revives the approval") {
  Session session;
  session.record();
  const auto before = session.approval_of(1);
  session.leave(1);
  session.take_is_durable();
  session.join(1);
  session.tell(Confirmed{person(1), key_of(1)});
  CHECK(session.approval_of(1) == before);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("a signature by another key revives nothing") {
  Session session;
  session.record();
  session.leave(1);
  session.tell(Joined{person(1), key_of(5), Role::participant});
  session.tell(Confirmed{person(1), key_of(5)});
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("the same approval told twice does not revive after leaving") {
  Session session;
  session.begin(2);
  session.approve(0);
  auto approval = session.approval(1);
  session.tell(approval);
  session.leave(1);
  session.join(1);
  approval.as_of = session.state.moment;
  session.tell(approval);
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("joining again while still here (two tabs, a reload) voids the approval") {
  Session session;
  session.record();
  session.join(1);
  check_closed(session, EndReason::late_join);
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("a fault of ledger or recorder closes the gate, recovery opens the next take") {
  const auto part = GENERATE(Part::ledger, Part::recorder);
  Session session;
  session.record();
  session.tell(Fault{part});
  check_closed(session, EndReason::fault);
  CHECK(session.state.preparation == std::nullopt);
  session.tell(Recovered{part});
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("one of two faults gone is not enough") {
  Session session;
  session.record();
  session.tell(Fault{Part::ledger});
  session.tell(Fault{Part::recorder});
  session.tell(Recovered{Part::recorder});
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(closed_reason(session.state) == ClosedReason::ledger_fault);
}

TEST_CASE("when the only host leaves, recording pauses until a host is back and has approved") {
  Session session;
  session.record();
  session.leave(0);
  check_closed(session, EndReason::host_left);
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(closed_reason(session.state) == ClosedReason::no_host);
  session.join(0, Role::host);
  CHECK(session.got<PrepareTake>() == nullptr);
  session.approve(0);
  CHECK(session.got<PrepareTake>());
}

TEST_CASE("when one of two hosts leaves, the other goes on") {
  Session session;
  session.join(0, Role::host);
  session.join(1, Role::host);
  session.request();
  session.approve(0);
  session.approve(1);
  session.take_is_durable();
  session.leave(0);
  check_closed(session, EndReason::left);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("a new approval of the same person starts a take of its own") {
  Session session;
  session.record();
  session.approve(1, {Kind::audio, Kind::video, Kind::screen});
  check_closed(session, EndReason::new_approval);
  session.take_is_durable();
  CHECK(session.permit->covers(session.approval_of(1), Kind::screen));
}

TEST_CASE("the state of a restarted service is closed, and confirmed approvals open it again") {
  Session session;
  session.record();
  const auto terms = session.state.recording->terms;
  const auto id = session.approval_of(0);
  Session again;
  const std::vector<Event> answers{
      Approved{id, terms.request, person(0), key_of(0), {Kind::audio}, terms.expires, 1},
      Approved{session.approval_of(1), terms.request, person(1), key_of(1), {Kind::audio}, terms.expires, 2},
      Withdrawn{terms.recording, key_of(1), Scope::all()}};
  again.state = restored(terms, answers, 2);
  again.join(0, Role::host);
  CHECK(again.got<PrepareTake>() == nullptr);
  again.tell(Confirmed{person(0), key_of(0)});
  REQUIRE(again.got<PrepareTake>());
  CHECK(again.got<PrepareTake>()->take == 2);
  again.join(1);
  again.tell(Confirmed{person(1), key_of(1)});
  CHECK(waiting_for(again.state) == std::vector{person(1)});
}
