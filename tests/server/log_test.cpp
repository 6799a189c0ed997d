// What the log says, and what it never says: whole addresses, names, tokens, keys.

#include "server/log.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "recorded.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// By what they are.
using Secrets = std::map<std::string, std::string>;

void check_says_nothing_of(const Secrets& secrets, const std::string& log) {
  for (const auto& [what, secret] : secrets) {
    CAPTURE(what);
    REQUIRE(secret.size() >= 3);
    CHECK(log.find(secret) == std::string::npos);
  }
}

std::string value_of(const Headers& login) {
  const std::string& cookie = login.at(0).second;
  return cookie.substr(cookie.find('=') + 1);
}

}  // namespace

TEST_CASE("an IP address is shortened to its network", "[log]") {
  CHECK(shorten_address("192.0.2.17") == "192.0.2.0/24");
  CHECK(shorten_address("2001:db8:1:2::3") == "2001:db8:1::/48");
  CHECK(shorten_address("::ffff:192.0.2.17") == "192.0.2.0/24");
  CHECK(shorten_address("fe80::1%eth0") == "fe80::/48");
  CHECK(shorten_address("somebody") == "unknown");
}

TEST_CASE("a logged request holds no full address", "[log]") {
  std::string text;
  Log log(LogLevel::debug, [&](std::string_view line) { text += line; });
  log.request("GET", "/api/v1/rooms/{room}", 200, "192.0.2.17", 3);
  CHECK(text.find("GET /api/v1/rooms/{room} 200 3ms 192.0.2.0/24\n") != std::string::npos);
  CHECK(text.find("192.0.2.17") == std::string::npos);
}

TEST_CASE("one event is one line, whatever it quotes", "[log]") {
  std::string text;
  Log log(LogLevel::info, [&](std::string_view line) { text += line; });
  log.info("a\nb\r\x1b[31mc");
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("lines below the level are dropped", "[log]") {
  std::string text;
  Log log(LogLevel::warning, [&](std::string_view line) { text += line; });
  log.info("quiet");
  CHECK(text.empty());
  log.error("loud");
  CHECK_FALSE(text.empty());
}

TEST_CASE("at its most talkative level the log of a whole meeting holds no name, no token and no key", "[log]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const std::string reader =
      json_text(server.fetch("POST", target + "/tokens", meeting.host.login, "{}").body, "token");
  const std::string place = meeting.publish.at("url");
  const std::string token = meeting.publish.at("token");
  const Headers publishes = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/sdp"}};
  const recorder::test::Publisher ben({});
  const std::string offer = ben.offer();
  const Reply answer = server.fetch("POST", place, publishes, offer);
  REQUIRE(answer.status == 201);
  const std::string session = answer.headers.at("location");
  const auto line_of = [](const std::string& text, const std::string& mark) {
    const auto begin = text.find(mark) + mark.size();
    return text.substr(begin, text.find('\r', begin) - begin);
  };
  const Secrets secrets = {
      {"a name", "Ben"},
      {"a host's name", "Anna"},
      {"the name of a room", meeting.host.room.title},
      {"the purpose", meeting.anna.request->body.purpose},
      {"an e-mail address", "x@example.org"},
      {"a password", kPassword},
      {"a log-in", value_of(meeting.host.login)},
      {"a token to come back", meeting.ben.welcome.at("resume").get<std::string>()},
      {"a place to publish", place.substr(place.rfind('/') + 1)},
      {"a token to publish", token},
      {"a session of a publisher", session.substr(session.rfind('/') + 1)},
      {"an ICE password of a publisher", line_of(offer, "a=ice-pwd:")},
      {"an ICE password of the service", line_of(answer.body, "a=ice-pwd:")},
      {"a token to read", reader},
      {"a wrapped key", crypto::to_base64(*meeting.ben.wrapped).substr(0, 60)},
      {"a consent key", std::string(crypto::as_text(meeting.ben.consent_key->secret_text().view()))},
      {"a room key", std::string(crypto::as_text(meeting.host.room_identity.secret_text().view()))},
      {"the beginning of any such key", "AGE-SECRET-KEY"},
      {"an unknown address", "secret-in-a-path"},
      {"a query", "secret-in-a-query"},
      {"a body", "secret-in-a-body"},
      {"a whole address", "127.0.0.1"},
  };
  // What is refused is logged as well, and what fails is said in words.
  CHECK(server.fetch("GET", target, {{"Authorization", "Bearer " + reader}}).status == 200);
  CHECK(server.fetch("POST", place, {{"Authorization", "Bearer x" + token}}, offer).status == 403);
  CHECK(server.fetch("POST", place, publishes, "secret-in-a-body").status >= 400);
  CHECK(server.fetch("GET", "/api/v1/secret-in-a-path?token=secret-in-a-query").status == 404);
  CHECK(server.fetch("POST", "/api/v1/login", {}, R"({"user":"secret-in-a-body","password":)").status == 400);
  CHECK(server.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})")
            .status == 200);
  CHECK(server.fetch("DELETE", session, publishes).status == 200);
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  CHECK(server.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);

  const std::string log = server.log_text();
  CHECK(log.find("POST /whip/{place} 201") != std::string::npos);  // the log is there, and says this much
  CHECK(log.find("127.0.0.0/24") != std::string::npos);
  check_says_nothing_of(secrets, log);
}

TEST_CASE("the log holds no invitation, and nothing of the account that was made with it", "[log]") {
  const RunningServer server([](Config& config) { config.registration = Registration::invitation; });
  const std::string code = make_invitation(server.config()).value();
  const Reply made = server.fetch("POST", "/api/v1/accounts", {},
                                  R"({"user":"invited-host","email":"new@example.org","password":")" +
                                      std::string(kPassword) + R"(","invitation":")" + code + R"("})");
  REQUIRE(made.status == 201);
  const std::string& cookie = made.headers.at("set-cookie");
  check_says_nothing_of({{"an invitation", code},
                         {"a user", "invited-host"},
                         {"an e-mail address", "new@example.org"},
                         {"a password", kPassword},
                         {"a log-in", value_of({{"Cookie", cookie.substr(0, cookie.find(';'))}})}},
                        server.log_text());
}
