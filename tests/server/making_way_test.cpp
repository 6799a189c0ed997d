// Who makes way where nobody only waits: long bodies, and whoever does not read an answer; as the table of connections
// sees them.

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <vector>

#include "server/connection_table.hpp"

using namespace unavoce::server;
using namespace std::chrono_literals;

namespace {

/// A table whose connections are all at work, and who had to go.
struct Crowd {
  explicit Crowd(ConnectionLimits limits) : table(limits) {
    for (std::uint64_t number = 1; number <= limits.all; ++number) come(number);
  }
  /// False: there is no room.
  bool come(std::uint64_t number) {
    const bool admitted = table.admit(number, "a", now);
    if (admitted) table.set_cut(number, [this, number] { gone.push_back(number); });
    table.works(number);
    return admitted;
  }
  void receives(std::uint64_t number) {
    table.receives(number, now, now + 1h, [this, number] { gone.push_back(number); });
  }
  ConnectionTable table;
  ConnectionTable::Time now{};
  std::vector<std::uint64_t> gone;
};

ConnectionLimits three_with_bodies_of(std::size_t bytes) {
  ConnectionLimits limits{3, 3, bytes};
  limits.ordinary_body = 5s;
  return limits;
}

}  // namespace

TEST_CASE("where nobody dawdles, the body that has been arriving longest makes way for a connection, if that is long",
          "[connections]") {
  Crowd crowd(three_with_bodies_of(100));
  crowd.receives(2);
  crowd.now += 1s;
  crowd.receives(1);
  crowd.now += 3s;
  CHECK_FALSE(crowd.come(4));
  crowd.now += 3s;
  CHECK(crowd.come(4));
  CHECK(crowd.come(5));
  CHECK(crowd.gone == std::vector<std::uint64_t>{2, 1});
  crowd.now += 1h;
  CHECK_FALSE(crowd.come(6));  // those that are left are being served
}

TEST_CASE("where nobody dawdles, the body that has been arriving longest gives back its memory, if that is long",
          "[connections]") {
  Crowd crowd(three_with_bodies_of(100));
  const auto received = [&](std::uint64_t number, std::size_t bytes) {
    return crowd.table.received(number, bytes, crowd.now + 1h, crowd.now);
  };
  crowd.receives(1);
  CHECK(received(1, 100));
  crowd.now += 4s;
  crowd.receives(2);
  CHECK_FALSE(received(2, 1));
  crowd.now += 2s;
  CHECK(received(2, 100));
  CHECK(crowd.gone == std::vector<std::uint64_t>{1});
  crowd.table.arrived(2, 100, crowd.now);
  crowd.now += 1h;
  crowd.receives(3);
  CHECK_FALSE(received(3, 1));  // what is here as a whole stays
  crowd.table.arrived(3, 50, crowd.now);
  CHECK(crowd.gone == std::vector<std::uint64_t>{1});
}

TEST_CASE("whoever does not read an answer for a while makes way, until it is out", "[connections]") {
  Crowd crowd(three_with_bodies_of(100));
  for (const std::uint64_t number : {1, 2, 3}) crowd.table.sends(number, crowd.now + 5s);
  CHECK_FALSE(crowd.come(4));
  crowd.now += 4s;
  crowd.table.sends(1, crowd.now + 5s);  // has read some
  crowd.table.works(3);                  // has all of it
  crowd.now += 2s;
  CHECK(crowd.come(4));
  CHECK_FALSE(crowd.come(5));
  CHECK(crowd.gone == std::vector<std::uint64_t>{2});
}
