// How much one address, account, connection and the machine may have of everything, and that a recording goes on while
// somebody asks for more.

#include <atomic>
#include <catch2/catch.hpp>

#include "recorded.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// A proxy in front of the service, in whose name the test asks from any address.
void behind_a_proxy(Config& config) {
  config.trusted_proxies = {AddressBlock::parse("127.0.0.1").value()};
}

Reply ask_from(const Service& server, const std::string& address, const char* method, const char* target,
               const std::string& body = {}) {
  return server.fetch(method, target, {{"X-Forwarded-For", address}}, body);
}

std::string login(const std::string& user) {
  return R"({"user":")" + user + R"(","password":"guess number 1"})";
}

void check_is_told_to_wait(const Reply& reply, const std::string& code) {
  check_problem(reply, 429, code);
  CHECK(reply.headers.contains("retry-after"));
}

}  // namespace

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

TEST_CASE("one address that sends too many statements is told to wait, and nobody else", "[quota]") {
  const RunningServer server([](Config& config) {
    config.max_requests_per_second = 1;
    behind_a_proxy(config);
  });
  const auto send = [&](const char* from) { return ask_from(server, from, "POST", "/api/v1/statements"); };
  Reply reply = send("192.0.2.1");
  check_problem(reply, 400, "malformed");
  for (int i = 0; i < 100 && reply.status == 400; ++i) reply = send("192.0.2.1");
  check_is_told_to_wait(reply, "too_many_requests");
  check_problem(send("192.0.2.2"), 400, "malformed");
  // What else comes from there is counted by itself.
  CHECK(ask_from(server, "192.0.2.1", "GET", "/api/v1/health").status == 200);
}

TEST_CASE("one network that registers too many accounts is told to wait, and no other", "[quota]") {
  const RunningServer server(behind_a_proxy);
  const auto attempt = [&](const std::string& from) {
    return ask_from(server, from, "POST", "/api/v1/accounts", "{}");
  };
  Reply reply = attempt("192.0.2.1");
  check_problem(reply, 400, "malformed");
  for (int i = 2; i < 250 && reply.status == 400; ++i) reply = attempt("192.0.2." + std::to_string(i));
  check_is_told_to_wait(reply, "rate_limited");
  check_problem(attempt("198.51.100.1"), 400, "malformed");
}

TEST_CASE("one network that tries too many log-ins is told to wait, whatever user it names, and no other", "[quota]") {
  const RunningServer server(behind_a_proxy);
  const auto attempt = [&](const char* from, const std::string& user) {
    return ask_from(server, from, "POST", "/api/v1/login", login(user));
  };
  // Most of these are refused for the user's sake, and count all the same.
  for (int i = 0; i < 60; ++i) attempt("192.0.2.1", "ada");
  // Nobody tried these before; more than one, because an attempt comes back every two seconds.
  Reply reply = attempt("192.0.2.2", "user0");
  for (int i = 1; i < 10 && reply.status == 401; ++i) reply = attempt("192.0.2.2", "user" + std::to_string(i));
  check_is_told_to_wait(reply, "rate_limited");
  check_problem(attempt("198.51.100.1", "user0"), 401, "wrong_credentials");
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
  recorder::test::PublisherOptions everywhere;
  everywhere.address.clear();  // the service, too, uses the machine's addresses
  recorder::test::Publisher ben(everywhere);
  const Reply answer = server.fetch("POST", meeting.publish.at("url").get<std::string>(),
                                    {{"Content-Type", "application/sdp"},
                                     {"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()}},
                                    ben.offer());
  REQUIRE(answer.status == 201);
  ben.accept(answer.body);
  const auto sealed = [&] { return bytes_of(server, ".tail.age") + bytes_of(server, ".webm.age"); };
  await([&] { return sealed() > 20'000; });
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
  // What is said meanwhile is sealed meanwhile.
  const std::uintmax_t before_the_growth = sealed();
  const std::uint64_t answered_before = answers;
  CHECK_NOTHROW(await([&] { return sealed() > before_the_growth + 20'000; }));
  CHECK(answers > answered_before);
  const std::uint64_t before = answers;
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  meeting.anna.wait_for_gate("closed");
  CHECK(answers - before < 4 * in_between);  // Ben's file is ended and erased meanwhile
  over = true;
  for (std::thread& thread : flood) thread.join();
}
