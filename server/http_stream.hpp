#pragma once
// A connection's bytes, plain or TLS, behind one type. Beast's operations are templates over the stream below them:
// with a type for each kind of connection, compiling them took longer than the rest of the server together.
// Private to the http_*.cpp files; control thread only. Errors are those of the stream inside.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <boost/container/static_vector.hpp>
#include <memory>
#include <type_traits>

#include "server/executors.hpp"

namespace unavoce::server {

namespace beast = boost::beast;

/// Whoever waits for the end of an operation, whatever its type; called once at most.
class Completion {
 public:
  /// Asio calls the handler through its own executor, as if it had been given to the stream itself.
  using executor_type = asio::any_io_executor;

  template <class Handler>
  Completion(Handler handler, const asio::any_io_executor& otherwise)
      : executor_(asio::get_associated_executor(handler, otherwise)),
        waiting_(std::make_unique<Held<Handler>>(std::move(handler))) {}

  executor_type get_executor() const noexcept { return executor_; }
  void operator()(beast::error_code error, std::size_t bytes = 0) {
    const auto waiting = std::move(waiting_);
    waiting->done(error, bytes);
  }

 private:
  struct Waiting {
    virtual ~Waiting() = default;
    virtual void done(beast::error_code error, std::size_t bytes) = 0;
  };
  template <class Handler>
  struct Held final : Waiting {
    explicit Held(Handler&& from) : handler(std::move(from)) {}
    void done(beast::error_code error, std::size_t bytes) override {
      if constexpr (std::is_invocable_v<Handler&&, beast::error_code, std::size_t>)
        std::move(handler)(error, bytes);
      else
        std::move(handler)(error);
    }
    Handler handler;
  };

  asio::any_io_executor executor_;
  std::unique_ptr<Waiting> waiting_;
};

/// The first buffers of a sequence: to read or write only some of it is what `…_some` may always do.
template <class Buffer>
using SomeBuffers = boost::container::static_vector<Buffer, 16>;

template <class Buffer, class Sequence>
SomeBuffers<Buffer> some_of(const Sequence& buffers) {
  SomeBuffers<Buffer> some;
  const auto end = asio::buffer_sequence_end(buffers);
  for (auto at = asio::buffer_sequence_begin(buffers); at != end && some.size() < some.capacity(); ++at) {
    if (const Buffer buffer(*at); buffer.size() != 0) some.push_back(buffer);
  }
  return some;
}

/// What a kind of connection does for an HttpStream.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual beast::tcp_stream& tcp() = 0;
  virtual void read_some(const SomeBuffers<asio::mutable_buffer>& into, Completion completion) = 0;
  virtual void write_some(const SomeBuffers<asio::const_buffer>& from, Completion completion) = 0;
  /// Ends a WebSocket's connection in the way of its kind (RFC 6455 section 7.1.1).
  virtual void tear_down(beast::role_type role, Completion completion) = 0;
};

/// An AsyncStream of Beast and Asio; owns its transport. Its lowest layer (`beast::get_lowest_layer`) is the TCP
/// stream, which has the timeouts and stays where it is when this object is moved.
class HttpStream {
 public:
  using next_layer_type = beast::tcp_stream;
  using executor_type = asio::any_io_executor;
  using Transferred = void(beast::error_code, std::size_t);
  template <class Token>
  using Initiated = typename asio::async_result<std::decay_t<Token>, Transferred>::return_type;

  explicit HttpStream(std::unique_ptr<HttpTransport> transport) : transport_(std::move(transport)) {}

  executor_type get_executor() const noexcept { return transport_->tcp().get_executor(); }
  next_layer_type& next_layer() noexcept { return transport_->tcp(); }
  const next_layer_type& next_layer() const noexcept { return transport_->tcp(); }

  template <class Buffers, class Token>
  Initiated<Token> async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, Transferred>(
        [this](auto handler, const SomeBuffers<asio::mutable_buffer>& into) {
          transport_->read_some(into, Completion(std::move(handler), get_executor()));
        },
        token, some_of<asio::mutable_buffer>(buffers));
  }

  template <class Buffers, class Token>
  Initiated<Token> async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, Transferred>(
        [this](auto handler, const SomeBuffers<asio::const_buffer>& from) {
          transport_->write_some(from, Completion(std::move(handler), get_executor()));
        },
        token, some_of<asio::const_buffer>(buffers));
  }

  /// For websocket::stream, which finds it by its arguments.
  template <class Handler>
  friend void async_teardown(beast::role_type role, HttpStream& stream, Handler&& handler) {
    Completion completion(std::decay_t<Handler>(std::forward<Handler>(handler)), stream.get_executor());
    stream.transport_->tear_down(role, std::move(completion));
  }

 private:
  std::unique_ptr<HttpTransport> transport_;
};

/// A transport over a stream of Beast's.
template <class Stream>
class TransportOver final : public HttpTransport {
 public:
  explicit TransportOver(Stream stream) : stream_(std::move(stream)) {}
  beast::tcp_stream& tcp() override { return beast::get_lowest_layer(stream_); }
  void read_some(const SomeBuffers<asio::mutable_buffer>& into, Completion completion) override {
    stream_.async_read_some(into, std::move(completion));
  }
  void write_some(const SomeBuffers<asio::const_buffer>& from, Completion completion) override {
    stream_.async_write_some(from, std::move(completion));
  }
  void tear_down(beast::role_type role, Completion completion) override {
    using beast::websocket::async_teardown;
    async_teardown(role, stream_, std::move(completion));
  }

 private:
  Stream stream_;
};

}  // namespace unavoce::server
