// Requests whose bodies arrive a byte at a time: they keep their places as long as nobody else needs them.

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "recorded.hpp"
#include "small_server.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using unavoce::testing::patience;
using namespace std::chrono_literals;

namespace {

/// Has a body read of which nothing more comes than a byte now and then. False: there was no place for it.
bool begins_to_dawdle(Socket& socket, const std::string& target = "/", const std::string& headers = {}) {
  socket.send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\nExpect: 100-continue\r\n" +
              headers + "\r\n");
  const bool is_read = socket.receive().starts_with("HTTP/1.1 100");
  socket.send("x");
  return is_read;
}

void check_is_sent_away(Socket& socket) {
  std::string left_over;
  const Reply reply = read_reply(socket, "POST", left_over);
  CHECK(reply.status == 408);
  CHECK(reply.headers.at("connection") == "close");
  CHECK(reply.headers.at("content-type") == "application/problem+json");
  CHECK(json_text(reply.body, "code") == "too_slow");
  CHECK(socket.receive().empty());
  CHECK(socket.is_over());
}

unsigned ask(std::uint16_t port) {
  Socket socket(port);
  std::string left_over;
  socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  return read_reply(socket, "GET", left_over).status;
}

}  // namespace

TEST_CASE("bodies that dawdle keep no withdrawal out, however many there are", "[connections]") {
  const RunningServer server([](Config& config) {
    config.max_connections = 16;
    config.body_patience = 100ms;
    config.max_requests_per_second = 1'000'000;
    // Each from an address of its own.
    config.trusted_proxies = {AddressBlock::parse("127.0.0.1").value()};
  });
  Recorded meeting(server);
  std::vector<std::unique_ptr<Socket>> dawdling;
  for (int i = 0; i < 48; ++i) {
    auto& socket = dawdling.emplace_back(std::make_unique<Socket>(server.address()));
    // Another one of these that is not too slow yet may have the place; then this one is turned away.
    begins_to_dawdle(*socket, "/api/v1/statements", "X-Forwarded-For: 192.0.2." + std::to_string(i) + "\r\n");
    if (i % 8 == 7) std::this_thread::sleep_for(150ms);
  }
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  meeting.anna.wait_for_gate("closed");
}

TEST_CASE("a body that arrives at an ordinary speed is not cut", "[connections]") {
  HttpLimits limits;
  limits.connections = {2, 2};
  limits.connections.ordinary_body = patience(60s);
  limits.body_pace = {patience(3s), 1000};
  const SmallServer server(limits);
  Socket ordinary(server.port());
  const int pieces = 5 + static_cast<int>(patience(4s) / 50ms);
  const std::string piece(512, 'x');
  ordinary.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(pieces * piece.size()) +
                "\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(ordinary.receive().starts_with("HTTP/1.1 100"));
  Socket dawdles(server.port());
  REQUIRE(begins_to_dawdle(dawdles));
  for (int i = 0; i < pieces - 5; ++i) {  // longer than anybody's patience
    ordinary.send(piece);
    dawdles.send("x");
    std::this_thread::sleep_for(50ms);
  }
  Socket next(server.port());
  REQUIRE(begins_to_dawdle(next));
  ordinary.send(piece);
  CHECK(ask(server.port()) == 503);  // sooner than that anybody who is on time is sent away
  check_is_sent_away(dawdles);
  for (int i = 0; i < 4; ++i) ordinary.send(piece);
  std::string left_over;
  const Reply reply = read_reply(ordinary, "POST", left_over);
  CHECK(reply.status == 200);
  CHECK(reply.body == "127.0.0.1 " + std::to_string(pieces * piece.size()));
}

TEST_CASE("of bodies that arrive the slow one makes way, whichever came first, and reads why", "[connections]") {
  HttpLimits limits;
  limits.connections = {2, 2};
  limits.connections.ordinary_body = patience(60s);
  limits.body_pace = {patience(4s), 1000};
  const SmallServer server(limits);
  Socket first(server.port());
  Socket second(server.port());
  REQUIRE(begins_to_dawdle(first));
  REQUIRE(begins_to_dawdle(second));
  CHECK(ask(server.port()) == 503);  // none of them is late yet
  std::this_thread::sleep_for(patience(2s));
  first.send(std::string(3000, 'x'));  // three more seconds
  std::this_thread::sleep_for(patience(2500ms));
  CHECK(ask(server.port()) == 200);
  check_is_sent_away(second);
  first.send(std::string(999, 'x'));
  std::string left_over;
  CHECK(read_reply(first, "POST", left_over).body == "127.0.0.1 4000");
}

TEST_CASE("whoever takes longer for a body than any may take reads so, although nobody needs the place",
          "[connections]") {
  HttpLimits limits;
  limits.body = 100ms;
  const SmallServer server(limits);
  Socket socket(server.port());
  REQUIRE(begins_to_dawdle(socket));
  std::this_thread::sleep_for(150ms);
  socket.send("x");
  check_is_sent_away(socket);
}

TEST_CASE("bodies that dawdle hold memory only until others need it", "[connections]") {
  HttpLimits limits;
  limits.connections.body_bytes = 1000;
  limits.small_body = 100;
  limits.body_pace = {patience(3s), 1000};
  const SmallServer server(limits);
  Socket dawdles(server.port());
  REQUIRE(begins_to_dawdle(dawdles));
  dawdles.send(std::string(600, 'x'));
  std::this_thread::sleep_for(patience(4s));
  Socket other(server.port());
  other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'));
  std::string left_over;
  CHECK(read_reply(other, "POST", left_over).status == 200);
  check_is_sent_away(dawdles);
  // What has been answered holds none.
  other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  CHECK(read_reply(other, "POST", left_over).status == 200);
  other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1002\r\n\r\n" + std::string(1001, 'x'));
  CHECK(read_reply(other, "POST", left_over).status == 503);
}

TEST_CASE("a small body, and any that is here as a whole, is taken although others hold all memory", "[connections]") {
  HttpLimits limits;
  limits.connections.body_bytes = 20'000;
  limits.connections.ordinary_body = patience(60s);
  limits.body_pace = {patience(60s), 1000};
  const SmallServer server(limits);
  Socket holds(server.port());
  holds.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20001\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(holds.receive().starts_with("HTTP/1.1 100"));
  holds.send(std::string(20'000, 'x'));
  std::this_thread::sleep_for(patience(1s));  // it is read in many pieces
  const auto sends = [&](std::size_t announced, std::size_t sent) {
    Socket socket(server.port());
    socket.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(announced) + "\r\n\r\n" +
                std::string(sent, 'x'));
    std::string left_over;
    return read_reply(socket, "POST", left_over).status;
  };
  for (int i = 0; i < 5; ++i) CHECK(sends(2000, 2000) == 200);
  CHECK(sends(20'000, 17'000) == 503);
  Socket slow(server.port());
  slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(slow.receive().starts_with("HTTP/1.1 100"));
  slow.send(std::string(1000, 'x'));
  CHECK(sends(2000, 2000) == 200);  // by now the half is here, and nobody refuses it
  slow.send(std::string(1000, 'x'));
  std::string left_over;
  CHECK(read_reply(slow, "POST", left_over).status == 200);
  holds.send("x");
  CHECK(read_reply(holds, "POST", left_over).body == "127.0.0.1 20001");
}
