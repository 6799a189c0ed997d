// How the service ends while people meet.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "recorded.hpp"
#include "server/stop_deadline.hpp"

using namespace unavoce::server;
using namespace unavoce::server::test;
using namespace std::chrono_literals;

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
  CHECK_THAT(server.ending(), Catch::Contains("recordings"));  // that is what the log would name if it hung
}

TEST_CASE("a stop that hangs is ended, one that does not is not, and neither is who was not told to stop", "[stop]") {
  std::promise<void> hung;
  std::atomic<int> ended = 0;
  {
    StopDeadline deadline(20ms, [&] { hung.set_value(); });
    deadline.begin();
    deadline.begin();
    REQUIRE(hung.get_future().wait_for(20s) == std::future_status::ready);
  }
  {
    StopDeadline in_time(60s, [&] { ++ended; });
    in_time.begin();
  }
  {
    const StopDeadline not_begun(1ms, [&] { ++ended; });
    std::this_thread::sleep_for(50ms);
  }
  CHECK(ended == 0);
}
