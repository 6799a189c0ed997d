// A blocking HTTP and WebSocket client on a plain socket: small enough to see that it proves what the server sends, and
// free of Beast, so that a mistake of Beast is not made on both sides. For tests on loopback only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unavoce::server::test {

struct Reply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one counts
  std::string body;                            // chunks joined
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A TCP connection that closes itself. Throws std::runtime_error when there is none.
class Socket {
 public:
  explicit Socket(std::uint16_t port);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string_view bytes);
  /// More bytes; empty when the other side closed or nothing came for `wait`.
  std::string receive(std::chrono::milliseconds wait = std::chrono::seconds(20));

 private:
  int fd_;
};

/// Reads one answer; `method` decides whether there is a body.
Reply read_reply(Socket& socket, std::string_view method, std::string& left_over);

/// One request on a connection of its own.
Reply fetch(std::uint16_t port, std::string_view method, std::string_view target, const Headers& headers = {},
            std::string_view body = {});

/// A WebSocket with text frames.
class WebSocketClient {
 public:
  /// Handshake; `reply()` says how it went.
  WebSocketClient(std::uint16_t port, std::string_view target, const Headers& headers = {});

  const Reply& reply() const { return reply_; }
  bool is_open() const { return reply_.status == 101; }
  void send(std::string_view text);
  /// The next text frame; nothing when the server closed or `wait` passed.
  std::optional<std::string> receive(std::chrono::milliseconds wait = std::chrono::seconds(20));

 private:
  void send_frame(std::uint8_t opcode, std::string_view payload);

  Socket socket_;
  Reply reply_;
  std::string buffer_;
};

}  // namespace unavoce::server::test
