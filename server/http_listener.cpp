#include "server/http_listener.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http_session.hpp"

namespace unavoce::server {
namespace {

Result<std::unique_ptr<asio::ssl::context>> load_tls(const TlsFiles& files) {
  BOOST_OUTCOME_TRY(check_tls_files(files));
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1 | asio::ssl::context::single_dh_use,
                       error);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return Error(Errc::config, "cannot use the certificate " + files.certificate + ": " + error.message());
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) return Error(Errc::config, "cannot use the key " + files.key + ": " + error.message());
  return context;
}

void log_failure(Log& log, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log.error(std::string("a connection failed: ") + error.what());
  }
}

class Listener final : public HttpListener {
 public:
  Listener(asio::io_context& control, tcp::acceptor acceptor, std::unique_ptr<asio::ssl::context> tls,
           std::shared_ptr<Connections> shared)
      : control_(control), acceptor_(std::move(acceptor)), tls_(std::move(tls)), shared_(std::move(shared)) {}

  std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }
  void start(Application& application) override {
    shared_->application = &application;
    asio::co_spawn(control_, accept(), asio::detached);
  }
  std::size_t connections() const override { return shared_->closers.size(); }

  void stop_accepting() override {
    shared_->phase = Connections::Phase::stopping;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  void close_all() override {
    for (const auto& [number, close] : shared_->closers) close();
  }

 private:
  Task<void> accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {  // out of file descriptors, for example: wait instead of spinning
        asio::steady_timer pause(control_, std::chrono::milliseconds(100));
        co_await pause.async_wait(kNoThrow);
        continue;
      }
      if (shared_->closers.size() >= shared_->limits.max_connections) continue;  // the socket closes itself
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      serve(std::move(socket));
    }
  }

  void serve(tcp::socket socket) {
    const std::uint64_t number = next_++;
    const int handle = socket.native_handle();
    // The descriptor belongs to the connection, which takes its closer away before it closes it; shutdown wakes all its
    // waits.
    shared_->closers.emplace(number, [handle] { ::shutdown(handle, SHUT_RDWR); });
    auto done = [shared = shared_, number](const std::exception_ptr& failure) {
      shared->closers.erase(number);
      if (failure) log_failure(*shared->log, failure);
    };
    beast::tcp_stream stream(std::move(socket));
    if (tls_) {
      asio::co_spawn(control_, serve_tls(beast::ssl_stream<beast::tcp_stream>(std::move(stream), *tls_), shared_),
                     done);
    } else {
      asio::co_spawn(control_, serve_plain(std::move(stream), shared_), done);
    }
  }

  asio::io_context& control_;
  tcp::acceptor acceptor_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::shared_ptr<Connections> shared_;
  std::uint64_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpListener>> HttpListener::open(asio::io_context& control, asio::thread_pool& workers,
                                                         const std::string& address, std::uint16_t port,
                                                         const std::optional<TlsFiles>& tls, HttpLimits limits,
                                                         Log& log) {
  std::unique_ptr<asio::ssl::context> context;
  if (tls) {
    BOOST_OUTCOME_TRY(context, load_tls(*tls));
  }
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
  if (error) return Error(Errc::config, "'" + address + "' is not an IP address to listen on");
  tcp::acceptor acceptor(control);
  const tcp::endpoint endpoint(ip, port);
  const std::string where = address + " port " + std::to_string(port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error(Errc::io, "cannot listen on " + where + ": " + error.message() + "; is another program using it?");
  auto shared =
      std::make_shared<Connections>(Connections{limits, nullptr, &log, &workers, {}, Connections::Phase::serving});
  return std::unique_ptr<HttpListener>(
      std::make_unique<Listener>(control, std::move(acceptor), std::move(context), std::move(shared)));
}

}  // namespace unavoce::server
