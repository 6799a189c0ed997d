#include "server/keep_trying.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <string>

namespace unavoce::server {

void KeepTrying::begin(First first) {
  if (std::exchange(trying_, Trying::yes) == Trying::yes) return;
  asio::co_spawn(
      services_.executors.control, [this, first] { return run(first); }, asio::detached);
}

Task<void> KeepTrying::run(First first) {
  asio::steady_timer pause(services_.executors.control);
  while (is_needed_()) {
    const auto once_more = services_.config.try_again_after;
    pause.expires_after(std::exchange(first, First::after_a_pause) == First::at_once ? once_more * 0 : once_more);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    try {
      co_await attempt_();
    } catch (const std::exception& failure) {
      services_.log.error(std::string("what the disk refused cannot be done yet: ") + failure.what());
    }
  }
  trying_ = Trying::no;
}

}  // namespace unavoce::server
