#pragma once
// Listens on TCP, speaks HTTP/1.1 and WebSocket (RFC 6455), plain or TLS 1.2+, and passes everything to an Application
// as plain values. Boost.Beast is used behind this header only. Owned by Server; everything runs on the control thread.
// Shutdown has two phases: `stop_accepting` lets answers under way finish, `close_all` cuts what is left.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "server/application.hpp"
#include "server/body_pace.hpp"
#include "server/client_address.hpp"
#include "server/connection_table.hpp"
#include "server/lingering_close.hpp"
#include "server/log.hpp"
#include "server/tls_files.hpp"

namespace unavoce::server {

struct HttpLimits {
  ConnectionLimits connections;
  std::vector<AddressBlock> trusted_proxies;
  std::uint32_t header_bytes = 16 * 1024;
  std::uint32_t websocket_message_bytes = 64 * 1024;
  // What a connection has sent and nothing is made of yet. More than a header or a message; a chunk's extensions and
  // the trailer of a body have no limit but this one.
  std::size_t unparsed_bytes = 128 * 1024;
  std::size_t websocket_queue_bytes = 4u << 20u;
  std::size_t websocket_queues_bytes = 64u << 20u;  // of all together
  // A dead peer must not stay on the roster for long: pinged after each half of this, cut when nothing came since.
  std::chrono::milliseconds websocket_silence{20'000};
  std::chrono::milliseconds idle{30'000};      // between requests, and until the header of the next one is complete
  std::chrono::milliseconds transfer{30'000};  // for a body to bring something, or 128 KiB of an answer to be taken
  std::chrono::milliseconds body{60'000};      // for a whole body to arrive; what comes later is refused
  BodyPaceLimits body_pace;                    // slower ones make way when others find no room
  std::size_t small_body = 16 * 1024;          // never refused because the others are many
  // Of answers. The kernel takes much at once, and more only when a good part of that is read: longer than for bodies.
  BodyPaceLimits answer_pace{std::chrono::seconds(5), 4096};
  LingerLimits lingering;  // for whoever is refused while they are still sending
};

class HttpListener {
 public:
  /// Binds and listens. `port` 0 takes any free port. Errors: config (address, TLS files), unavailable (port in use),
  /// io.
  static Result<std::unique_ptr<HttpListener>> open(asio::io_context& control, asio::thread_pool& workers,
                                                    const std::string& address, std::uint16_t port,
                                                    const std::optional<TlsFiles>& tls, HttpLimits limits, Log& log);
  virtual ~HttpListener() = default;

  virtual std::uint16_t port() const = 0;
  /// Starts accepting; `application` must outlive the listener. (Only after `open`, because it may depend on the port.)
  virtual void start(Application& application) = 0;
  virtual void stop_accepting() = 0;
  virtual void close_all() = 0;
  virtual std::size_t connections() const = 0;
};

}  // namespace unavoce::server
