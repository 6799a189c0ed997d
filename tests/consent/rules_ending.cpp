// What ends an approval, a request or a whole recording: time, a new room statement, a stop, that everybody has left.
#include <catch2/catch.hpp>

#include "closed.hpp"
#include "session.hpp"

using namespace unavoce::consent;
using test::check_closed;
using test::person;
using test::Session;

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
