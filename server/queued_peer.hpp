#pragma once
// What a WebSocket sends: a queue, and who does not read it is cut off. Private to the http_*.cpp files. Shared between
// the connection and whoever sends; control thread.

#include <boost/beast/websocket.hpp>
#include <deque>
#include <string>
#include <utility>

#include "server/http_connections.hpp"

namespace unavoce::server {

/// Without compression, which nobody here asks for.
using WebSocketStream = beast::websocket::stream<HttpStream, false>;

/// A WebSocket's sending side: a queue of frames, one write at a time.
class QueuedPeer final : public WebSocketPeer, public std::enable_shared_from_this<QueuedPeer> {
 public:
  QueuedPeer(WebSocketStream&& stream, std::shared_ptr<Connections> shared)
      : stream_(std::move(stream)), shared_(std::move(shared)) {}
  ~QueuedPeer() override { shared_->queued_bytes -= queued_bytes_; }
  QueuedPeer(const QueuedPeer&) = delete;
  QueuedPeer& operator=(const QueuedPeer&) = delete;

  WebSocketStream& stream() { return stream_; }

  void send(std::string text) override {
    if (state_ != State::open) return;
    queued_bytes_ += text.size();
    shared_->queued_bytes += text.size();
    if (is_too_slow()) return cut();
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write_next();
  }

  void close() override {
    if (state_ != State::open) return;
    state_ = State::closing;
    if (queue_.empty()) say_goodbye();
  }

  /// Cuts the connection without a word.
  void cut() {
    state_ = State::closed;
    beast::get_lowest_layer(stream_).cancel();
    beast::get_lowest_layer(stream_).close();
  }

 private:
  enum class State { open, closing, closed };

  /// Too much for one; or for all together, and this is one of those who do not read.
  bool is_too_slow() const {
    constexpr std::size_t who_reads_has_less = 256u << 10u;
    const HttpLimits& limits = shared_->limits;
    return queued_bytes_ > limits.websocket_queue_bytes ||
           (shared_->queued_bytes > limits.websocket_queues_bytes && queued_bytes_ > who_reads_has_less);
  }

  void write_next() {
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](beast::error_code error, std::size_t) { self->written(error); });
  }

  void written(beast::error_code error) {
    if (error || state_ == State::closed) {
      state_ = State::closed;
      return;
    }
    queued_bytes_ -= queue_.front().size();
    shared_->queued_bytes -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) return write_next();
    if (state_ == State::closing) say_goodbye();
  }

  void say_goodbye() {
    stream_.async_close(beast::websocket::close_code::normal,
                        [self = shared_from_this()](beast::error_code) { self->state_ = State::closed; });
  }

  WebSocketStream stream_;
  std::shared_ptr<Connections> shared_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  State state_ = State::open;
};

}  // namespace unavoce::server
