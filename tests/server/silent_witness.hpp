// A witness that hangs, for tests of what a service does without its answer.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/cosignature.hpp"
#include "server/config.hpp"
#include "tests/patience.hpp"

namespace unavoce::server::test {

/// Somebody in the place of a witness who takes every question and never says anything.
class SilentWitness {
 public:
  SilentWitness() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    auto* address = reinterpret_cast<sockaddr*>(&place);
    REQUIRE(bind(socket_, address, size) == 0);
    REQUIRE(listen(socket_, 16) == 0);
    REQUIRE(getsockname(socket_, address, &size) == 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(place.sin_port));
  }
  ~SilentWitness() {
    hang_up();
    close(socket_);
  }
  SilentWitness(const SilentWitness&) = delete;
  SilentWitness& operator=(const SilentWitness&) = delete;

  /// Waits until it is asked; false when it is not.
  bool is_asked(int wait_ms = 20'000 * testing::kSlower) {
    pollfd asked{socket_, POLLIN, 0};
    if (poll(&asked, 1, wait_ms) != 1) return false;
    connections_.push_back(accept(socket_, nullptr, nullptr));
    return connections_.back() >= 0;
  }
  /// Whether whoever asked last has not given up yet.
  bool is_waited_for() const {
    pollfd given_up{connections_.back(), POLLRDHUP, 0};
    return poll(&given_up, 1, 0) == 0;
  }
  void hang_up() {
    for (const int connection : connections_) close(connection);
    connections_.clear();
  }
  /// As a witness of this key.
  WitnessSetting setting(const crypto::CosignatureVerifier& key) const { return {url_, key}; }

 private:
  int socket_;
  std::string url_;
  std::vector<int> connections_;
};

}  // namespace unavoce::server::test
