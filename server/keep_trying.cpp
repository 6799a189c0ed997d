#include "server/keep_trying.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <string>

namespace unavoce::server {

void KeepTrying::begin() {
  if (std::exchange(trying_, Trying::yes) == Trying::yes) return;
  asio::co_spawn(
      services_.executors.control, [this] { return run(); }, asio::detached);
}

Task<void> KeepTrying::run() {
  asio::steady_timer pause(services_.executors.control);
  while (is_needed_()) {
    pause.expires_after(services_.config.try_again_after);
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
