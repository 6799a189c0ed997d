// Who may come in, speak to whom, publish and read.

#include <catch2/catch.hpp>
#include <future>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("who may not join is told why", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  WebSocketClient stranger(server.port(), "/api/v1/rooms/" + host.room.room.hex() + "/ws");
  REQUIRE(stranger.is_open());
  stranger.send(R"({"type":"leave"})");
  CHECK(json_text(stranger.receive().value(), "code") == "join_first");
  stranger.send("no JSON");
  CHECK(json_text(stranger.receive().value(), "code") == "malformed");
  const std::string key = crypto::SigningKey::generate().public_key().text();
  stranger.send(R"({"type":"join","name":"x","role":"host","resume":null,"key":")" + key + "\"}");
  CHECK(json_text(stranger.receive().value(), "code") == "not_the_host");
  CHECK_FALSE(stranger.receive());  // closed
  const WebSocketClient nowhere(server.port(), "/api/v1/rooms/" + std::string(32, 'a') + "/ws");
  CHECK(nowhere.reply().status == 404);
}

TEST_CASE("a meeting takes six people, and one place is kept for a host", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  std::vector<std::unique_ptr<Attendee>> people;
  for (int i = 0; i < 5; ++i) people.push_back(std::make_unique<Attendee>(host, Attendee::As::participant));
  const auto refusal = [&] {
    try {
      Attendee(host, Attendee::As::participant);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal().find("room_full") != std::string::npos);
  people.push_back(std::make_unique<Attendee>(host, Attendee::As::host));
  CHECK(refusal().find("room_full") != std::string::npos);
  people.erase(people.begin());
  while (people.back()->wait_for("roster").at("roster").size() != 5) {
  }
  CHECK(refusal().empty());  // with a host inside all places are for everybody
}

TEST_CASE("who came and went long ago cannot resume, who left just now can", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  const auto come_and_go = [&] {
    const Attendee somebody(host, Attendee::As::participant);
    return std::pair{crypto::SigningKey::from_seed(somebody.key.seed().view()).value(),
                     somebody.welcome.at("resume").get<std::string>()};
  };
  const auto first = come_and_go();
  std::optional<std::pair<crypto::SigningKey, std::string>> last;
  for (int i = 0; i < 70; ++i) {
    last.emplace(come_and_go());
    // They are gone when the others are told.
    while (anna.wait_for("roster").at("roster").size() != 1) {
    }
  }
  const auto resume = [&](const auto& who) {
    const Attendee back(host, Attendee::As::participant, "Back", {.key = &who.first, .resume = who.second});
  };
  CHECK_THROWS_WITH(resume(first), Catch::Contains("cannot_resume"));
  CHECK_NOTHROW(resume(*last));
}

TEST_CASE("whoever floods the others with signals is cut off, and nobody else", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  const std::string data(GENERATE(std::size_t{10}, std::size_t{30'000}), 'x');
  for (int i = 0; i < 400; ++i) ben.send({{"type", "signal"}, {"to", anna.participant}, {"data", data}});
  CHECK(ben.wait_for("problem").at("problem").at("code") == "too_many_signals");
  CHECK(ben.is_closed());
  CHECK(anna.was_sent("signal"));  // and she is still there
}

TEST_CASE("signals of the mesh reach the one they are for", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  Attendee carl(host, Attendee::As::participant);
  ben.send({{"type", "signal"}, {"to", anna.participant}, {"data", {{"sdp", "v=0"}}}});
  const Json signal = anna.wait_for("signal");
  CHECK(signal.at("from") == ben.participant);
  CHECK(signal.at("data").at("sdp") == "v=0");
  CHECK_FALSE(carl.was_sent("signal"));
}

TEST_CASE("a place to publish needs its token, the right type and an approved kind", "[meeting][whip]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string url = meeting.publish.at("url");
  const std::string token = "Bearer " + meeting.publish.at("token").get<std::string>();
  auto post = [&](const std::string& target, Headers headers, const std::string& body = "v=0\r\n") {
    return server.fetch("POST", target, headers, body);
  };
  check_problem(post(url, {{"Content-Type", "application/sdp"}}), 401, "unauthorised");
  check_problem(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", "Bearer x"}}), 403, "wrong_token");
  check_problem(post(url, {{"Content-Type", "text/plain"}, {"Authorization", token}}), 415, "unsupported_media_type");
  check_problem(post("/whip/" + std::string(32, '0'), {{"Authorization", token}}), 404, "not_found");
  check_problem(post(url + "?kind=screen", {{"Content-Type", "application/sdp"}, {"Authorization", token}}), 403,
                "not_approved");
  CHECK(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", token}}).status == 400);
  check_problem(server.fetch("POST", url, {{"Authorization", token}}, std::string(70000, 'x')), 413, "too_large");
  check_problem(server.fetch("PATCH", url + "/x", {{"Authorization", token}}), 404, "not_found");
  check_problem(server.fetch("DELETE", url + "/" + std::string(32, '0'), {{"Authorization", token}}), 404, "not_found");
  REQUIRE(post_statement(server, meeting.ben.withdrawal()).status == 201);
  check_problem(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", token}}), 404, "not_found");
}

TEST_CASE("recordings are read by their host and by a token for that one", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  check_problem(server.fetch("GET", target), 401, "unauthorised");
  check_problem(server.fetch("GET", target, server.host("mallory")), 404, "not_found");
  check_problem(server.fetch("POST", target + "/stop", server.host("eve"), "{}"), 404, "not_found");
  const std::string token = json_text(server.fetch("POST", target + "/tokens", meeting.host.login, "{}").body, "token");
  const Headers bearer = {{"Authorization", "Bearer " + token}};
  CHECK(server.fetch("GET", target, bearer).status == 200);
  check_problem(server.fetch("GET", "/api/v1/recordings", bearer), 401, "unauthorised");
  check_problem(server.fetch("POST", target + "/stop", bearer, "{}"), 401, "unauthorised");
}

TEST_CASE("a participant reads their own tracks, of whatever take, and nobody else's", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex() + "/tracks/";
  const Headers bearer = {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()}};
  const auto name_of = [](const char* take, const Attendee& person) {
    return std::string(take) + "-" + person.last_approval.hex().substr(0, 16) + "-f001.webm.age";
  };
  // There is no such take: that is said to those who might read it.
  for (const char* take : {"t999", "t1000", "t123456"}) {
    check_problem(server.fetch("GET", target + name_of(take, meeting.ben), bearer), 410, "gone");
    check_problem(server.fetch("GET", target + name_of(take, meeting.anna), bearer), 401, "unauthorised");
  }
}

TEST_CASE("a token that the disk refused while it was given out reads before recording goes on", "[meeting]") {
  const RunningServer server([](Config& config) { config.try_again_after = std::chrono::milliseconds(100); });
  Recorded meeting(server);
  auto database = storage::Database::open(server.data_folder() / "unavoce.db").value();
  database.handle().exec(
      "CREATE TRIGGER test_fault BEFORE INSERT ON grants BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  const Reply reply = meeting.ben.approve();
  REQUIRE(reply.status == 201);
  const std::string token = Json::parse(reply.body).at("publish").at("token");
  while (meeting.anna.gate.at("reason") != "ledger_fault") meeting.anna.wait_for("gate");
  database.handle().exec("DROP TRIGGER test_fault");
  meeting.anna.wait_for_gate("open");
  const std::string track = "/tracks/t999-" + meeting.ben.last_approval.hex().substr(0, 16) + "-f001.webm.age";
  check_problem(server.fetch("GET", "/api/v1/recordings/" + meeting.recording().hex() + track,
                             {{"Authorization", "Bearer " + token}}),
                410, "gone");
}

TEST_CASE("a token reads although the disk refuses to forget one that has expired; the next one forgets it",
          "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  auto database = storage::Database::open(server.data_folder() / "unavoce.db").value();
  const auto expired = [&] {
    return database.handle().execAndGet("SELECT count(*) FROM grants WHERE expires_ms = 1").getInt();
  };
  database.handle().exec("INSERT INTO grants SELECT x'01', recording, NULL, 1 FROM recordings LIMIT 1");
  database.handle().exec(
      "CREATE TRIGGER test_fault BEFORE DELETE ON grants BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  const std::string recording = "/api/v1/recordings/" + meeting.recording().hex();
  const Headers bearer = {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()}};
  CHECK(server.fetch("GET", recording + "/tracks", bearer).status == 200);
  database.handle().exec("DROP TRIGGER test_fault");
  CHECK(expired() == 1);
  CHECK(server.fetch("POST", recording + "/tokens", meeting.host.login, "{}").status == 201);
  CHECK(expired() == 0);
}

TEST_CASE("of an account that is deleted no room stays, also none that another device makes meanwhile", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  const auto make_room = [&] {
    const auto key = crypto::SigningKey::generate();
    const consent::Room room = new_room(server, key);
    return server.fetch("POST", "/api/v1/rooms", host.login, envelope_body(consent::sign_statement(room, key))).status;
  };
  for (int room = 0; room < 5; ++room) REQUIRE(make_room() == 201);
  auto deleted = std::async(std::launch::async, [&] {
    return server.fetch("DELETE", "/api/v1/account", host.login, std::string(R"({"password":")") + kPassword + R"("})");
  });
  unsigned status = 201;
  while (status == 201 || status == 403) status = make_room();  // 403: as many as one account may have
  CHECK(status == 401);
  CHECK(deleted.get().status == 204);
  auto database = storage::Database::open(server.data_folder() / "unavoce.db").value();
  CHECK(database.handle().execAndGet("SELECT count(*) FROM rooms").getInt() == 0);
}
