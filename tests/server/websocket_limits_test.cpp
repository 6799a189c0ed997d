// WebSockets that nobody joins through keep nobody out, one client has no more of them behind a proxy than without, and
// one that has died without a word keeps nobody on the roster.

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "recorded.hpp"
#include "server/connection_table.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

constexpr ConnectionTable::Time kNow{};

/// Connections that are being served, as those of a proxy are counted.
struct OfAProxy {
  explicit OfAProxy(ConnectionLimits limits) : table(limits) {
    for (const std::uint64_t number : {1, 2, 3}) {
      table.admit(number, "", kNow);
      table.set_cut(number, [this, number] { cut.push_back(number); });
      table.works(number);
    }
  }
  ConnectionTable table;
  std::vector<std::uint64_t> cut;
};

void behind_a_proxy(Config& config) {
  config.trusted_proxies = {AddressBlock::parse("127.0.0.1").value()};
}

std::string socket_of(const Host& host) {
  return "/api/v1/rooms/" + host.room.room.hex() + "/ws";
}

Headers from(int number) {
  return {{"X-Forwarded-For", "192.0.2." + std::to_string(number)}};
}

/// So many open a room's connection, each from an address of their own, and say nothing.
std::vector<std::unique_ptr<WebSocketClient>> silent_ones(const Service& server, const Host& host, int count) {
  std::vector<std::unique_ptr<WebSocketClient>> all;
  for (int i = 0; i < count; ++i)
    all.push_back(std::make_unique<WebSocketClient>(server.address(), socket_of(host), from(i)));
  return all;
}

}  // namespace

TEST_CASE("a proxy's connection that is one client's counts for that client, until it ends", "[connections]") {
  OfAProxy t({10, 2});
  CHECK(t.table.move_to(1, "a", kNow));
  CHECK(t.table.move_to(2, "a", kNow));
  CHECK(t.table.move_to(2, "a", kNow));  // is there already
  CHECK_FALSE(t.table.move_to(3, "a", kNow));
  CHECK_FALSE(t.table.admit(4, "a", kNow));
  CHECK(t.table.move_to(3, "b", kNow));
  t.table.remove(1);
  CHECK(t.table.admit(5, "a", kNow));
  CHECK(t.cut.empty());
}

TEST_CASE("of one client's connections the one that waits makes way for another of theirs", "[connections]") {
  OfAProxy t({10, 2});
  CHECK(t.table.move_to(1, "a", kNow));
  CHECK(t.table.move_to(2, "a", kNow));
  t.table.waits(2, kNow);
  CHECK(t.table.move_to(3, "a", kNow));
  CHECK(t.cut == std::vector<std::uint64_t>{2});
  CHECK(t.table.size() == 2);
  t.table.remove(2);  // it is gone only now
  CHECK(t.table.size() == 2);
}

TEST_CASE("WebSockets through which nobody joins make way, for people who join and for everything else",
          "[connections]") {
  const RunningServer server([](Config& config) {
    config.max_connections = 20;
    behind_a_proxy(config);
  });
  const Host host(server);
  const auto first = silent_ones(server, host, 60);
  CHECK(first.back()->is_open());
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  // Whoever has joined does not make way.
  const auto more = silent_ones(server, host, 60);
  CHECK_FALSE(anna.was_sent("problem"));
  CHECK_FALSE(ben.was_sent("problem"));
}

TEST_CASE("without a proxy they make way for others of the same address", "[connections]") {
  const RunningServer server([](Config& config) { config.max_connections_per_address = 4; });
  const Host host(server);
  const auto silent = silent_ones(server, host, 12);
  CHECK(silent.back()->is_open());
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
}

TEST_CASE("one client has so many WebSockets behind a proxy, and others have theirs", "[connections]") {
  const RunningServer server([](Config& config) {
    config.max_connections_per_address = 2;
    behind_a_proxy(config);
  });
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  const Attendee ben(host, Attendee::As::participant, "Ben");
  const WebSocketClient one_more(server.address(), socket_of(host));
  check_problem(one_more.reply(), 503, "too_many_connections");
  CHECK(one_more.reply().headers.contains("retry-after"));
  CHECK(WebSocketClient(server.address(), socket_of(host), from(1)).is_open());
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
  CHECK_FALSE(anna.was_sent("problem"));
}

TEST_CASE("whose connection dies without a word has left; who answers pings and says nothing stays", "[connections]") {
  using Clock = std::chrono::steady_clock;
  const RunningServer server(
      [](Config& config) { config.gone_after_silence = testing::patience(std::chrono::milliseconds(3000)); });
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  const Attendee ben(host, Attendee::As::participant, "Ben");  // reads no more, so answers no ping, and closes nothing
  const auto begin = Clock::now();
  const auto wait_until_there_are = [&](std::size_t people) {
    while (anna.wait_for("roster").at("roster").size() != people) {
    }
  };
  wait_until_there_are(2);
  wait_until_there_are(1);
  CHECK(Clock::now() - begin < testing::patience(std::chrono::seconds(15)));
  CHECK_FALSE(anna.was_sent("problem"));  // silent for longer than Ben, and still here
}
