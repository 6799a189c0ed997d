// Who may come in, speak to whom, publish and read.

#include <catch2/catch.hpp>

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
