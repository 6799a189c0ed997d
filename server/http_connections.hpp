#pragma once
// What the connections of a listener share, and how one is served: http_plain.cpp and http_tls.cpp begin it in their
// way, http_session.cpp does the rest. Private to the http_*.cpp files. Control thread only.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>

#include "server/http_listener.hpp"
#include "server/http_stream.hpp"
#include "server/lingering_close.hpp"

namespace unavoce::server {

using tcp = asio::ip::tcp;

/// What all connections of a listener share.
struct Connections {
  HttpLimits limits;
  Application* application;
  Log* log;
  asio::thread_pool* workers;
  ConnectionTable table;
  LingeringCloses lingering;
  std::size_t queued_bytes = 0;  // for all WebSockets together
  enum class Phase { serving, stopping } phase = Phase::serving;
};

using ConnectionNumber = ConnectionTable::Number;

/// Serves a connection from its first byte to its end; the last part, the same for all, is serve().
Task<void> serve_plain(beast::tcp_stream stream, std::shared_ptr<Connections> shared, ConnectionNumber number);
Task<void> serve_tls(beast::ssl_stream<beast::tcp_stream> stream, std::shared_ptr<Connections> shared,
                     ConnectionNumber number);

Task<void> serve(HttpStream stream, Transport transport, std::shared_ptr<Connections> shared, ConnectionNumber number);

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// How a connection is ended from outside, while `stream` is where it is: its waits end with an error.
inline void set_cut(Connections& shared, ConnectionNumber number, beast::tcp_stream& stream) {
  shared.table.set_cut(number, [&stream] {
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  });
}

}  // namespace unavoce::server
