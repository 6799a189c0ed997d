// How many meetings one account holds at once: its rooms are many, the machine's meetings are not.

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// One more room of the same account.
std::unique_ptr<Host> another_room(const Host& host) {
  auto made = std::make_unique<Host>(host, host.server, host.login);
  made->room = new_room(host.server, made->room_key);
  made->room.recipients[0].recipient = made->room_identity.recipient();
  const Reply reply = host.server.fetch("POST", "/api/v1/rooms", made->login,
                                        envelope_body(consent::sign_statement(made->room, made->room_key)));
  REQUIRE(reply.status == 201);
  return made;
}

std::string join_message() {
  return Json{{"type", "join"},
              {"name", "Somebody"},
              {"key", crypto::SigningKey::generate().public_key().text()},
              {"role", "participant"},
              {"resume", nullptr}}
      .dump();
}

}  // namespace

TEST_CASE("one account holds so many meetings at once, others hold theirs, and the next when one is over", "[quota]") {
  const RunningServer server([](Config& config) { config.max_sessions_per_account = 2; });
  const Host first(server);
  const auto second = another_room(first);
  const auto third = another_room(first);
  const Host other(server, {}, "other");
  const Attendee in_first(first, Attendee::As::host);
  {
    const Attendee in_second(*second, Attendee::As::host);
    CHECK_THROWS_WITH(Attendee(*third, Attendee::As::host), Catch::Contains("too_many_sessions_of_account"));
    CHECK_THROWS_WITH(Attendee(*third, Attendee::As::participant), Catch::Contains("too_many_sessions_of_account"));
    CHECK_NOTHROW(Attendee(first, Attendee::As::participant));  // one that is under way is not touched
    CHECK_NOTHROW(Attendee(other, Attendee::As::host));
  }
  // The service hears of a closed connection in its own time.
  for (bool inside = false; !inside;) {
    try {
      const Attendee later(*third, Attendee::As::host);
      inside = true;
    } catch (const std::runtime_error& refused) {
      REQUIRE_THAT(refused.what(), Catch::Contains("too_many_sessions_of_account"));
    }
  }
}

TEST_CASE("of many who open an account's rooms at the same moment no more come in than it may hold", "[quota]") {
  const RunningServer server([](Config& config) { config.max_sessions_per_account = 2; });
  const Host host(server);
  std::vector<std::unique_ptr<WebSocketClient>> sockets;
  for (int i = 0; i < 8; ++i) {
    const auto room = another_room(host);
    sockets.push_back(
        std::make_unique<WebSocketClient>(server.address(), "/api/v1/rooms/" + room->room.room.hex() + "/ws"));
  }
  for (const auto& socket : sockets) socket->send(join_message());
  std::vector<std::string> answers;
  for (const auto& socket : sockets) answers.push_back(Json::parse(socket->receive().value()).at("type"));
  CHECK(std::ranges::count(answers, std::string("welcome")) == 2);
  CHECK(std::ranges::count(answers, std::string("problem")) == 6);
}

TEST_CASE("two who open the last meeting of an account at the same moment are both in it", "[quota]") {
  const RunningServer server([](Config& config) { config.max_sessions_per_account = 1; });
  const Host host(server);
  const std::string target = "/api/v1/rooms/" + host.room.room.hex() + "/ws";
  WebSocketClient one(server.address(), target);
  WebSocketClient two(server.address(), target);
  one.send(join_message());
  two.send(join_message());
  CHECK(Json::parse(one.receive().value()).at("type") == "welcome");
  CHECK(Json::parse(two.receive().value()).at("type") == "welcome");
}
