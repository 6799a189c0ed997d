#include "server/http_session.hpp"

namespace unavoce::server {

Task<void> serve_tls(beast::ssl_stream<beast::tcp_stream> stream, std::shared_ptr<Connections> shared) {
  const auto timeout = shared->limits.transfer;
  beast::get_lowest_layer(stream).expires_after(timeout);
  auto [handshake_error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
  if (handshake_error) co_return;
  HttpSession<beast::ssl_stream<beast::tcp_stream>> session(std::move(stream), Transport::tls, std::move(shared));
  co_await session.run();
}

}  // namespace unavoce::server
