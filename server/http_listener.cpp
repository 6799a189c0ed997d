#include "server/http_listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http_connections.hpp"
#include "server/other_sites.hpp"
#include "server/problem.hpp"

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

constexpr std::chrono::milliseconds kAcceptPause{100};
/// So much the kernel takes beyond what it can send. Otherwise it takes megabytes and then nothing until a third of
/// that is read: a reader on a slow line would look like one who does not read (HttpLimits::answer_pace).
constexpr int kUnsentBytes = 128 * 1024;

Task<void> close_in_peace(beast::tcp_stream stream, std::shared_ptr<Connections> shared) {
  co_await shared->lingering.close(stream);
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
  std::size_t connections() const override { return shared_->table.size(); }

  void stop_accepting() override {
    shared_->phase = Connections::Phase::stopping;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  void close_all() override { shared_->table.cut_all(); }

 private:
  Task<void> accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {
        co_await could_not_accept(error);
        continue;
      }
      if (failures_ > 0) {
        shared_->log->warning("connections are accepted again, after " + std::to_string(failures_) + " attempts");
        failures_ = 0;
      }
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
      serve(std::move(socket));
    }
  }

  /// Out of file descriptors, most likely. Said once; whoever only waits makes way; and no spinning until it works.
  Task<void> could_not_accept(boost::system::error_code error) {
    if (failures_++ == 0) {
      shared_->log->error("no connection can be accepted: " + error.message() +
                          "; raise the limit of open files (LimitNOFILE), or lower max_connections");
    }
    shared_->table.cut_longest_waiting(std::chrono::steady_clock::now());
    asio::steady_timer pause(control_, kAcceptPause);
    co_await pause.async_wait(kNoThrow);
  }

  void serve(tcp::socket socket) {
    const std::uint64_t number = next_++;
    if (!shared_->table.admit(number, group_of(socket), std::chrono::steady_clock::now()))
      return turn_away(std::move(socket));
    auto done = [shared = shared_, number](const std::exception_ptr& failure) {
      shared->table.remove(number);
      if (failure) log_failure(*shared->log, failure);
    };
    beast::tcp_stream stream(std::move(socket));
    if (tls_) {
      asio::co_spawn(control_,
                     serve_tls(beast::ssl_stream<beast::tcp_stream>(std::move(stream), *tls_), shared_, number), done);
    } else {
      asio::co_spawn(control_, serve_plain(std::move(stream), shared_, number), done);
    }
  }

  ConnectionTable::Group group_of(const tcp::socket& socket) const {
    boost::system::error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    const std::string address = error ? std::string() : endpoint.address().to_string();
    for (const AddressBlock& proxy : shared_->limits.trusted_proxies) {
      if (proxy.holds(address)) return {};
    }
    return address_group(address);
  }

  /// There is no room and nobody makes way. What can be said without waiting for the client is said.
  void turn_away(tcp::socket socket) {
    if (tls_) return;
    static const std::string answer = [] {
      const Response problem = problem_response(
          Error(Errc::unavailable, "too many connections; try again in a few seconds", "too_many_connections"));
      std::string text = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n";
      // Whatever would have been asked: there is nothing in it that another site's page may not read.
      text.append(kAllowOrigin).append(": ").append(kAllowedOrigins).append("\r\n");
      text.append(kExposeHeaders).append(": ").append(kExposedHeaders).append("\r\n");
      for (const auto& [name, value] : problem.headers) text += name + ": " + value + "\r\n";
      return text + "Content-Length: " + std::to_string(problem.body.size()) + "\r\n\r\n" + problem.body;
    }();
    ::send(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    asio::co_spawn(control_, close_in_peace(beast::tcp_stream(std::move(socket)), shared_), asio::detached);
  }

  asio::io_context& control_;
  tcp::acceptor acceptor_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::shared_ptr<Connections> shared_;
  std::uint64_t next_ = 0;
  std::uint64_t failures_ = 0;  // of accepting, since it last worked
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
  if (error) {
    return Error(code_of_os_error(error.value()),
                 "cannot listen on " + where + ": " + error.message() + "; is another program using it?");
  }
  auto shared =
      std::make_shared<Connections>(Connections{limits, nullptr, &log, &workers, ConnectionTable(limits.connections),
                                                LingeringCloses(limits.lingering), 0, Connections::Phase::serving});
  return std::unique_ptr<HttpListener>(
      std::make_unique<Listener>(control, std::move(acceptor), std::move(context), std::move(shared)));
}

}  // namespace unavoce::server
