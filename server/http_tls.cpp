#include "server/http_session.hpp"

namespace unavoce::server {

Task<void> serve_tls(beast::ssl_stream<beast::tcp_stream> stream, std::shared_ptr<Connections> shared,
                     ConnectionNumber number) {
  const auto timeout = shared->limits.transfer;
  set_cut(*shared, number, beast::get_lowest_layer(stream));
  beast::get_lowest_layer(stream).expires_after(timeout);
  auto [handshake_error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
  if (handshake_error) co_return;
  HttpSession<beast::ssl_stream<beast::tcp_stream>> session(std::move(stream), Transport::tls, std::move(shared),
                                                            number);
  co_await session.run();
}

}  // namespace unavoce::server
