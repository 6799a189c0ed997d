// Too much at once, and the end of the service: who is refused, and who is not.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// More log-ins at once than the service works on: some are answered, the others told to come back.
void flood_with_log_ins(const RunningServer& server) {
  std::vector<std::unique_ptr<Socket>> flood;
  for (int i = 0; i < 25; ++i) {
    const std::string body = R"({"user":"nobody)" + std::to_string(i) + R"(","password":"wrong password"})";
    flood.push_back(std::make_unique<Socket>(server.address()));
    flood.back()->send("POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  unsigned wrong = 0;
  unsigned refused = 0;
  for (const auto& socket : flood) {
    std::string left_over;
    const Reply reply = read_reply(*socket, "POST", left_over);
    wrong += reply.status == 401;
    refused += reply.status == 503 && json_text(reply.body, "code") == "unavailable";
  }
  CHECK(wrong >= 8);
  CHECK(refused >= 1);
  CHECK(wrong + refused == flood.size());
}

/// More for a long run.
unsigned floods() {
  const char* wanted = std::getenv("UNAVOCE_TEST_FLOODS");
  return wanted != nullptr ? static_cast<unsigned>(std::stoul(wanted)) : 1;
}

}  // namespace

TEST_CASE("a flood of log-ins is refused while others wait, and the service goes on", "[accounts]") {
  for (unsigned i = 0; i < floods(); ++i) {
    const RunningServer server;
    const Headers host = server.host("host");
    flood_with_log_ins(server);
    CHECK(server.fetch("GET", "/api/v1/account", host).status == 200);
  }
}

TEST_CASE("nobody comes in any more once the service is ending", "[meeting]") {
  auto server = std::make_unique<RunningServer>();
  Recorded meeting(*server);
  WebSocketClient late(server->address(), "/api/v1/rooms/" + meeting.host.room.room.hex() + "/ws");
  // Sealing waits for the disk, and the service for the seal.
  auto disk = storage::Database::open(server->data_folder() / "ledger.db").value();
  disk.handle().exec("BEGIN IMMEDIATE");
  auto ended = std::async(std::launch::async, [&] { server.reset(); });
  REQUIRE(meeting.anna.is_closed());
  late.send(Json{
      {"type", "join"},
      {"name", "Late"},
      {"key", crypto::SigningKey::generate().public_key().text()},
      {"role", "participant"},
      {"resume",
       nullptr}}.dump());
  CHECK(json_text(late.receive().value_or(""), "code") == "unavailable");
  disk.handle().exec("ROLLBACK");
  ended.get();
}
