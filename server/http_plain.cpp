#include "server/http_session.hpp"

namespace unavoce::server {

Task<void> serve_plain(beast::tcp_stream stream, std::shared_ptr<Connections> shared, ConnectionNumber number) {
  HttpSession<beast::tcp_stream> session(std::move(stream), Transport::plain, std::move(shared), number);
  co_await session.run();
}

}  // namespace unavoce::server
