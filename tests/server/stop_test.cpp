// How the service ends while people meet.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "recorded.hpp"

using namespace unavoce::server::test;

namespace {

std::size_t closed_gates(const RunningServer& server) {
  constexpr std::string_view words = "gate closed after";
  const std::string log = server.log_text();
  std::size_t count = 0;
  for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a stop closes every gate before it waits for any disk", "[meeting]") {
  RunningServer server;
  const Recorded one(server);
  const Recorded two(server, {}, "somebody-else");
  const LedgerHeld held(server);  // what is sealed waits for it for ten seconds
  server.stop();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(6);
  while (closed_gates(server) < 2 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(closed_gates(server) == 2);
}
