// What closes the gate, and what it takes to open it again.
#include <catch2/catch.hpp>

#include "session.hpp"

using namespace unavoce::consent;
using test::key_of;
using test::person;
using test::Session;

namespace {

/// The last step closed the gate first of all, and ended the running take for this reason.
void check_closed(const Session& session, EndReason reason) {
  CHECK_FALSE(session.open());
  REQUIRE_FALSE(session.effects.empty());
  const auto* close = std::get_if<CloseGate>(&session.effects.front());
  REQUIRE(close);
  CHECK(close->reason == reason);
  REQUIRE(session.got<EndTake>());
  CHECK(session.got<EndTake>()->reason == reason);
}

}  // namespace

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

TEST_CASE("a refusal closes the gate and tells the hosts who, if the request says so") {
  Session session;
  session.record();
  session.refuse(1);
  check_closed(session, EndReason::refused);
  REQUIRE(session.got<TellHostRefused>());
  CHECK(session.got<TellHostRefused>()->participant == person(1));
  CHECK(closed_reason(session.state) == ClosedReason::refused);
}

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

TEST_CASE("an expired approval closes the gate at its end") {
  Session session;
  session.begin(2);
  session.approve(0);
  auto approval = session.approval(1);
  approval.expires = session.now + SpanMs{5000};
  session.tell(approval);
  session.take_is_durable();
  CHECK(next_deadline(session.state) == approval.expires);
  session.now = approval.expires - SpanMs{1};
  session.tell(Tick{});
  CHECK(session.open());
  session.now = approval.expires;
  session.tell(Tick{});
  check_closed(session, EndReason::expired);
  CHECK(waiting_for(session.state) == std::vector{person(1)});
}

TEST_CASE("a clock that runs backwards revives nothing") {
  Session session;
  session.record();
  session.now = session.now + Session::kHour;
  session.tell(Tick{});
  session.now = session.now - Session::kHour;
  session.tell(Tick{});
  CHECK_FALSE(session.open());
  CHECK_FALSE(session.state.recording.has_value());
}

TEST_CASE("an approval that ended before the latest time ever seen does not count, whatever the clock says now") {
  Session session;
  session.begin(1);
  auto approval = session.approval(0);
  approval.expires = session.now + SpanMs{1000};
  session.now = session.now + SpanMs{2000};
  session.tell(Tick{});
  session.now = session.now - SpanMs{2000};
  session.tell(approval);
  CHECK(session.got<PrepareTake>() == nullptr);
}

TEST_CASE("an expired request ends the recording") {
  Session session;
  session.record();
  session.now = session.state.recording->terms.expires;
  session.tell(Tick{});
  check_closed(session, EndReason::expired);
  REQUIRE(session.got<EndRecording>());
  CHECK(session.got<EndRecording>()->reason == EndReason::expired);
}

TEST_CASE("a new room statement ends the recording until there is a new request") {
  Session session;
  session.record();
  session.tell(RoomChanged{test::id_of_number<StatementId>(78)});
  check_closed(session, EndReason::room_changed);
  CHECK(session.got<EndRecording>());
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

TEST_CASE("stopping ends take and recording") {
  Session session;
  session.record();
  session.tell(Stopped{session.state.recording->terms.recording});
  check_closed(session, EndReason::stopped);
  CHECK(session.got<EndRecording>());
  CHECK(closed_reason(session.state) == ClosedReason::no_request);
}

TEST_CASE("stopping another recording stops nothing") {
  Session session;
  session.record();
  session.tell(Stopped{test::id_of_number<RecordingId>(99)});
  CHECK(session.open());
}

TEST_CASE("when everybody has left, the recording ends") {
  Session session;
  session.record();
  session.leave(1);
  session.take_is_durable();
  session.leave(0);
  check_closed(session, EndReason::ended);
  CHECK(session.got<EndRecording>());
}

TEST_CASE("a recording ends only after the take that was on its way when it was stopped") {
  Session session;
  session.begin(1);
  session.approve(0);
  session.tell(Stopped{session.state.recording->terms.recording});
  CHECK(session.got<EndRecording>() == nullptr);
  session.take_is_durable();
  CHECK_FALSE(session.open());
  REQUIRE(session.effects.size() == 2);
  CHECK(session.got<EndTake>()->reason == EndReason::stopped);
  CHECK(session.got<EndRecording>()->reason == EndReason::stopped);
}

TEST_CASE("a recording that is over cannot be requested again") {
  Session session;
  session.begin(1);
  const auto terms = session.state.recording->terms;
  session.tell(Stopped{terms.recording});
  session.tell(Requested{terms});
  CHECK_FALSE(session.state.recording.has_value());
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
