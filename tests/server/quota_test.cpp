// How much one address, account, connection and the machine may have of everything, and that a recording goes on while
// somebody asks for more.

#include <atomic>
#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("one address that asks too often is told to wait, and nobody else", "[quota]") {
  const RunningServer server([](Config& config) {
    config.max_requests_per_second = 1;
    config.trusted_proxies = {AddressBlock::parse("127.0.0.1").value()};
  });
  const auto ask = [&](const char* method, const char* target, const char* from) {
    return server.fetch(method, target, {{"X-Forwarded-For", from}});
  };
  Reply reply = ask("GET", "/api/v1/health", "192.0.2.1");
  CHECK(reply.status == 200);
  for (int i = 0; i < 100 && reply.status == 200; ++i) reply = ask("GET", "/api/v1/health", "192.0.2.1");
  check_problem(reply, 429, "too_many_requests");
  CHECK(reply.headers.contains("retry-after"));
  CHECK(ask("GET", "/api/v1/health", "192.0.2.2").status == 200);
  // A withdrawal is not kept waiting by what else came from there.
  check_problem(ask("POST", "/api/v1/statements", "192.0.2.1"), 400, "malformed");
}

TEST_CASE("one account has so many rooms and no more", "[quota]") {
  const RunningServer server([](Config& config) { config.max_rooms_per_account = 2; });
  const Headers login = server.host("ada");
  const auto make = [&] {
    const auto key = crypto::SigningKey::generate();
    return server.fetch("POST", "/api/v1/rooms", login,
                        envelope_body(consent::sign_statement(new_room(server, key), key)));
  };
  CHECK(make().status == 201);
  CHECK(make().status == 201);
  check_problem(make(), 403, "too_many_rooms");
}

TEST_CASE("the machine takes so many meetings, and the next one when another is over", "[quota]") {
  const RunningServer server([](Config& config) { config.max_sessions = 1; });
  const Host here(server);
  const Host there(server, {}, "other");
  {
    const Attendee somebody(here, Attendee::As::host);
    CHECK_THROWS_WITH(Attendee(there, Attendee::As::host), Catch::Contains("too_many_sessions"));
    CHECK_NOTHROW(Attendee(here, Attendee::As::participant));  // a meeting that is under way is not touched
  }
  // The service hears of a closed connection in its own time.
  for (bool inside = false; !inside;) {
    try {
      const Attendee later(there, Attendee::As::host);
      inside = true;
    } catch (const std::runtime_error& refused) {
      REQUIRE_THAT(refused.what(), Catch::Contains("too_many_sessions"));
    }
  }
}

TEST_CASE("whoever floods their own connection with messages loses it, and nobody else theirs", "[quota]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  for (int i = 0; i < 5000; ++i) ben.send({{"type", "ping"}});
  CHECK(ben.wait_for("problem").at("problem").at("code") == "too_many_messages");
  CHECK(ben.is_closed());
  CHECK_FALSE(anna.was_sent("problem"));
}

TEST_CASE("whoever opens a room's connection and does not join is sent away", "[quota]") {
  const RunningServer server([](Config& config) { config.join_within = std::chrono::milliseconds(50); });
  const Host host(server);
  WebSocketClient silent(server.address(), "/api/v1/rooms/" + host.room.room.hex() + "/ws");
  CHECK(json_text(silent.receive().value_or(""), "code") == "join_first");
  CHECK_FALSE(silent.receive());
  CHECK(silent.was_closed());
}

TEST_CASE("a recording goes on, and can be withdrawn from, while a flood of requests is answered", "[quota]") {
  const RunningServer server([](Config& config) { config.max_requests_per_second = 1'000'000; });
  Recorded meeting(server);
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> answers = 0;
  const std::string target = "/api/v1/rooms/" + meeting.host.room.room.hex();  // asks the database, too
  std::vector<std::thread> flood;
  for (int i = 0; i < 6; ++i) {
    flood.emplace_back([&] {
      Socket socket(server.address());
      std::string left_over;
      while (!over) {
        socket.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        answers += read_reply(socket, "GET", left_over).status == 200;
      }
    });
  }
  while (answers < 100) std::this_thread::yield();
  // Everybody is served in turn: between a message and its answer there is room for a few answers of each flooding
  // connection. The bound is wide, because this thread may be kept waiting as well.
  constexpr std::uint64_t in_between = 5000;
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t before = answers;
    CHECK_FALSE(meeting.anna.was_sent("recording_ended"));
    CHECK(answers - before < in_between);
  }
  CHECK(meeting.anna.gate.at("state") == "open");
  const std::uint64_t before = answers;
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  meeting.anna.wait_for_gate("closed");
  CHECK(answers - before < in_between);
  over = true;
  for (std::thread& thread : flood) thread.join();
}
