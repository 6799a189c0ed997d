#include "server/password_pool.hpp"

#include <exception>

namespace unavoce::server {
namespace {

/// Whoever waits behind so many waits for some seconds already.
constexpr unsigned kMaxWaiting = 8;

}  // namespace

Task<Result<void>> PasswordPool::run(std::function<void()> job) {
  if (waiting_ >= kMaxWaiting)
    co_return Error(Errc::unavailable, "too many log-ins at this moment; try again in a few seconds");
  ++waiting_;
  std::exception_ptr failure;
  try {
    // `on` wants a value.
    co_await on(pool_, [&] {
      job();
      return 0;
    });
  } catch (...) {
    failure = std::current_exception();
  }
  --waiting_;
  if (failure) std::rethrow_exception(failure);
  co_return boost::outcome_v2::success();
}

}  // namespace unavoce::server
