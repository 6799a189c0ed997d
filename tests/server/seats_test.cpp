// Whose seat is whose while a recording runs: a key sits once, and whoever is removed leaves no gap in the evidence.

#include <catch2/catch.hpp>

#include "verified.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("a key that is in the meeting does not join a second time, and the one who is there goes on undisturbed",
          "[meeting][seats]") {
  const RunningServer server;
  Recorded meeting(server);
  CHECK_THROWS_WITH(Attendee(meeting.host, Attendee::As::participant, "Ben", {.key = &meeting.ben.key}),
                    Catch::Contains("key_in_use"));
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  CHECK(meeting.anna.gate.at("take") == 1);
}

TEST_CASE("a tab whose seat another one took is told so, by its void token too, and sits down when the seat is free",
          "[meeting][seats]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string old_token = meeting.ben.welcome.at("resume");
  Attendee other(meeting.host, Attendee::As::participant, "Ben", {.key = &meeting.ben.key, .resume = old_token});
  CHECK(meeting.ben.is_closed());
  CHECK(other.participant == meeting.ben.participant);
  CHECK_THROWS_WITH(
      Attendee(meeting.host, Attendee::As::participant, "Ben", {.key = &meeting.ben.key, .resume = old_token}),
      Catch::Contains("key_in_use"));
  other.send({{"type", "leave"}});
  REQUIRE(other.is_closed());
  CHECK_NOTHROW(Attendee(meeting.host, Attendee::As::participant, "Ben", {.key = &meeting.ben.key}));
}

TEST_CASE("a late joiner who is removed pauses the recording, which then goes on by itself without them",
          "[meeting][seats]") {
  const RunningServer server;
  Recorded meeting(server);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  meeting.anna.wait_for_gate("closed");
  CHECK(meeting.anna.gate.at("reason") == "late_join");
  meeting.anna.send({{"type", "remove"}, {"participant", carl.participant}});
  CHECK(carl.wait_for("problem").at("problem").at("code") == "removed");
  CHECK(carl.is_closed());
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 2);
  CHECK(takes.back().body.approvals == takes.front().body.approvals);
  const auto outcome = stopped_and_verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}
