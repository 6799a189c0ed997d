// Whole meetings over HTTP and WebSocket with real signatures, without media: when the gate opens and closes, and how
// a recording ends.

#include <catch2/catch.hpp>

#include "asked.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("when everybody has approved the take is durable first and then the gate opens", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  CHECK(kinds_of(server, meeting.host, meeting.recording()) ==
        std::vector<std::string>{"request", "approval", "approval", "take", "track", "track"});
  CHECK(meeting.anna.gate.at("take") == 1);
  CHECK(meeting.anna.gate.at("waiting_for").empty());
}

TEST_CASE("everybody is told the take with both signatures, and it names their approvals", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  const auto take =
      consent::parse_statement<consent::Take>(anna.wait_for("take").at("envelope").get<std::string>()).value();
  CHECK(take.signatures == 2);
  CHECK(take.body.approvals == std::vector<consent::StatementId>{anna.last_approval});
  CHECK(take.signers[1] == host.room_key.public_key());
  CHECK_THAT(server.log_text(), Catch::Contains("a host's page countersigned a take after"));
}

TEST_CASE("a host's page that does not countersign delays the take, but cannot stop it", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.countersigns = false;
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  const auto take =
      consent::parse_statement<consent::Take>(anna.wait_for("take").at("envelope").get<std::string>()).value();
  CHECK(take.signatures == 1);
  CHECK_THAT(server.log_text(), Catch::Contains("no host's page countersigned a take within"));
}

TEST_CASE("with one approval missing nothing is on the disk", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  while (meeting.anna.gate.at("answers").at("approved") != 1) meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("state") == "closed");
  CHECK(track_files(server) == 0);
  CHECK(kinds_of(server, meeting.host, meeting.recording()) == std::vector<std::string>{"request", "approval"});
}

TEST_CASE("while answers are missing the host is told how many approved and refused, not who", "[meeting]") {
  const RunningServer server;
  AskedOfThree meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.ben.approve().status == 201);
  REQUIRE(meeting.carl.refuse().status == 201);
  while (meeting.anna.gate.at("answers") != Json{{"people", 3}, {"approved", 2}, {"refused", 1}})
    meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("waiting_for").empty());
  const Attendee dora(meeting.host, Attendee::As::participant);
  CHECK(dora.welcome.at("gate").at("answers").at("refused").is_null());
  for (const Json& entry : dora.welcome.at("roster")) {
    CHECK(entry.at("answer") == (entry.at("participant") == dora.participant ? "none" : "hidden"));
    CHECK(entry.at("approval").is_null());
  }
}

TEST_CASE("a host who asked but did not approve keeps the gate closed", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  REQUIRE(meeting.ben.approve().status == 201);
  while (meeting.anna.gate.value("waiting_for", Json::array()) != Json::array({meeting.anna.participant}))
    meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("state") == "closed");
}

TEST_CASE("a late joiner closes the gate, and the next take starts by itself once they approve", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.welcome.at("gate").at("state") == "closed");
  meeting.anna.wait_for_gate("closed");
  REQUIRE(carl.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "take") == 2);
  CHECK(std::count(kinds.begin(), kinds.end(), "seal") == 1);
}

TEST_CASE("a host removes somebody who does not answer, and recording begins without them", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  anna.send({{"type", "remove"}, {"participant", ben.participant}});
  CHECK(ben.wait_for("problem").at("problem").at("code") == "removed");
  CHECK(ben.is_closed());
  anna.wait_for_gate("open");
  CHECK_THROWS_WITH(
      Attendee(host, Attendee::As::participant, "Ben", {.key = &ben.key, .resume = ben.welcome.at("resume")}),
      Catch::Contains("cannot_resume"));
}

TEST_CASE("a full meeting turns people away, and always has a place for a host", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  std::vector<std::unique_ptr<Attendee>> people;
  while (people.size() < 5) people.push_back(std::make_unique<Attendee>(host, Attendee::As::participant));
  CHECK_THROWS_WITH(Attendee(host, Attendee::As::participant), Catch::Contains("room_full"));
  const Attendee anna(host, Attendee::As::host);
  CHECK(anna.welcome.at("roster").size() == 6);
  CHECK_THROWS_WITH(Attendee(host, Attendee::As::participant), Catch::Contains("room_full"));
  people.front()->send({{"type", "leave"}});
  REQUIRE(people.front()->is_closed());
  CHECK_NOTHROW(Attendee(host, Attendee::As::participant));
}

TEST_CASE("only a host removes people, and never another host", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  for (const std::string& whom : {anna.participant, ben.participant}) {
    ben.send({{"type", "remove"}, {"participant", whom}});
    CHECK(ben.wait_for("problem").at("problem").at("code") == "not_permitted");
  }
  anna.send({{"type", "remove"}, {"participant", anna.participant}});
  CHECK(anna.wait_for("problem").at("problem").at("code") == "not_permitted");
  CHECK_FALSE(ben.was_sent("roster"));
}

TEST_CASE("stopping seals the take and then the recording", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  REQUIRE(server.fetch("POST", "/api/v1/recordings/" + meeting.recording().hex() + "/stop", meeting.host.login, "{}")
              .status == 204);
  CHECK(meeting.anna.wait_for("recording_ended").at("reason") == "stopped");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(kinds[kinds.size() - 2] == "seal");
  CHECK(kinds.back() == "seal");
  const Reply list = server.fetch("GET", "/api/v1/recordings", meeting.host.login);
  CHECK(json_text(list.body, "state") == "sealed");
  CHECK(server.fetch("GET", "/api/v1/recordings/" + meeting.recording().hex() + "/bundle", meeting.host.login).status ==
        200);
}

TEST_CASE("when the last one leaves the recording is sealed and names are gone", "[meeting]") {
  const RunningServer server;
  std::optional<Host> host(std::in_place, server);
  consent::RecordingId recording;
  const std::string name = "Anna-Theodora Quintessa";
  std::string resume;
  {
    Attendee anna(*host, Attendee::As::host, name);
    Attendee other(*host, Attendee::As::participant);
    CHECK(other.welcome.at("roster").dump().find(name) != std::string::npos);  // while the session lasts
    anna.ask();
    other.wait_for_request();
    REQUIRE(anna.approve().status == 201);
    REQUIRE(other.approve({}).status == 201);
    anna.wait_for_gate("open");
    recording = anna.request->body.recording;
    resume = anna.welcome.at("resume");
  }
  // A new session begins only when the old one is finished.
  Attendee back(*host, Attendee::As::host);
  CHECK(back.welcome.at("request").is_null());
  CHECK(kinds_of(server, *host, recording).back() == "seal");
  CHECK(back.welcome.dump().find(name) == std::string::npos);
  CHECK_FALSE(is_on_the_disk(server, name));
  CHECK(server.log_text().find(name) == std::string::npos);
  // Nor does the service remember who she was.
  WebSocketClient stale(server.port(), "/api/v1/rooms/" + host->room.room.hex() + "/ws");
  stale.send(Json{
      {"type", "join"},
      {"name", name},
      {"key", crypto::SigningKey::generate().public_key().text()},
      {"role", "participant"},
      {"resume",
       resume}}.dump());
  CHECK(json_text(stale.receive().value(), "code") == "cannot_resume");
}

TEST_CASE("who is alone and reconnects goes on with the same recording", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  // The old connection is not known to be dead yet.
  Attendee back(host, Attendee::As::host, "Anna", {.key = &anna.key, .resume = anna.welcome.at("resume")});
  CHECK(back.participant == anna.participant);
  REQUIRE(back.request);
  CHECK(back.request->id == anna.request->id);
  CHECK(back.welcome.at("gate").at("state") == "closed");
  CHECK(back.welcome.at("roster").size() == 1);
  CHECK(anna.is_closed());
  REQUIRE(back.approve().status == 201);
  while (back.gate.at("take") != 2) back.wait_for("gate");
  const auto kinds = kinds_of(server, host, anna.request->body.recording);
  CHECK(std::count(kinds.begin(), kinds.end(), "seal") == 1);
}

TEST_CASE("who cannot be welcomed is not on the roster", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  auto disk = storage::Database::open(server.data_folder() / "ledger.db").value();
  disk.handle().exec(
      "CREATE TRIGGER no_challenges BEFORE INSERT ON ledger_challenges BEGIN SELECT RAISE(ABORT, 'the disk fails'); "
      "END");
  CHECK_THROWS(Attendee(host, Attendee::As::participant));
  disk.handle().exec("DROP TRIGGER no_challenges");
  const Attendee carl(host, Attendee::As::participant);
  CHECK(carl.welcome.at("roster").size() == 2);
}

TEST_CASE("everybody in the room is told its new statement, after the gate closed; a request under it is taken at once",
          "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  meeting.host.room.previous = consent::id_of(meeting.host.room);
  meeting.host.room.version = 2;
  meeting.host.room.title = "Daily";
  const std::string envelope = consent::sign_statement(meeting.host.room, meeting.host.room_key);
  const Reply changed =
      server.fetch("PUT", "/api/v1/rooms/" + meeting.host.room.room.hex(), meeting.host.login, envelope_body(envelope));
  REQUIRE(changed.status == 200);
  for (Attendee* who : {&meeting.anna, &meeting.ben}) {
    CHECK(who->wait_for("room_changed").at("envelope") == envelope);
    CHECK(who->gate.at("state") == "closed");
    CHECK(who->wait_for("recording_ended").at("reason") == "room_changed");
    who->request.reset();
  }
  meeting.anna.ask();
  meeting.ben.wait_for_request();
  CHECK(meeting.ben.request->body.room_statement == consent::id_of(meeting.host.room));
}

TEST_CASE("what must be deleted ends in the middle of a meeting", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  auto body = host.request(anna.welcome.at("session"), {consent::Kind::audio});
  body.expires_ms = body.issued_ms + consent::SpanMs{1500 * testing::kSlower};
  body.delete_after_ms = body.expires_ms;
  REQUIRE(post_statement(server, consent::sign_statement(body, host.room_key), host.login).status == 201);
  anna.wait_for_request();
  CHECK(anna.wait_for("recording_ended").at("reason") == "expired");
  CHECK(wall_time() >= body.delete_after_ms);
}
