// Pages of other sites publish and check the ledger: they read why they were refused, whoever refused them.

#include <catch2/catch.hpp>
#include <stdexcept>

#include "recorded.hpp"
#include "small_server.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

const std::string kPlace = "/whip/" + std::string(32, '0');

void check_can_be_read(const Reply& reply) {
  CHECK(reply.headers.at("access-control-allow-origin") == "*");
  CHECK(reply.headers.at("access-control-expose-headers").find("Retry-After") != std::string::npos);
}

/// What is answered to a request that is sent byte by byte as it stands here.
Reply answer_to(const Address& address, const std::string& request) {
  Socket socket(address);
  socket.send(request);
  std::string left_over;
  return read_reply(socket, "GET", left_over);
}

/// Asks until it was too often.
Reply refusal_of(const Service& server, const std::string& target) {
  Reply reply = server.fetch("GET", target);
  for (int i = 0; i < 100 && reply.status != 429; ++i) reply = server.fetch("GET", target);
  return reply;
}

}  // namespace

TEST_CASE("a page of another site reads that its offer is too large", "[whip]") {
  const RunningServer server;
  const Reply reply =
      answer_to(server.address(), "POST " + kPlace + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  check_problem(reply, 413, "too_large");
  check_can_be_read(reply);
}

TEST_CASE("a page of another site reads that its address is not understood", "[whip]") {
  const RunningServer server;
  const Reply reply = answer_to(server.address(), "GET /whip/%zz HTTP/1.1\r\nHost: x\r\n\r\n");
  check_problem(reply, 400, "malformed");
  check_can_be_read(reply);
}

TEST_CASE("a page of another site reads that it asks too often, and is told beforehand that it may ask", "[whip]") {
  const RunningServer server([](Config& config) { config.max_requests_per_second = 1; });
  for (const std::string& target : {kPlace, std::string("/ledger/checkpoint")}) {
    CAPTURE(target);
    const Reply reply = refusal_of(server, target);
    check_problem(reply, 429, "too_many_requests");
    check_can_be_read(reply);
    CHECK(reply.headers.contains("retry-after"));
  }
  CHECK(server.fetch("OPTIONS", kPlace, {{"Access-Control-Request-Method", "POST"}}).status == 200);
  const Reply elsewhere = refusal_of(server, "/api/v1/health");
  check_problem(elsewhere, 429, "too_many_requests");
  CHECK_FALSE(elsewhere.headers.contains("access-control-allow-origin"));
}

TEST_CASE("preflights are counted by themselves: ten times as many as other requests, and not without end", "[whip]") {
  const RunningServer server([](Config& config) { config.max_requests_per_second = 1; });
  const auto ask = [&] { return server.fetch("OPTIONS", kPlace, {{"Access-Control-Request-Method", "POST"}}); };
  int answered = 0;
  Reply reply = ask();
  for (; reply.status == 200 && answered < 1000; ++answered) reply = ask();
  check_problem(reply, 429, "too_many_requests");
  check_can_be_read(reply);
  CHECK(answered >= 100);  // at once, where others have ten
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
}

TEST_CASE("a page of another site reads that the service failed", "[whip]") {
  SmallServer server(HttpLimits(), [](const Request&) -> Response { throw std::runtime_error("it fails"); });
  const auto ask = [&](const std::string& path) {
    return answer_to(server.port(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  const Reply reply = ask(kPlace);
  CHECK(reply.status == 500);
  check_can_be_read(reply);
  CHECK_FALSE(ask("/api/v1/config").headers.contains("access-control-allow-origin"));
}

TEST_CASE("what other sites may do stands in an answer once: browsers take no two", "[whip]") {
  const RunningServer server;
  Socket socket(server.address());
  socket.send("GET /ledger/tile/0/000 HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = socket.receive();
  const std::string name = "Access-Control-Allow-Origin";
  const auto at = answer.find(name);
  REQUIRE(at != std::string::npos);
  CHECK(answer.find(name, at + 1) == std::string::npos);
}
