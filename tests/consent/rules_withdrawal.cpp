// Withdrawal: of everything, of some kinds, at every moment.
#include <catch2/catch.hpp>

#include "consent/rules.hpp"
#include "session.hpp"

using namespace unavoce::consent;
using test::key_of;
using test::person;
using test::Session;

TEST_CASE("a withdrawal closes the gate first, aborts that person's tracks only, and erases") {
  Session session;
  session.record();
  const auto withdrawn = session.approval_of(1);
  session.withdraw(1);
  CHECK_FALSE(session.open());
  CHECK(std::holds_alternative<CloseGate>(session.effects.front()));
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->reason == EndReason::withdrawn);
  CHECK(session.got<EndTake>()->abort == std::vector{withdrawn});
  REQUIRE(session.got<Erase>());
  CHECK(session.got<Erase>()->approvals == std::vector{withdrawn});
  CHECK(shown_answer(session.state, person(1), person(0)) == ShownAnswer::withdrawn);
}

TEST_CASE("where the room chose so, a withdrawal aborts the whole take") {
  Session session;
  session.begin(2);
  auto terms = session.terms();
  terms.withdrawal_erases = WithdrawalErases::whole_takes;
  session.tell(Requested{terms});
  session.approve(0);
  session.approve(1);
  session.take_is_durable();
  session.withdraw(1);
  CHECK(session.got<EndTake>()->abort.size() == 2);
  CHECK(session.got<Erase>()->extent == WithdrawalErases::whole_takes);
  CHECK(session.got<Erase>()->approvals.size() == 1);
}

TEST_CASE("a withdrawal covers every approval of the key, superseded ones too") {
  Session session;
  session.begin(1);
  session.approve(0);
  session.approve(0);
  session.withdraw(0);
  CHECK(session.got<Erase>()->approvals.size() == 2);
}

TEST_CASE("a withdrawal by somebody who left erases without closing the gate on the others") {
  Session session;
  session.record(3);
  const auto withdrawn = session.approval_of(2);
  session.leave(2);
  session.take_is_durable();
  session.withdraw(2);
  CHECK(session.open());
  CHECK(session.got<Erase>()->approvals == std::vector{withdrawn});
  session.join(2);
  session.tell(Confirmed{person(2), key_of(2)});
  CHECK(waiting_for(session.state) == std::vector{person(2)});
}

TEST_CASE("a withdrawal that overtakes its approval on the way to the ledger wins") {
  Session session;
  session.begin(1);
  const auto on_its_way = session.approval(0);
  session.withdraw(0);
  session.tell(on_its_way);
  CHECK(session.got<PrepareTake>() == nullptr);
  REQUIRE(session.got<Erase>());
  CHECK(session.got<Erase>()->approvals == std::vector{on_its_way.id});
}

TEST_CASE("a key that withdrew everything cannot approve again, a fresh key can") {
  Session session;
  session.begin(1);
  session.approve(0);
  session.withdraw(0);
  session.approve(0);
  CHECK(session.got<Erase>());
  session.tell(Joined{person(0), key_of(9), Role::host});
  auto approval = session.approval(0);
  approval.key = key_of(9);
  session.tell(approval);
  session.tell(Tick{});
  CHECK(waiting_for(session.state).empty());
}

TEST_CASE("the same withdrawal twice is the same as once") {
  Session session;
  session.record();
  session.withdraw(1);
  session.withdraw(1);
  CHECK(session.effects.empty());
}

TEST_CASE("a withdrawal while the take becomes durable: it never opens, and what was prepared is aborted") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.approve(1);
  const auto withdrawn = session.approval_of(1);
  session.withdraw(1);
  session.take_is_durable();
  CHECK_FALSE(session.open());
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->abort == std::vector{withdrawn});
}

TEST_CASE("a withdrawal in the very step in which everything expires is aborted and erased, not finished") {
  Session session;
  session.record();
  const auto withdrawn = session.approval_of(1);
  session.now = session.state.recording->terms.expires;
  session.withdraw(1);
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->abort == std::vector{withdrawn});
  REQUIRE(session.got<Erase>());
  CHECK(session.got<EndRecording>());
}

TEST_CASE("a withdrawal after the end, while a last take becomes durable, aborts that too") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.approve(1);
  const auto withdrawn = session.approval_of(1);
  const auto recording = session.state.recording->terms.recording;
  session.tell(Stopped{recording});
  session.tell(Withdrawn{recording, key_of(1), Scope::all()});
  session.take_is_durable();
  CHECK(session.got<EndTake>()->abort == std::vector{withdrawn});
}

TEST_CASE("a withdrawal from the recording that replaced it does not count for a take that becomes durable") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.approve(1, {Kind::audio});
  const auto withdrawn = session.approval_of(1);
  const auto replaced = session.state.recording->terms.recording;
  session.request();
  session.withdraw(1, {Kind::audio});  // from the new recording
  session.tell(Withdrawn{replaced, key_of(1), {Kind::audio}});
  session.take_is_durable();
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->recording == replaced);
  CHECK(session.got<EndTake>()->abort == std::vector{withdrawn});
}

TEST_CASE("taking one kind back works at once while the take goes on for everything else") {
  Session session;
  session.record();
  session.withdraw(1, {Kind::video});
  CHECK(session.open());
  CHECK_FALSE(session.permit->covers(session.approval_of(1), Kind::video));
  CHECK(session.permit->covers(session.approval_of(1), Kind::audio));
  CHECK(session.permit->covers(session.approval_of(0), Kind::video));
  CHECK(session.got<Erase>() == nullptr);
}

TEST_CASE("a kind taken back stays back in the next take") {
  Session session;
  session.record();
  session.withdraw(1, {Kind::video});
  session.join(2);
  session.leave(2);
  session.take_is_durable();
  REQUIRE(session.open());
  CHECK_FALSE(session.permit->covers(session.approval_of(1), Kind::video));
}

TEST_CASE("a kind taken back while the take becomes durable is not in the permit") {
  Session session;
  session.begin(2);
  session.approve(0);
  session.approve(1);
  session.withdraw(1, {Kind::video});
  session.take_is_durable();
  REQUIRE(session.open());
  CHECK_FALSE(session.permit->covers(session.approval_of(1), Kind::video));
}

TEST_CASE("a kind taken back while the approval becomes durable is not in the permit") {
  Session session;
  session.begin(1);
  const auto on_its_way = session.approval(0);
  session.withdraw(0, {Kind::video});
  session.tell(on_its_way);
  session.take_is_durable();
  REQUIRE(session.open());
  CHECK_FALSE(session.permit->covers(session.approval_of(0), Kind::video));
}

TEST_CASE("to more only by a new approval") {
  Session session;
  session.record();
  session.withdraw(1, {Kind::video});
  session.approve(1, {Kind::audio, Kind::video});
  session.take_is_durable();
  CHECK(session.permit->covers(session.approval_of(1), Kind::video));
}

TEST_CASE("taking back a kind that the request needs closes the gate but erases nothing") {
  Session session;
  session.begin(1);
  auto terms = session.terms();
  terms.minimum_scope = {Kind::audio};
  session.tell(Requested{terms});
  session.approve(0);
  session.take_is_durable();
  session.withdraw(0, {Kind::audio});
  CHECK_FALSE(session.open());
  CHECK(session.got<Erase>() == nullptr);
  CHECK(session.got<EndTake>()->abort.empty());
}

TEST_CASE("an approval of which nothing is left is withdrawn as a whole") {
  Session session;
  session.record();
  const auto withdrawn = session.approval_of(1);
  session.withdraw(1, {Kind::video});
  session.withdraw(1, {Kind::audio});
  CHECK_FALSE(session.open());
  REQUIRE(session.got<Erase>());
  CHECK(session.got<Erase>()->approvals == std::vector{withdrawn});
}

TEST_CASE("which approvals a ledger says are withdrawn as a whole") {
  const auto row = [](std::uint64_t sequence, std::size_t key, Scope scope) {
    return ApprovalRow{test::id_of_number<StatementId>(sequence), key_of(key), scope, sequence};
  };
  const std::vector approvals{row(1, 1, {Kind::audio, Kind::video}), row(2, 2, {Kind::audio}), row(3, 3, {}),
                              row(8, 1, {Kind::audio}), row(9, 4, {})};
  const std::vector withdrawals{WithdrawalRow{key_of(1), {Kind::audio}, 4}, WithdrawalRow{key_of(1), {Kind::video}, 5},
                                WithdrawalRow{key_of(3), {Kind::audio}, 6}, WithdrawalRow{key_of(4), Scope::all(), 7}};
  const std::vector expected{approvals[0].id, approvals[4].id};
  CHECK(wholly_withdrawn(approvals, withdrawals) == expected);
}

TEST_CASE("what a ledger says is left of an approval") {
  const ApprovalRow both{test::id_of_number<StatementId>(1), key_of(1), {Kind::audio, Kind::video}, 5};
  const ApprovalRow nothing{test::id_of_number<StatementId>(2), key_of(1), {}, 5};
  const auto left = [](const ApprovalRow& approval, std::size_t key, Scope kinds, std::uint64_t sequence) {
    const WithdrawalRow withdrawal{key_of(key), kinds, sequence};
    return left_of(approval, {&withdrawal, 1});
  };
  CHECK(left_of(both, {}) == Scope{Kind::audio, Kind::video});
  CHECK(left(both, 1, {Kind::video}, 6) == Scope{Kind::audio});
  CHECK(left(both, 1, {Kind::video}, 4) == both.scope);
  CHECK(left(both, 2, Scope::all(), 6) == both.scope);
  CHECK_FALSE(left(both, 1, {Kind::audio, Kind::video}, 6));
  CHECK_FALSE(left(both, 1, Scope::all(), 4));
  CHECK(left(nothing, 1, {Kind::audio}, 6) == Scope{});
  CHECK_FALSE(left(nothing, 1, Scope::all(), 6));
}
