#include "server/http_connections.hpp"

namespace unavoce::server {

Task<void> serve_plain(beast::tcp_stream stream, std::shared_ptr<Connections> shared, ConnectionNumber number) {
  HttpStream bytes(std::make_unique<TransportOver<beast::tcp_stream>>(std::move(stream)));
  co_await serve(std::move(bytes), Transport::plain, std::move(shared), number);
}

}  // namespace unavoce::server
