// One TCP connection, plain or TLS: the loop that reads requests and writes answers, and the WebSocket it may turn
// into. Runs on the control thread. The connection owns its session object; it ends by itself, by timeout, or when the
// listener closes it.
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <set>
#include <string_view>

#include "server/beast_request.hpp"
#include "server/body_pace.hpp"
#include "server/http_connections.hpp"
#include "server/other_sites.hpp"
#include "server/problem.hpp"
#include "server/queued_peer.hpp"

namespace unavoce::server {
namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;

/// Of an answer so much must be taken within the transfer timeout.
constexpr std::size_t kPieceBytes = 128u << 10u;

/// A body that arrives, until it is here or given up.
struct Arriving {
  ~Arriving() { table.works(number); }
  ConnectionTable& table;
  ConnectionNumber number;
};

class HttpSession {
 public:
  HttpSession(HttpStream stream, Transport transport, std::shared_ptr<Connections> shared, ConnectionNumber number)
      : stream_(std::move(stream)), transport_(transport), shared_(std::move(shared)), number_(number) {
    beast::error_code error;
    const auto endpoint = lowest().socket().remote_endpoint(error);
    if (!error) remote_address_ = endpoint.address().to_string();
    set_cut(*shared_, number_, lowest());
  }

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  /// Requests until the client or a timeout ends it, or until it became a WebSocket.
  Task<void> run() {
    // Not `while (co_await …)`, here and elsewhere: GCC 12 makes wrong code of an await inside a condition.
    for (;;) {
      const bool more = co_await one_exchange();
      if (!more) co_return;
    }
  }

 private:
  /// Reads one request and answers it. False: the connection is over.
  Task<bool> one_exchange() {
    http::request_parser<http::string_body> parser;
    parser.header_limit(shared_->limits.header_bytes);
    parser.body_limit(boost::none);                // set from the header, below
    lowest().expires_after(shared_->limits.idle);  // for all of the header: a byte now and then does not prolong it
    shared_->table.waits(number_, now());
    auto [head_error, head_bytes] = co_await http::async_read_header(stream_, buffer_, parser, kNoThrow);
    shared_->table.works(number_);
    // Of a request that cannot be understood, too.
    const auto raw = parser.get().target();
    for_other_sites_ = is_for_other_sites(std::string_view(raw.data(), raw.size()));
    if (head_error == http::error::header_limit) {
      const Error error(Errc::too_large, "the header is larger than 16 KiB");
      co_await refuse(error);
    }
    if (head_error) co_return false;
    Request request;
    request.transport = transport_;
    if (!convert_request(parser.get(), request)) {
      const Error error(Errc::malformed, "the address cannot be understood");
      co_await refuse(error);
      co_return false;
    }
    for_other_sites_ = is_for_other_sites(request.path);
    request.remote_address =
        client_address(remote_address_, request.header("x-forwarded-for"), shared_->limits.trusted_proxies);
    if (websocket::is_upgrade(parser.get())) {
      auto handshake = parser.release();
      co_await become_websocket(std::move(handshake), std::move(request));
      co_return false;
    }
    const bool complete = co_await read_body(parser, request);
    if (!complete) co_return false;
    const auto keep_alive = parser.get().keep_alive() && shared_->phase == Connections::Phase::serving;
    const unsigned version = parser.get().version();
    const Method method = request.method;
    Response response = co_await answer(std::move(request));
    const bool written = co_await write(std::move(response), method, version, keep_alive);
    co_return written&& keep_alive;
  }

  static ConnectionTable::Time now() { return std::chrono::steady_clock::now(); }

  /// False: the connection is over.
  Task<bool> read_body(http::request_parser<http::string_body>& parser, Request& request) {
    auto received = co_await receive_body(parser, shared_->application->body_limit_bytes(request));
    if (!received) {
      std::string().swap(parser.get().body());
      co_await refuse(std::move(received).error());
      co_return false;
    }
    if (received.value() == Body::lost) co_return false;
    request.body = std::move(parser.get().body());
    co_return true;
  }

  enum class Body { complete, lost };

  /// Errors: too_large; too_slow (it made way, or took too long); unavailable (no memory, and the other bodies arrive
  /// in time; never for a small one).
  Task<Result<Body>> receive_body(http::request_parser<http::string_body>& parser, const std::uint64_t limit) {
    const Error too_large(Errc::too_large, "the body may have at most " + std::to_string(limit) + " bytes");
    const Error too_slow(Errc::too_slow, "the body arrived too slowly while others were waiting; send it again");
    const auto length = parser.content_length();
    if (length && *length > limit) co_return too_large;
    parser.body_limit(limit);
    if (parser.is_done()) co_return Body::complete;
    BodyPace pace(shared_->limits.body_pace, now());
    bool makes_way = false;
    shared_->table.receives(number_, now(), pace.due(), [this, &makes_way] {
      makes_way = true;
      lowest().cancel();
    });
    const Arriving arriving{shared_->table, number_};
    if (parser.get()[http::field::expect] == "100-continue") {
      http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
      lowest().expires_after(shared_->limits.transfer);
      auto [error, bytes] = co_await http::async_write(stream_, go_on, kNoThrow);
      if (makes_way) co_return too_slow;
      if (error) co_return Body::lost;
    }
    const auto deadline = now() + shared_->limits.body;
    while (!makes_way && !parser.is_done()) {
      lowest().expires_after(shared_->limits.transfer);
      auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser, kNoThrow);
      if (makes_way) break;
      if (error == http::error::body_limit) co_return too_large;
      if (error == http::error::buffer_overflow)
        co_return Error(Errc::too_large, "what stands between the chunks of the body, or behind them, is too long");
      if (error) co_return Body::lost;
      if (now() >= deadline && !parser.is_done())
        co_return Error(Errc::too_slow, "the body took longer than any may take; send it again");
      const std::size_t size = parser.get().body().size();
      pace.received(size, now());
      if (parser.is_done()) {
        shared_->table.arrived(number_, size, now());
        co_return Body::complete;
      }
      const bool fits = shared_->table.received(number_, size, pace.due(), now());
      if (!fits && size > shared_->limits.small_body) {
        co_return Error(Errc::unavailable, "too much arrives at this moment; try again in a few seconds");
      }
    }
    if (makes_way) co_return too_slow;
    co_return Body::complete;
  }

  Task<Response> answer(Request request) {
    lowest().expires_never();  // the application has its own limits; a body source is read with the transfer timeout
    try {
      co_return co_await shared_->application->handle(std::move(request));
    } catch (const std::exception& failure) {
      shared_->log->error(std::string("a request failed: ") + failure.what());
    }
    co_return problem_response(Error(Errc::io, "the server failed at this request; its log says why"));
  }

  /// The last answer of this connection, which the client can read although it may not have sent everything.
  Task<void> refuse(Error error) {
    shared_->table.waits(number_, now());
    is_refused_ = true;
    Response problem = problem_response(error);
    const bool written = co_await write(std::move(problem), Method::get, 11, false);
    if (written) co_await shared_->lingering.close(lowest());
  }

  template <class Body>
  void fill_header(http::response<Body>& to, const Response& from, const bool keep_alive) {
    to.result(from.status);
    to.set(http::field::server, "unavoced");
    for (const auto& [name, value] : from.headers) to.insert(name, value);
    if (for_other_sites_) {  // here, since not every answer comes from the application
      to.set(kAllowOrigin, kAllowedOrigins);
      to.set(kExposeHeaders, kExposedHeaders);
    }
    to.keep_alive(keep_alive);
  }

  Task<bool> write(Response response, Method method, unsigned version, const bool keep_alive) {
    if (response.source) co_return co_await write_source(std::move(response), method, version, keep_alive);
    http::response<http::string_body> message;
    message.version(version);
    fill_header(message, response, keep_alive);
    const std::size_t size = response.body.size();
    if (method != Method::head) message.body() = std::move(response.body);
    if (response.status != 204 && response.status != 304) message.content_length(size);
    http::response_serializer<http::string_body> serializer(message);
    if (method == Method::head) co_return co_await send_header(serializer);
    const beast::error_code error = co_await send(serializer);
    co_return !error;
  }

  /// What `serializer` has now. Whoever does not read it makes way for others; one who is refused does so anyway.
  /// However long it is, each piece of it has the transfer timeout to itself.
  template <class Serializer>
  Task<beast::error_code> send(Serializer& serializer) {
    BodyPace pace(shared_->limits.answer_pace, now());
    std::uint64_t sent = 0;
    std::uint64_t piece_ends = 0;
    for (;;) {
      if (sent >= piece_ends) {
        lowest().expires_after(shared_->limits.transfer);
        piece_ends = sent + kPieceBytes;
      }
      if (!is_refused_) shared_->table.sends(number_, pace.due());
      auto [error, bytes] = co_await http::async_write_some(stream_, serializer, kNoThrow);
      if (error || serializer.is_done()) {
        if (!is_refused_) shared_->table.works(number_);
        co_return error;
      }
      sent += bytes;
      pace.received(sent, now());
    }
  }

  /// Its header alone; the same holds, since what was sent before may be unread.
  template <class Serializer>
  Task<bool> send_header(Serializer& serializer) {
    lowest().expires_after(shared_->limits.transfer);
    if (!is_refused_) shared_->table.sends(number_, now() + shared_->limits.answer_pace.patience);
    auto [error, bytes] = co_await http::async_write_header(stream_, serializer, kNoThrow);
    if (!is_refused_) shared_->table.works(number_);
    co_return !error;
  }

  /// The next piece of a long body, read on the worker pool.
  Task<Result<std::size_t>> read_piece(BodySource& source, std::vector<std::uint8_t>& piece) {
    auto got = co_await on(*shared_->workers, [&] { return source.read(piece); });
    if (!got) shared_->log->error("a download broke off: " + got.error().text);
    co_return got;
  }

  /// A problem instead of the file, with the headers that every answer has.
  static Response refusal_of(const Error& error, const Response& file) {
    Response problem = problem_response(error);
    const std::set<std::string_view> of_the_file{"Content-Type", "Content-Range", "Content-Disposition",
                                                 "Accept-Ranges"};
    for (const auto& [name, value] : file.headers)
      if (!of_the_file.contains(name)) problem.with(name, value);
    return problem;
  }

  /// Sends a long body: read a piece, write it, and only then read the next; so a slow client costs one piece of
  /// memory. The first one is read before the header is written: a disk that gives nothing is an error, not half an
  /// answer.
  Task<bool> write_source(Response response, Method method, unsigned version, const bool keep_alive) {
    std::vector<std::uint8_t> piece(kPieceBytes);
    Result<std::size_t> got = std::size_t{0};
    if (method != Method::head) got = co_await read_piece(*response.source, piece);
    if (!got) {
      Response problem = refusal_of(got.error(), response);
      const bool refused = co_await write(std::move(problem), method, version, keep_alive);
      co_return refused&& keep_alive;
    }
    http::response<http::buffer_body> message;
    message.version(version);
    fill_header(message, response, keep_alive);
    if (const auto size = response.source->size_bytes())
      message.content_length(*size);
    else
      message.chunked(true);
    message.body().data = nullptr;
    message.body().more = true;
    http::response_serializer<http::buffer_body> serializer(message);
    const bool began = co_await send_header(serializer);
    if (!began || method == Method::head) co_return began;
    for (;;) {
      message.body().data = got.value() == 0 ? nullptr : piece.data();
      message.body().size = got.value();
      message.body().more = got.value() != 0;
      const beast::error_code error = co_await send(serializer);
      if (error && error != http::error::need_buffer) co_return false;
      if (serializer.is_done()) co_return true;
      got = co_await read_piece(*response.source, piece);
      if (!got) co_return false;
    }
  }

  Task<void> become_websocket(http::request<http::string_body> handshake, Request request) {
    lowest().expires_never();
    if (!shared_->table.move_to(number_, address_group(request.remote_address), now())) {
      const Error error(Errc::unavailable, "too many connections from this address; try again in a few seconds",
                        "too_many_connections");
      co_await refuse(error);
      co_return;
    }
    auto opened = co_await shared_->application->upgrade(std::move(request));
    if (!opened) {
      co_await refuse(std::move(opened).error());
      co_return;
    }
    auto peer = std::make_shared<QueuedPeer>(WebSocketStream(std::move(stream_)), shared_);
    shared_->table.set_cut(number_, [here = std::weak_ptr<QueuedPeer>(peer)] {
      if (const auto open = here.lock()) open->cut();
    });
    auto& ws = peer->stream();
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = shared_->limits.transfer;
    timeout.idle_timeout = shared_->limits.websocket_silence;
    timeout.keep_alive_pings = true;
    ws.set_option(timeout);
    ws.read_message_max(shared_->limits.websocket_message_bytes);
    shared_->table.waits(number_, now());  // already: what was sent before may be unread, and then this takes long
    auto [accept_error] = co_await ws.async_accept(handshake, kNoThrow);
    if (accept_error) co_return;
    std::unique_ptr<WebSocketSession> session = opened.value()(peer);
    if (session->is_known()) shared_->table.works(number_);
    co_await read_messages(*peer, *session);
    session->closed();
    peer->cut();
  }

  Task<void> read_messages(QueuedPeer& peer, WebSocketSession& session) {
    for (;;) {
      auto [error, bytes] = co_await peer.stream().async_read(buffer_, kNoThrow);
      if (error) co_return;
      if (!peer.stream().got_text()) co_return;
      std::string text = beast::buffers_to_string(buffer_.data());
      buffer_.consume(buffer_.size());
      try {
        co_await session.receive(std::move(text));
        if (session.is_known()) shared_->table.works(number_);
      } catch (const std::exception& failure) {
        shared_->log->error(std::string("a WebSocket message failed: ") + failure.what());
        co_return;
      }
    }
  }

  HttpStream stream_;
  Transport transport_;
  std::shared_ptr<Connections> shared_;
  ConnectionNumber number_;
  beast::flat_buffer buffer_{shared_->limits.unparsed_bytes};
  std::string remote_address_;
  bool is_refused_ = false;       // what is written is the last answer, and it waits already
  bool for_other_sites_ = false;  // the request at hand: pages of other sites may read the answer
};

}  // namespace

Task<void> serve(HttpStream stream, Transport transport, std::shared_ptr<Connections> shared, ConnectionNumber number) {
  HttpSession session(std::move(stream), transport, std::move(shared), number);
  co_await session.run();
}

}  // namespace unavoce::server
