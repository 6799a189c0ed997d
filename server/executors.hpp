#pragma once
// The server's threads (docs/ARCHITECTURE.md, "Threads"): the control thread runs all coroutines; what blocks goes to a
// pool with `co_await on(…)`. `database` has exactly one thread, so that what is awaited in order is done in order;
// `workers` has two, for files; `passwords` one, for Argon2id (password_pool.hpp). Owned by Server. A pool's jobs must
// not touch anything of the control thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace unavoce::server {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

struct Executors {
  asio::io_context control{1};
  asio::thread_pool database{1};
  asio::thread_pool workers{2};
  asio::thread_pool passwords{1};
};

/// Runs `job` (which returns a value) on a thread of `pool` and resumes on the caller's thread with its result.
/// Exceptions travel along. Closures inside of a co_await capture by reference only: GCC 12 destroys twice what a
/// temporary closure holds by value (a double free that tests found).
template <class Job>
Task<std::invoke_result_t<Job>> on(asio::thread_pool& pool, Job job) {
  using Answer = std::optional<std::invoke_result_t<Job>>;  // co_spawn wants something default-constructible
  auto run = [](Job inner) -> Task<Answer> { co_return Answer(inner()); };
  Answer answer = co_await asio::co_spawn(pool.get_executor(), run(std::move(job)), asio::use_awaitable);
  co_return std::move(*answer);
}

}  // namespace unavoce::server
