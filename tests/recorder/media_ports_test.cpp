// UDP ports for media that run out: who comes too late is told to come back, at once where it is known beforehand.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

Config with_ports(std::uint16_t min, std::uint16_t max) {
  Config config = Stage::loopback();
  config.min_port = min;
  config.max_port = max;
  return config;
}

/// Somebody else's socket on a port of loopback.
class Taken {
 public:
  explicit Taken(std::uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  }
  ~Taken() { close(fd_); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

 private:
  int fd_;
};

}  // namespace

TEST_CASE("no more publish at the same time than there are ports for", "[ports]") {
  CHECK(publishers_that_fit(with_ports(0, 0)) == 200);
  CHECK(publishers_that_fit(with_ports(40000, 40999)) == 200);
  CHECK(publishers_that_fit(with_ports(40000, 40009)) == 10);
  Stage stage(with_ports(43230, 43230));
  Publisher first({}), second({});
  REQUIRE(stage.publish("first", first.offer(), both));
  const auto refused = stage.publish("second", second.offer(), both);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
}

TEST_CASE("a port that another program has is told as such, and is there again when that program is gone", "[ports]") {
  Stage stage(with_ports(43231, 43231));
  Publisher publisher({});
  {
    const Taken taken(43231);
    const auto refused = stage.publish("somebody", publisher.offer(), both);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_port);
    CHECK(refused.error().text.find("udp_port_min") != std::string::npos);
  }
  CHECK(stage.publish("somebody", publisher.offer(), both));
}
