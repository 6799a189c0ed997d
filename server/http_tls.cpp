#include "server/http_connections.hpp"

namespace unavoce::server {

Task<void> serve_tls(beast::ssl_stream<beast::tcp_stream> stream, std::shared_ptr<Connections> shared,
                     ConnectionNumber number) {
  const auto timeout = shared->limits.transfer;
  set_cut(*shared, number, beast::get_lowest_layer(stream));
  beast::get_lowest_layer(stream).expires_after(timeout);
  auto [handshake_error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
  if (handshake_error) co_return;
  HttpStream bytes(std::make_unique<TransportOver<beast::ssl_stream<beast::tcp_stream>>>(std::move(stream)));
  co_await serve(std::move(bytes), Transport::tls, std::move(shared), number);
}

}  // namespace unavoce::server
