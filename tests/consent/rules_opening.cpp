// What has to be true before the gate opens.
#include <catch2/catch.hpp>

#include "session.hpp"

using namespace unavoce::consent;
using test::person;
using test::Session;

TEST_CASE("the gate starts closed") {
  Session session;
  CHECK_FALSE(session.open());
  CHECK(closed_reason(session.state) == ClosedReason::no_request);
}

TEST_CASE("a session without a request prepares nothing, whoever is here") {
  Session session;
  session.join(0, Role::host);
  session.join(1);
  CHECK(session.effects.empty());
}

TEST_CASE("as long as one approval is missing nothing is prepared") {
  Session session;
  session.begin(3);
  session.approve(0);
  session.approve(1);
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(waiting_for(session.state) == std::vector{person(2)});
  CHECK(closed_reason(session.state) == ClosedReason::waiting);
}

TEST_CASE("the last approval prepares a take that names exactly the roster") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.approve(1, {Kind::audio});
  const auto* prepared = session.got<PrepareTake>();
  REQUIRE(prepared);
  REQUIRE(prepared->roster.size() == 2);
  CHECK(prepared->take == 1);
  CHECK(prepared->roster[0].approval == session.approval_of(0));
  CHECK(prepared->roster[1].approval == session.approval_of(1));
  CHECK(prepared->roster[1].scope == Scope{Kind::audio});
  CHECK(closed_reason(session.state) == ClosedReason::preparing);
}

TEST_CASE("the gate opens only after the take is durable") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  CHECK_FALSE(session.open());
  session.take_is_durable();
  CHECK(session.open());
  CHECK(session.permit->take() == 1);
  CHECK_FALSE(closed_reason(session.state).has_value());
}

TEST_CASE("a durable take that nobody prepared opens nothing") {
  Session session;
  session.begin();
  session.approve(0);
  session.tell(TakeDurable{session.state.recording->terms.recording, 1});
  CHECK_FALSE(session.open());
  session.approve(1);
  session.tell(TakeDurable{session.state.recording->terms.recording, 2});
  CHECK_FALSE(session.open());
}

TEST_CASE("a take that a late joiner overtook while it became durable never opens") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  session.join(2);
  session.take_is_durable();
  CHECK_FALSE(session.open());
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->take == 1);
  CHECK(session.got<EndTake>()->reason == EndReason::late_join);
}

TEST_CASE("an overtaken take stays overtaken even if the roster is complete again before it is durable") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  session.join(2);
  session.leave(2);
  session.take_is_durable();
  CHECK_FALSE(session.open());
  CHECK(session.got<EndTake>()->take == 1);
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->take == 2);
  session.take_is_durable();
  CHECK(session.open());
}

TEST_CASE("a failed preparation is not tried in a circle, only after recovery and under a new number") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1);
  session.tell(TakeFailed{session.state.preparation->recording, 1, Part::recorder});
  CHECK(session.effects.empty());
  CHECK(closed_reason(session.state) == ClosedReason::recorder_fault);
  session.tell(Recovered{Part::recorder});
  REQUIRE(session.got<PrepareTake>());
  CHECK(session.got<PrepareTake>()->take == 2);
}

TEST_CASE("a host who asked but did not approve keeps the gate closed") {
  Session session;
  session.begin();
  session.approve(1);
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(waiting_for(session.state) == std::vector{person(0)});
}

TEST_CASE("without a host in the room the gate stays closed although everybody approved") {
  Session session;
  session.join(1);
  session.request();
  session.approve(1);
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(closed_reason(session.state) == ClosedReason::no_host);
}

TEST_CASE("an empty scope is an approval, and covers no kind") {
  Session session;
  session.begin();
  session.approve(0);
  session.approve(1, {});
  session.take_is_durable();
  REQUIRE(session.open());
  for (const Kind kind : kAllKinds) CHECK_FALSE(session.permit->covers(session.approval_of(1), kind));
  CHECK(session.permit->covers(session.approval_of(0), Kind::video));
}

TEST_CASE("an approval below the minimum scope does not count") {
  Session session;
  session.begin(1);
  auto terms = session.terms();
  terms.minimum_scope = {Kind::audio};
  session.tell(Requested{terms});
  session.approve(0, {Kind::video});
  CHECK(session.got<PrepareTake>() == nullptr);
  session.approve(0, {Kind::audio});
  CHECK(session.got<PrepareTake>());
}

TEST_CASE("an approval of another request does not count") {
  Session session;
  session.begin(1);
  auto approval = session.approval(0);
  approval.request = test::id_of_number<StatementId>(4711);
  session.tell(approval);
  CHECK(session.got<PrepareTake>() == nullptr);
}

TEST_CASE("an approval under another key than its participant joined with does not count") {
  Session session;
  session.begin(1);
  auto approval = session.approval(0);
  approval.key = test::key_of(9);
  session.tell(approval);
  CHECK(session.got<PrepareTake>() == nullptr);
}

TEST_CASE("answers to an old request do not count for a new one") {
  Session session;
  session.record();
  session.request();
  CHECK_FALSE(session.open());
  CHECK(waiting_for(session.state).size() == 2);
}

TEST_CASE("a request under an outdated room statement ends before it begins") {
  Session session;
  session.begin(1);
  auto terms = session.terms();
  terms.room_statement = test::id_of_number<StatementId>(78);
  session.tell(Requested{terms});
  REQUIRE(session.got<EndRecording>());
  CHECK(session.got<EndRecording>()->reason == EndReason::room_changed);
  CHECK(session.state.recording->terms.recording != terms.recording);
}

TEST_CASE("an approval that a refusal overtook on its way to the ledger does not count") {
  Session session;
  session.begin(1);
  const auto on_its_way = session.approval(0);
  session.refuse(0);
  session.tell(on_its_way);
  CHECK(session.got<PrepareTake>() == nullptr);
  CHECK(shown_answer(session.state, person(0), person(1)) == ShownAnswer::refused);
}

TEST_CASE("an approval that was given before leaving does not count after coming back") {
  Session session;
  session.begin(2);
  session.approve(0);
  const auto on_its_way = session.approval(1);
  session.leave(1);
  session.join(1);
  session.tell(on_its_way);
  CHECK(session.got<PrepareTake>() == nullptr);
}
