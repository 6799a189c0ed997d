// A room with a lobby: whoever comes while a recording is asked for answers in front of the door, and nothing pauses.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

void with_lobby(consent::Room& room) {
  room.lobby = true;
}

/// The roster that the service last told this person, as ids.
std::vector<std::string> ids_in(const Json& roster) {
  std::vector<std::string> ids;
  for (const Json& entry : roster) ids.push_back(entry.at("participant"));
  return ids;
}

}  // namespace

TEST_CASE("before anything is asked there is no waiting in front of the door", "[lobby]") {
  const RunningServer server;
  const Host host(server, with_lobby);
  const Attendee anna(host, Attendee::As::host);
  const Attendee ben(host, Attendee::As::participant);
  CHECK(anna.welcome.at("place") == "room");
  CHECK(ben.welcome.at("place") == "room");
}

TEST_CASE("whoever comes into a recording answers first; the take goes on until they enter, the next one names them",
          "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.welcome.at("place") == "lobby");
  REQUIRE(carl.request);
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  CHECK(meeting.anna.gate.at("take") == 1);
  REQUIRE(carl.approve().status == 201);
  CHECK(ids_in(carl.wait_for("entered").at("roster")).size() == 3);
  while (meeting.anna.gate.at("take") != 2) meeting.anna.wait_for("gate");
  carl.wait_for_gate("open");
}

TEST_CASE("in front of the door nobody is seen, nothing is heard of takes, and no signal goes through", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.welcome.at("roster").empty());
  CHECK(carl.welcome.at("gate").at("state") == "closed");
  CHECK(carl.welcome.at("gate").at("answers").at("people") == 0);
  carl.send({{"type", "signal"}, {"to", meeting.ben.participant}, {"data", "knock"}});
  meeting.ben.send({{"type", "signal"}, {"to", carl.participant}, {"data", "who is there"}});
  CHECK_FALSE(carl.was_sent("signal"));
  CHECK_FALSE(meeting.ben.was_sent("signal"));
  Attendee dora(meeting.host, Attendee::As::participant, "Dora");
  REQUIRE(dora.approve().status == 201);
  meeting.anna.wait_for("take");
  CHECK_FALSE(carl.was_sent("take"));
}

TEST_CASE("who waits in front of the door is shown to hosts alone, and without their answer", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  Json of_carl;
  while (of_carl.is_null()) {
    const Json message = meeting.anna.wait_for("roster");
    for (const Json& entry : message.at("roster"))
      if (entry.at("participant") == carl.participant) of_carl = entry;
  }
  CHECK(of_carl.at("place") == "lobby");
  CHECK(of_carl.at("answer") == "hidden");
  REQUIRE(carl.refuse().status == 201);
  CHECK_FALSE(meeting.anna.was_sent("roster"));
  REQUIRE(carl.request);
  Attendee dora(meeting.host, Attendee::As::participant, "Dora");
  REQUIRE(dora.approve().status == 201);
  const auto seen = ids_in(dora.wait_for("entered").at("roster"));
  CHECK(std::ranges::count(seen, carl.participant) == 0);
}

TEST_CASE("a refusal in front of the door pauses nothing, and who refused enters when the recording is over",
          "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  REQUIRE(carl.refuse().status == 201);
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  REQUIRE(server.fetch("POST", "/api/v1/recordings/" + meeting.recording().hex() + "/stop", meeting.host.login, "{}")
              .status == 204);
  CHECK(ids_in(carl.wait_for("entered").at("roster")).size() == 3);
}

TEST_CASE("whoever gives up waiting in front of the door ends nothing", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  {
    Attendee carl(meeting.host, Attendee::As::participant, "Carl");
    carl.send({{"type", "leave"}});
    REQUIRE(carl.is_closed());
  }
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  CHECK(meeting.anna.gate.at("take") == 1);
}

TEST_CASE("whoever is inside and connects anew answers inside", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee again(meeting.host, Attendee::As::participant, "Ben",
                 {.key = &meeting.ben.key, .resume = meeting.ben.welcome.at("resume")});
  CHECK(again.welcome.at("place") == "room");
  meeting.anna.wait_for_gate("closed");
  REQUIRE(again.confirm(meeting.ben.last_approval).at("type") == "confirmed");
  meeting.anna.wait_for_gate("open");
}

TEST_CASE("whoever lost the connection and comes back confirms in front of the door", "[lobby][confirm]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  meeting.ben.send({{"type", "leave"}});
  meeting.anna.wait_for_gate("closed");
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  Attendee again(meeting.host, Attendee::As::participant, "Ben",
                 {.key = &meeting.ben.key, .resume = meeting.ben.welcome.at("resume")});
  CHECK(again.welcome.at("place") == "lobby");
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  REQUIRE(again.confirm(meeting.ben.last_approval).at("publish").is_object());
  while (meeting.anna.gate.at("take") != 3) meeting.anna.wait_for("gate");
}

TEST_CASE("of a refusal in front of the door nothing is told, unless refusals are named", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  REQUIRE(carl.refuse().status == 201);
  CHECK_FALSE(meeting.anna.was_sent("refused"));
}

TEST_CASE("a host does not wait in front of the door", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  const Attendee second(meeting.host, Attendee::As::host, "Second host");
  CHECK(second.welcome.at("place") == "room");
  meeting.anna.wait_for_gate("closed");
}

TEST_CASE("after a restart whoever comes back to an unfinished recording confirms in front of the door",
          "[lobby][confirm]") {
  consent::StatementId annas, bens;
  const AfterCrash crash(
      [&](const RunningServer&, Recorded& meeting) {
        annas = meeting.anna.last_approval;
        bens = meeting.ben.last_approval;
      },
      {}, with_lobby);
  Attendee anna(*crash.host, Attendee::As::host, "Anna", {.key = &crash.anna_key});
  REQUIRE(anna.confirm(annas).at("type") == "confirmed");
  anna.wait_for_gate("open");
  Attendee ben(*crash.host, Attendee::As::participant, "Ben", {.key = &crash.ben_key});
  CHECK(ben.welcome.at("place") == "lobby");
  CHECK_FALSE(anna.was_sent("gate"));
  REQUIRE(ben.confirm(bens).at("publish").is_object());
  ben.wait_for_gate("open");
  CHECK(anna.gate.at("state") == "open");
}

TEST_CASE("a host removes somebody who waits in front of the door", "[lobby]") {
  const RunningServer server;
  Recorded meeting(server, with_lobby);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  meeting.anna.send({{"type", "remove"}, {"participant", carl.participant}});
  CHECK(carl.wait_for("problem").at("problem").at("code") == "removed");
  CHECK_FALSE(meeting.anna.was_sent("gate"));
}
