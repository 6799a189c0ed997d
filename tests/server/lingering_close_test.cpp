// Whoever is refused while they are still sending reads why; whoever then does not stop is cut off.

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "running_server.hpp"
#include "small_server.hpp"
#include "tests/program.hpp"
#include "tls_client.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
using namespace std::chrono_literals;

namespace {

const std::string kPiece(64u << 10u, 'x');

/// Begins a request whose body is larger than a small server takes.
void begin_too_large(Socket& socket, std::size_t pieces) {
  socket.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(pieces * kPiece.size()) + "\r\n\r\n");
}

unsigned status_read_by(Socket& socket) {
  std::string left_over;
  return read_reply(socket, "POST", left_over).status;
}

/// Waits until no more than so many are connected.
bool falls_to(SmallServer& server, std::size_t connections) {
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (server.connections() > connections && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(10ms);
  return server.connections() == connections;
}

}  // namespace

TEST_CASE("whoever is refused while they are still sending their body reads why", "[connections]") {
  const SmallServer server((HttpLimits()));
  Socket socket(server.port());
  constexpr std::size_t pieces = 64;
  begin_too_large(socket, pieces);
  for (std::size_t i = 0; i < pieces; ++i) socket.send(kPiece);
  CHECK(status_read_by(socket) == 413);
}

TEST_CASE("whoever is refused in the middle of a body without a length reads why", "[connections]") {
  const SmallServer server((HttpLimits()));
  Socket socket(server.port());
  socket.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 40; ++i) socket.send("10000\r\n" + kPiece + "\r\n");
  socket.send("0\r\n\r\n");
  CHECK(status_read_by(socket) == 413);
}

TEST_CASE("over TLS, too, an early refusal can be read", "[connections]") {
  const Certificate made = new_certificate();
  const unavoce::testing::TemporaryFolder folder;
  unavoce::testing::write_text(folder / "fullchain.pem", made.certificate);
  unavoce::testing::write_text(folder / "privkey.pem", made.key);
  const RunningServer server([&](Config& config) {
    config.tls_certificate = folder / "fullchain.pem";
    config.tls_key = folder / "privkey.pem";
  });
  Socket socket(server.address());
  socket.send("POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n");
  for (int i = 0; i < 16; ++i) socket.send(kPiece);
  CHECK(status_read_by(socket) == 413);
}

TEST_CASE("whoever finds no place and has sent their request already reads why", "[connections]") {
  HttpLimits limits;
  limits.connections = {1, 1};
  limits.body_pace.patience = 60s;
  const SmallServer server(limits);
  Socket busy(server.port());
  busy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(busy.receive().starts_with("HTTP/1.1 100"));
  Socket refused(server.port());
  begin_too_large(refused, 16);
  for (int i = 0; i < 16; ++i) refused.send(kPiece);
  CHECK(status_read_by(refused) == 503);
}

TEST_CASE("whoever was refused and does not stop sending is cut off", "[connections]") {
  HttpLimits limits;
  limits.lingering.bytes = 1u << 20u;
  limits.lingering.time = 60s;
  SmallServer server(limits);
  Socket socket(server.port());
  begin_too_large(socket, 1'000'000);
  REQUIRE(status_read_by(socket) == 413);
  // `send` returns at once when nobody takes it any more.
  bool is_over = false;
  for (int i = 0; i < 1000 && !is_over; ++i) {
    socket.send(kPiece);
    is_over = server.connections() == 0;
  }
  CHECK(is_over);
}

TEST_CASE("whoever was refused and neither sends nor closes is not waited for", "[connections]") {
  HttpLimits limits;
  limits.lingering.time = 200ms;
  SmallServer server(limits);
  Socket socket(server.port());
  begin_too_large(socket, 100);
  REQUIRE(status_read_by(socket) == 413);
  CHECK(falls_to(server, 0));
}

TEST_CASE("only so many of those who were refused are waited for at once", "[connections]") {
  HttpLimits limits;
  limits.lingering.time = 60s;
  limits.lingering.at_once = 2;
  SmallServer server(limits);
  std::vector<std::unique_ptr<Socket>> refused;
  for (int i = 0; i < 8; ++i) {
    refused.push_back(std::make_unique<Socket>(server.port()));
    begin_too_large(*refused.back(), 100);
    CHECK(status_read_by(*refused.back()) == 413);
  }
  CHECK(falls_to(server, 2));
}

TEST_CASE("those who were refused and are waited for make way for others", "[connections]") {
  HttpLimits limits;
  limits.connections = {2, 2};
  limits.lingering.time = 60s;
  const SmallServer server(limits);
  std::vector<std::unique_ptr<Socket>> refused;
  for (int i = 0; i < 8; ++i) {
    refused.push_back(std::make_unique<Socket>(server.port()));
    begin_too_large(*refused.back(), 100);
    CHECK(status_read_by(*refused.back()) == 413);
  }
}
