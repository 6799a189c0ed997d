// STUN and TURN servers: what is told of them, to whom, and with which credentials.

#include "server/ice_servers.hpp"

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

constexpr const char* kSecret = "the static-auth-secret of coturn";

void with_turn(Config& config) {
  config.ice_servers = {"stun:stun.example"};
  config.turn_servers = {"turn:turn.example:3478", "turns:turn.example:5349?transport=tcp"};
  config.turn_secret = kSecret;
}

/// Whether a TURN server that knows the secret lets this in now.
bool is_let_in(const Json& server) {
  const std::string username = server.at("username");
  const auto colon = username.find(':');
  const std::int64_t expires_s = std::stoll(username);
  return expires_s > wall_time().value / 1000 &&
         server.at("credential") == turn_credential(kSecret, expires_s, username.substr(colon + 1)).credential;
}

const Json stun_only = Json::array({Json::object({{"urls", "stun:stun.example"}})});

}  // namespace

TEST_CASE("a TURN credential is what coturn computes from the same secret", "[ice]") {
  // printf %s 1800000000:0123456789abcdef | openssl dgst -sha1 -hmac 'the static-auth-secret of coturn' -binary |
  // base64
  const auto made = turn_credential(kSecret, 1'800'000'000, "0123456789abcdef");
  CHECK(made.username == "1800000000:0123456789abcdef");
  CHECK(made.credential == "aGyhR2LYRi/r4FueKCkU+RUU7hU=");
}

TEST_CASE("TURN credentials hold for a day, and no two people get the same", "[ice]") {
  Config config;
  with_turn(config);
  const auto servers = all_ice_servers(config, {1'700'000'000'123});
  REQUIRE(servers.size() == 3);
  CHECK(servers[0].username.empty());
  CHECK(servers[1].url == "turn:turn.example:3478");
  CHECK(servers[1].username.starts_with("1700086400:"));
  CHECK(servers[2].credential == servers[1].credential);
  CHECK(all_ice_servers(config, {1'700'000'000'123})[1].username != servers[1].username);
  CHECK(public_ice_servers(config).size() == 1);
}

TEST_CASE("a Link header names the server as RFC 9725 has it", "[ice]") {
  CHECK(link_value({"stun:stun.example:3478"}) == "<stun:stun.example:3478>; rel=\"ice-server\"");
  CHECK(link_value({"turn:turn.example?transport=udp", "1:a", "b+/="}) ==
        "<turn:turn.example?transport=udp>; rel=\"ice-server\"; username=\"1:a\"; credential=\"b+/=\"; "
        "credential-type=\"password\"");
}

TEST_CASE("those inside a meeting are told of the TURN servers, others are not", "[ice]") {
  const RunningServer server(with_turn);
  const Host host(server);
  const Attendee anna(host, Attendee::As::host);
  const Json& told = anna.welcome.at("ice_servers");
  REQUIRE(told.size() == 3);
  CHECK(told.at(0) == stun_only.at(0));
  CHECK(told.at(2).at("urls") == "turns:turn.example:5349?transport=tcp");
  CHECK(is_let_in(told.at(1)));
  CHECK(is_let_in(told.at(2)));
  CHECK(Json::parse(server.fetch("GET", "/api/v1/config").body).at("ice_servers") == stun_only);
}

TEST_CASE("in front of the door nobody is told of the TURN servers, inside they are", "[ice][lobby]") {
  const RunningServer server(with_turn);
  Recorded meeting(server, [](consent::Room& room) { room.lobby = true; });
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.welcome.at("ice_servers") == stun_only);
  REQUIRE(carl.approve().status == 201);
  const Json told = carl.wait_for("entered").at("ice_servers");
  REQUIRE(told.size() == 3);
  CHECK(is_let_in(told.at(1)));
}

TEST_CASE("neither the secret of the TURN servers nor what is made from it is logged, stored or told", "[ice]") {
  const RunningServer server([](Config& config) {
    with_turn(config);
    config.log_level = LogLevel::debug;
  });
  const Host host(server);
  const Attendee anna(host, Attendee::As::host);
  const std::string credential = anna.welcome.at("ice_servers").at(1).at("credential");
  CHECK(anna.welcome.dump().find(kSecret) == std::string::npos);
  for (const std::string& secret : {std::string(kSecret), credential}) {
    CHECK(server.log_text().find(secret) == std::string::npos);
    CHECK_FALSE(is_on_the_disk(server, secret));
  }
}
