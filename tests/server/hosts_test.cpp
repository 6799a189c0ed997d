// Who counts as a person, and what it takes of hosts: two devices of one person are two people; with another host
// recording goes on, without one it pauses, and a host who comes later answers like everybody.

#include <algorithm>
#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// Anna asks to record; Ben is there on two devices, each with a key of its own.
struct BenTwice {
  explicit BenTwice(const Service& server)
      : host(server),
        anna(host, Attendee::As::host, "Anna"),
        phone(host, Attendee::As::participant, "Ben"),
        laptop(host, Attendee::As::participant, "Ben") {
    anna.ask();
    phone.wait_for_request();
    laptop.wait_for_request();
  }
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee phone;
  Attendee laptop;
};

/// The room's owner at another browser, which has a host key of its own. The room as it is now.
Host at_another_browser(const Host& owner, const crypto::SigningKey& key) {
  Host host(owner, owner.server, owner.login);
  host.room_key = crypto::SigningKey::from_seed(key.seed().view()).value();
  return host;
}

/// As a take names them.
std::vector<consent::StatementId> ascending(std::vector<consent::StatementId> approvals) {
  std::ranges::sort(approvals);
  return approvals;
}

/// Why each take ended, in order.
std::vector<consent::EndReason> ends_of_takes(const RunningServer& server, const Recorded& meeting) {
  std::vector<consent::EndReason> reasons;
  for (const auto& seal : statements_of<consent::Seal>(server, meeting.host, meeting.recording()))
    if (seal.body.take) reasons.push_back(seal.body.reason);
  return reasons;
}

Json answers(unsigned people, unsigned approved) {
  return {{"people", people}, {"approved", approved}, {"refused", 0}};
}

}  // namespace

TEST_CASE("two devices under one name are two people on the roster", "[meeting][hosts]") {
  const RunningServer server;
  const BenTwice meeting(server);
  std::set<std::string> bens;
  for (const Json& entry : meeting.laptop.welcome.at("roster"))
    if (entry.at("name") == "Ben") bens.insert(entry.at("participant").get<std::string>());
  CHECK(bens == std::set<std::string>{meeting.phone.participant, meeting.laptop.participant});
}

TEST_CASE("of two devices under one name both must answer before a take", "[meeting][hosts]") {
  const RunningServer server;
  BenTwice meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.phone.approve().status == 201);
  while (meeting.anna.gate.at("answers") != answers(3, 2)) meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("state") == "closed");
  REQUIRE(meeting.laptop.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 1);
  CHECK(takes.front().body.approvals ==
        ascending({meeting.anna.last_approval, meeting.phone.last_approval, meeting.laptop.last_approval}));
}

TEST_CASE("of two devices under one name the one that withdraws takes nothing from the other", "[meeting][hosts]") {
  const RunningServer server;
  BenTwice meeting(server);
  for (Attendee* who : {&meeting.anna, &meeting.phone, &meeting.laptop}) REQUIRE(who->approve().status == 201);
  meeting.anna.wait_for_gate("open");
  REQUIRE(post_statement(server, meeting.phone.withdrawal()).status == 201);
  meeting.anna.wait_for_gate("closed");
  CHECK(meeting.anna.gate.at("answers") == answers(3, 2));
  const auto erased = statements_of<consent::Erased>(server, meeting.host, meeting.recording());
  REQUIRE(erased.size() == 1);
  const std::vector<std::string>& what = erased.front().body.what;
  CHECK(std::ranges::count(what, "wrapped:" + meeting.phone.last_approval.hex()) == 1);
  const std::string other = meeting.laptop.last_approval.hex().substr(0, 16);
  const auto is_others = [&](const std::string& name) { return name.find(other) != std::string::npos; };
  CHECK(std::ranges::none_of(what, is_others));
  check_problem(wrapped_key(server, meeting.host, meeting.recording(), meeting.phone.last_approval), 410, "gone");
  CHECK(wrapped_key(server, meeting.host, meeting.recording(), meeting.laptop.last_approval).status == 200);
  // Without that device recording goes on, and nobody who stayed is asked again.
  meeting.phone.send({{"type", "leave"}});
  meeting.anna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  CHECK(takes.back().body.approvals == ascending({meeting.anna.last_approval, meeting.laptop.last_approval}));
}

TEST_CASE("when one of two hosts leaves, recording goes on, and the other one countersigns the next take",
          "[meeting][hosts]") {
  const RunningServer server;
  const auto hannas_key = crypto::SigningKey::generate();
  Recorded meeting(server, [&](consent::Room& room) { room.host_keys.push_back({hannas_key.public_key(), "Hanna"}); });
  const Host browser = at_another_browser(meeting.host, hannas_key);
  Attendee hanna(browser, Attendee::As::host, "Hanna");
  REQUIRE(hanna.approve().status == 201);
  hanna.wait_for_gate("open");
  meeting.anna.send({{"type", "leave"}});
  while (hanna.gate.at("take") != 3) hanna.wait_for("gate");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 3);
  CHECK(takes.back().body.approvals == ascending({meeting.ben.last_approval, hanna.last_approval}));
  CHECK(takes.back().signers.back() == hannas_key.public_key());
  CHECK(ends_of_takes(server, meeting) ==
        std::vector<consent::EndReason>{consent::EndReason::late_join, consent::EndReason::left});
}

TEST_CASE("when the only host leaves recording pauses, and goes on when they are back and have confirmed",
          "[meeting][hosts][confirm]") {
  const RunningServer server;
  Recorded meeting(server);
  meeting.anna.send({{"type", "leave"}});
  meeting.ben.wait_for_gate("closed");
  CHECK(meeting.ben.gate.at("reason") == "no_host");
  Attendee back(meeting.host, Attendee::As::host, "Anna",
                {.key = &meeting.anna.key, .resume = meeting.anna.welcome.at("resume")});
  REQUIRE(back.request);
  CHECK(back.request->id == meeting.anna.request->id);
  CHECK(back.welcome.at("gate").at("state") == "closed");
  CHECK(back.welcome.at("gate").at("reason") == "host_left");
  REQUIRE(back.confirm(meeting.anna.last_approval).at("type") == "confirmed");
  back.wait_for_gate("open");
  CHECK(back.gate.at("take") == 2);
  CHECK(ends_of_takes(server, meeting) == std::vector<consent::EndReason>{consent::EndReason::host_left});
}

TEST_CASE("without a host nothing is recorded, whatever the others answer", "[meeting][hosts]") {
  const RunningServer server;
  Recorded meeting(server);
  meeting.anna.send({{"type", "leave"}});
  meeting.ben.wait_for_gate("closed");
  REQUIRE(meeting.ben.approve().status == 201);
  CHECK_FALSE(meeting.ben.was_sent("take"));
  CHECK(meeting.ben.gate.at("state") == "closed");
  CHECK(meeting.ben.gate.at("reason") == "no_host");
}

TEST_CASE("a second host who comes later pauses the recording, and must answer like everybody", "[meeting][hosts]") {
  const RunningServer server;
  Recorded meeting(server);
  Attendee hanna(meeting.host, Attendee::As::host, "Hanna");
  meeting.anna.wait_for_gate("closed");
  CHECK(meeting.anna.gate.at("reason") == "late_join");
  CHECK(meeting.anna.gate.at("answers") == answers(3, 2));
  CHECK(hanna.welcome.at("gate").at("waiting_for") == Json::array({hanna.participant}));
  REQUIRE(hanna.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 2);
  CHECK(takes.back().body.approvals ==
        ascending({meeting.anna.last_approval, meeting.ben.last_approval, hanna.last_approval}));
}

TEST_CASE("a host whose key is added while recording goes on asks anew, and everybody answers under the new statement",
          "[meeting][hosts]") {
  const RunningServer server;
  Recorded meeting(server);
  const auto first = meeting.recording();
  const auto hannas_key = crypto::SigningKey::generate();
  consent::Room& room = meeting.host.room;
  room.previous = consent::id_of(room);
  room.version = 2;
  room.host_keys.push_back({hannas_key.public_key(), "Hanna"});
  const std::string envelope = consent::sign_statement(room, meeting.host.room_key);
  REQUIRE(server.fetch("PUT", "/api/v1/rooms/" + room.room.hex(), meeting.host.login, envelope_body(envelope)).status ==
          200);
  for (Attendee* who : {&meeting.anna, &meeting.ben}) {
    CHECK(who->wait_for("recording_ended").at("reason") == "room_changed");
    who->request.reset();
  }
  CHECK(kinds_of(server, meeting.host, first).back() == "seal");

  const Host browser = at_another_browser(meeting.host, hannas_key);
  Attendee hanna(browser, Attendee::As::host, "Hanna");
  meeting.anna.countersigns = false;
  hanna.ask();
  CHECK(hanna.request->body.key == hannas_key.public_key());
  for (Attendee* who : {&meeting.anna, &meeting.ben}) {
    who->wait_for_request();
    REQUIRE(who->approve().status == 201);
  }
  while (meeting.anna.gate.at("answers") != answers(3, 2)) meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("state") == "closed");
  REQUIRE(hanna.approve().status == 201);
  hanna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, browser, hanna.request->body.recording);
  REQUIRE(takes.size() == 1);
  CHECK(takes.front().signers.back() == hannas_key.public_key());
}
