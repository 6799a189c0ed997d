#include "server/lingering_close.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

namespace unavoce::server {

Task<void> LingeringCloses::close(beast::tcp_stream& stream) {
  boost::system::error_code error;
  stream.socket().shutdown(asio::socket_base::shutdown_send, error);
  if (error) co_return;  // it is over already
  if (open_.size() >= limits_.at_once) {
    open_.begin()->second->close();
    open_.erase(open_.begin());
  }
  struct Place {
    ~Place() { places.erase(number); }
    std::map<std::uint64_t, beast::tcp_stream*>& places;
    std::uint64_t number;
  };
  const Place place{open_, next_++};
  open_.emplace(place.number, &stream);
  std::vector<char> thrown_away(16u << 10u);
  stream.expires_after(limits_.time);  // for all of it: whoever goes on sending does not prolong it
  for (std::size_t taken = 0; taken < limits_.bytes;) {
    auto [over, bytes] =
        co_await stream.async_read_some(asio::buffer(thrown_away), asio::as_tuple(asio::use_awaitable));
    if (over) co_return;
    taken += bytes;
  }
}

}  // namespace unavoce::server
