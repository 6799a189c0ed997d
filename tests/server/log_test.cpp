#include "server/log.hpp"

#include <catch2/catch.hpp>

using namespace unavoce::server;

TEST_CASE("an IP address is shortened to its network", "[log]") {
  CHECK(shorten_address("192.0.2.17") == "192.0.2.0/24");
  CHECK(shorten_address("2001:db8:1:2::3") == "2001:db8:1::/48");
  CHECK(shorten_address("::ffff:192.0.2.17") == "192.0.2.0/24");
  CHECK(shorten_address("fe80::1%eth0") == "fe80::/48");
  CHECK(shorten_address("somebody") == "unknown");
}

TEST_CASE("a logged request holds no full address", "[log]") {
  std::string text;
  Log log(LogLevel::debug, [&](std::string_view line) { text += line; });
  log.request("GET", "/api/v1/rooms/{room}", 200, "192.0.2.17", 3);
  CHECK(text.find("GET /api/v1/rooms/{room} 200 3ms 192.0.2.0/24\n") != std::string::npos);
  CHECK(text.find("192.0.2.17") == std::string::npos);
}

TEST_CASE("one event is one line, whatever it quotes", "[log]") {
  std::string text;
  Log log(LogLevel::info, [&](std::string_view line) { text += line; });
  log.info("a\nb\r\x1b[31mc");
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("lines below the level are dropped", "[log]") {
  std::string text;
  Log log(LogLevel::warning, [&](std::string_view line) { text += line; });
  log.info("quiet");
  CHECK(text.empty());
  log.error("loud");
  CHECK_FALSE(text.empty());
}
