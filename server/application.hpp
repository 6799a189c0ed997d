#pragma once
// The seam between the network (http_listener.hpp, the only place that knows Beast) and everything else: requests go in
// as values, answers come out as values, WebSockets are a peer to send to and a session that is called. All on the
// control thread.

#include <functional>
#include <memory>
#include <string>

#include "server/executors.hpp"
#include "server/http.hpp"

namespace unavoce::server {

/// The other end of a WebSocket. Shared between the connection and whoever sends; sending to a closed one does nothing.
class WebSocketPeer {
 public:
  virtual ~WebSocketPeer() = default;
  /// Queues a text frame. A peer that does not read (more than 4 MiB queued) is disconnected.
  virtual void send(std::string text) = 0;
  /// Sends what is queued, then closes.
  virtual void close() = 0;
};

/// What we do with one open WebSocket. Owned by the connection.
class WebSocketSession {
 public:
  virtual ~WebSocketSession() = default;
  /// One text frame, at most 64 KiB; the next one is read when the task is done.
  virtual Task<void> receive(std::string text) = 0;
  /// Whether it is known who this is. Until then the connection makes way when others find no room.
  virtual bool is_known() const { return true; }
  /// Called exactly once, when the connection is over for whatever reason.
  virtual void closed() = 0;
};

/// Called after the handshake.
using OpenWebSocket = std::function<std::unique_ptr<WebSocketSession>(std::shared_ptr<WebSocketPeer>)>;

class Application {
 public:
  virtual ~Application() = default;
  /// Answers one request. Never throws for bad input; an exception becomes a 500.
  virtual Task<Response> handle(Request request) = 0;
  /// Decides about a WebSocket handshake: an error is answered as a problem document.
  virtual Task<Result<OpenWebSocket>> upgrade(Request request) = 0;
  /// The largest body accepted for this request, in bytes, known from its header alone.
  virtual std::uint64_t body_limit_bytes(const Request& head) const = 0;
};

}  // namespace unavoce::server
