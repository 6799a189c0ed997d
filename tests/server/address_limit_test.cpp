// How many meetings one address opens, and how many accounts it makes, whoever's they are.

#include <catch2/catch.hpp>
#include <memory>

#include "recorded.hpp"
#include "server/hourly_quota.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using namespace std::chrono_literals;

namespace {

/// A proxy in front of the service, in whose name the test asks from any address.
void behind_a_proxy(Config& config) {
  config.trusted_proxies = {AddressBlock::parse("127.0.0.1").value()};
}

/// A host of an account of their own who comes from this address.
std::unique_ptr<Host> host_from(const Service& server, const std::string& user, const std::string& address) {
  auto host = std::make_unique<Host>(server, nullptr, user);
  host->login.emplace_back("X-Forwarded-For", address);
  return host;
}

/// Makes an account over a connection on which others ask, too.
Reply account(Socket& socket, const std::string& user, const std::string& address) {
  const std::string body =
      R"({"user":")" + user + R"(","email":"x@example.org","password":")" + kPassword + R"(","invitation":null})";
  socket.send("POST /api/v1/accounts HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + address +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  std::string left_over;
  return read_reply(socket, "POST", left_over);
}

}  // namespace

TEST_CASE("one address opens so many meetings at once, others open theirs, and the next when one is over", "[quota]") {
  const RunningServer server([](Config& config) {
    behind_a_proxy(config);
    config.max_sessions_per_address = 2;
  });
  const auto first = host_from(server, "first", "2001:db8:1:2::1");
  const auto second = host_from(server, "second", "2001:db8:1:2::2");
  const auto third = host_from(server, "third", "2001:db8:1:2:3::3");  // the same /64
  const auto elsewhere = host_from(server, "elsewhere", "2001:db8:1:3::1");
  const Attendee in_first(*first, Attendee::As::host);
  {
    const Attendee in_second(*second, Attendee::As::host);
    CHECK_THROWS_WITH(Attendee(*third, Attendee::As::host), Catch::Contains("too_many_sessions_of_address"));
    CHECK_NOTHROW(Attendee(*elsewhere, Attendee::As::host));
  }
  // The service hears of a closed connection in its own time.
  for (bool inside = false; !inside;) {
    try {
      const Attendee later(*third, Attendee::As::host);
      inside = true;
    } catch (const std::runtime_error& refused) {
      REQUIRE_THAT(refused.what(), Catch::Contains("too_many_sessions_of_address"));
    }
  }
}

TEST_CASE("a meeting counts for the address that opened it, not for those who enter", "[quota]") {
  const RunningServer server([](Config& config) {
    behind_a_proxy(config);
    config.max_sessions_per_address = 1;
  });
  const auto host = host_from(server, "host", "192.0.2.1");
  const auto guest = host_from(server, "guest", "192.0.2.2");
  const Attendee opened(*host, Attendee::As::host);
  const Host from_there(*host, server, {host->login.front(), {"X-Forwarded-For", "192.0.2.2"}});
  const Attendee entered(from_there, Attendee::As::host);
  CHECK_NOTHROW(Attendee(*guest, Attendee::As::host));
}

TEST_CASE("one address makes so many accounts in an hour, others make theirs, on whichever connection", "[quota]") {
  const RunningServer server([](Config& config) {
    behind_a_proxy(config);
    config.max_accounts_per_address = 2;
  });
  Socket proxy(server.address());
  CHECK(account(proxy, "ada", "192.0.2.1").status == 201);
  CHECK(account(proxy, "ada", "192.0.2.1").status == 409);  // made nothing, counts for nothing
  CHECK(account(proxy, "bob", "192.0.2.1").status == 201);
  const Reply refused = account(proxy, "eve", "192.0.2.1");
  check_problem(refused, 429, "too_many_accounts");
  const int wait_s = std::stoi(refused.headers.at("retry-after"));
  CHECK(wait_s > 3000);
  CHECK(wait_s <= 3600);
  CHECK(account(proxy, "eve", "192.0.2.2").status == 201);
}

TEST_CASE("what an address has made counts for an hour", "[rate_limit]") {
  HourlyQuota quota(2);
  const HourlyQuota::Time begin{};
  CHECK_FALSE(quota.take("a", begin));
  CHECK_FALSE(quota.take("a", begin + 10min));
  CHECK(quota.take("a", begin + 20min) == 40min);
  CHECK_FALSE(quota.take("b", begin + 20min));
  CHECK_FALSE(quota.take("a", begin + 60min));
  CHECK(quota.take("a", begin + 69min) == 1min);
  quota.give_back("a");
  CHECK_FALSE(quota.take("a", begin + 69min));
  CHECK(quota.take("a", begin + 69min) == 1min);
  CHECK_FALSE(quota.take("a", begin + 70min));
}
