// A blocking HTTP and WebSocket client on a socket, plain or TLS: small enough to see that it proves what the server
// sends, and free of Beast, so that a mistake of Beast is not made on both sides. For tests on loopback only.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/patience.hpp"

namespace unavoce::server::test {

struct Reply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one counts
  std::string body;                            // chunks joined
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Where to connect, on loopback.
struct Address {
  Address(std::uint16_t port_) : port(port_) {}  // NOLINT(google-explicit-constructor): a port alone is a plain address
  Address(std::uint16_t port_, std::filesystem::path trusted_) : port(port_), trusted(std::move(trusted_)) {}

  std::uint16_t port;
  std::filesystem::path trusted;  ///< the only certificate that is believed, for "localhost"; empty: plain, without TLS
};

class TlsLayer;

/// A connection that closes itself. Throws std::runtime_error when there is none, or TLS cannot be agreed on.
class Socket {
 public:
  explicit Socket(const Address& address);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string_view bytes);
  /// More bytes; empty when the other side closed or nothing came for `wait`.
  std::string receive(std::chrono::milliseconds wait = testing::patience(std::chrono::seconds(20)));
  /// The other side has closed, or cut, the connection.
  bool is_over() const { return over_; }

 private:
  int fd_;
  bool over_ = false;
  std::unique_ptr<TlsLayer> tls_;  // none: plain
};

/// Reads one answer; `method` decides whether there is a body.
Reply read_reply(Socket& socket, std::string_view method, std::string& left_over);

/// One request on a connection of its own. Throws std::runtime_error when the exchange is not as docs/openapi.json has
/// it (api_contract.hpp), as messages of a WebSocketClient do.
Reply fetch(const Address& address, std::string_view method, std::string_view target, const Headers& headers = {},
            std::string_view body = {});

/// A WebSocket with text frames.
class WebSocketClient {
 public:
  /// Handshake; `reply()` says how it went.
  WebSocketClient(const Address& address, std::string_view target, const Headers& headers = {});

  const Reply& reply() const { return reply_; }
  bool is_open() const { return reply_.status == 101; }
  void send(std::string_view text);
  /// The next text frame; nothing when the server closed or `wait` passed.
  std::optional<std::string> receive(std::chrono::milliseconds wait = testing::patience(std::chrono::seconds(20)));
  /// The server has said goodbye (a close frame was received).
  bool was_closed() const { return closed_; }

 private:
  void send_frame(std::uint8_t opcode, std::string_view payload);
  std::string checked(std::string message);

  Socket socket_;
  Reply reply_;
  std::string buffer_;
  std::string fragments_;     // of the message that is arriving
  std::string undocumented_;  // what was sent and is not as documented, until it is refused
  bool closed_ = false;
};

}  // namespace unavoce::server::test
