#include "cli/witness_listener.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>
#include <list>

namespace unavoce::cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

/// Connections at once; a log asks once a minute.
constexpr std::size_t kMaxConnections = 64;
constexpr std::chrono::seconds kPatience{15};
/// A request is a few kilobytes: all of it is here within this time of its first byte, or never.
constexpr std::chrono::seconds kRequestWithin{10};
/// Whoever needs longer makes way before everybody else.
constexpr std::chrono::seconds kSlow = kRequestWithin / 2;
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
/// Of what has arrived and nothing is made of yet: the extensions of a chunk and a trailer have no limit but this one.
constexpr std::size_t kMaxUnparsedBytes = 64 * 1024;
constexpr std::size_t kReadBytes = 4096;

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

std::uint64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

Response answer_to(const Request& request, consent::Witness& witness) {
  Response response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::cache_control, "no-store");
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  if (request.target() != "/add-checkpoint") {
    response.result(http::status::not_found);
    response.body() = "this is a witness of ledgers: POST /add-checkpoint\n";
  } else if (request.method() != http::verb::post) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "POST");
    response.body() = "POST it\n";
  } else {
    consent::WitnessAnswer answer = witness.add_checkpoint(request.body(), unix_seconds());
    response.result(answer.status);
    response.set(http::field::content_type, answer.content_type);
    response.body() = std::move(answer.body);
  }
  response.prepare_payload();
  return response;
}

/// A connection, and what is going on there.
struct Connection {
  beast::tcp_stream* stream;
  enum class State { waits, works, was_cut } state = State::waits;
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
};

/// The connections there are, each where its state began: the longest ago first.
using Connections = std::list<Connection>;

/// When there are too many, one makes way, so that nobody keeps others out by saying nothing, or a byte at a time:
/// whose request or answer takes far too long; else who has waited longest for a request, and only where nobody waits,
/// whose request or answer takes longest. So whoever has just come has the time to say what they want.
void make_way(Connections& all) {
  const auto is = [](Connection::State state) { return [state](const Connection& one) { return one.state == state; }; };
  const auto cut = std::ranges::count_if(all, is(Connection::State::was_cut));
  if (all.size() - static_cast<std::size_t>(cut) < kMaxConnections) return;
  const auto late = std::chrono::steady_clock::now() - kSlow;
  auto first = std::ranges::find_if(
      all, [&](const Connection& one) { return one.state == Connection::State::works && one.since < late; });
  if (first == all.end()) first = std::ranges::find_if(all, is(Connection::State::waits));
  if (first == all.end()) first = std::ranges::find_if(all, is(Connection::State::works));
  first->stream->close();
  first->state = Connection::State::was_cut;  // gone as soon as its conversation has noticed
}

/// A connection's place among them, for as long as it lasts.
class Place {
 public:
  Place(Connections& all, beast::tcp_stream& stream) : all_(all), here_(all.insert(all.end(), Connection{&stream})) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { all_.erase(here_); }
  /// A request begins to arrive.
  void works() { become(Connection::State::works); }
  /// It has been answered.
  void waits() { become(Connection::State::waits); }

 private:
  void become(Connection::State state) {
    if (here_->state == Connection::State::was_cut) return;
    here_->state = state;
    here_->since = std::chrono::steady_clock::now();
    all_.splice(all_.end(), all_, here_);
  }

  Connections& all_;
  Connections::iterator here_;
};

/// Where there is nobody to tell of an error: the connection ends.
asio::awaitable<void> converse(tcp::socket socket, consent::Witness& witness, Connections& connections) {
  beast::tcp_stream stream(std::move(socket));
  Place place(connections, stream);
  beast::flat_buffer buffer(kMaxUnparsedBytes);
  boost::system::error_code failed;
  for (bool more = true; more && !failed;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(consent::kMaxAddCheckpointBytes);
    stream.expires_after(kPatience);
    if (buffer.size() == 0) {
      const auto space = buffer.prepare(kReadBytes);
      const std::size_t got = co_await stream.async_read_some(space, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
      buffer.commit(got);
    }
    place.works();
    stream.expires_after(kRequestWithin);  // for all of it: what arrives does not wind the timer up again
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    const Response response = answer_to(parser.get(), witness);
    stream.expires_after(kPatience);
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, failed));
    more = response.keep_alive();
    place.waits();
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, consent::Witness& witness, Connections& connections) {
  for (;;) {
    boost::system::error_code failed;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) {  // out of descriptors, perhaps: not in a circle
      asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(200));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    make_way(connections);
    asio::co_spawn(acceptor.get_executor(), converse(std::move(socket), witness, connections), asio::detached);
  }
}

}  // namespace

Result<void> serve_witness(consent::Witness& witness, const Listen& listen,
                           const std::function<void(std::uint16_t)>& ready) {
  Connections connections;  // outlives the conversations, which the context ends
  asio::io_context context(1);
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(listen.address, failed);
  if (failed) return Error(ExitCode::usage, "'" + listen.address + "' is not an IP address");
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint(address, listen.port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    return Error(ExitCode::io, "cannot listen on " + listen.address + " port " + std::to_string(listen.port) + ": " +
                                   failed.message());
  }
  ready(acceptor.local_endpoint().port());
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  asio::co_spawn(context, accept_all(acceptor, witness, connections), asio::detached);
  context.run();
  return boost::outcome_v2::success();
}

}  // namespace unavoce::cli
