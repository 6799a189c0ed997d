#pragma once
// Closes a connection whose client may still be sending. Closed at once, the kernel would answer what arrives next with
// a reset, and the client would lose the answer that it has not read yet (RFC 9112 section 9.6). So the sending side is
// shut down, and what still comes is read and thrown away, for a bounded time and a bounded amount. Owned by the
// connections of a listener; control thread.

#include <chrono>
#include <cstdint>
#include <map>

#include "server/http_stream.hpp"

namespace unavoce::server {

struct LingerLimits {
  std::chrono::milliseconds time{5'000};
  std::size_t bytes = 8u << 20u;
  std::size_t at_once = 32;
};

class LingeringCloses {
 public:
  explicit LingeringCloses(LingerLimits limits) : limits_(limits) {}

  /// Returns when the client has closed, or has had enough; then `stream` can go. When too many linger, the oldest one
  /// has had enough.
  Task<void> close(beast::tcp_stream& stream);

 private:
  LingerLimits limits_;
  std::map<std::uint64_t, beast::tcp_stream*> open_;  // the oldest first
  std::uint64_t next_ = 0;
};

}  // namespace unavoce::server
