// A listener and nothing behind it but what a test wants: for limits of connections, without a whole service.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "server/http_listener.hpp"

namespace unavoce::server::test {

/// Takes bodies of a mebibyte and says who asked and how much they sent, or answers as the test wants; opens
/// WebSockets if it is told how. Both are called on its control thread.
struct SmallServer final : Application {
  using Answer = std::function<Response(const Request&)>;

  explicit SmallServer(const HttpLimits& limits, Answer answer = says_who_asked, OpenWebSocket opens = {})
      : answer_(std::move(answer)),
        opens_(std::move(opens)),
        listener(HttpListener::open(control, workers, "127.0.0.1", 0, std::nullopt, limits, log).value()) {
    listener->start(*this);
    thread = std::thread([this] { control.run(); });
  }
  ~SmallServer() override {
    asio::post(control, [this] {
      listener->stop_accepting();
      listener->close_all();
      control.stop();
    });
    thread.join();
  }
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  static Response says_who_asked(const Request& request) {
    return text_response(200, "text/plain", request.remote_address + " " + std::to_string(request.body.size()));
  }

  Task<Response> handle(Request request) override { co_return answer_(request); }
  Task<Result<OpenWebSocket>> upgrade(Request) override {
    if (!opens_) co_return Error(Errc::not_found, "no WebSocket here");
    co_return OpenWebSocket(opens_);
  }
  std::uint64_t body_limit_bytes(const Request&) const override { return 1u << 20u; }
  std::uint16_t port() const { return listener->port(); }
  /// How many are connected now.
  std::size_t connections() {
    std::promise<std::size_t> counted;
    asio::post(control, [&] { counted.set_value(listener->connections()); });
    return counted.get_future().get();
  }

  std::string log_text() const {
    const std::lock_guard lock(mutex);
    return said;
  }

  Answer answer_;
  OpenWebSocket opens_;
  asio::io_context control{1};
  asio::thread_pool workers{1};
  mutable std::mutex mutex;
  std::string said;
  Log log{LogLevel::warning, [this](std::string_view line) {
            const std::lock_guard lock(mutex);
            said += line;
          }};
  std::unique_ptr<HttpListener> listener;
  std::thread thread;
};

}  // namespace unavoce::server::test
