#pragma once
// Argon2id costs much time and memory on purpose. It has a thread of its own and a short queue, so that a flood of
// log-ins waits for itself and never makes a take, an erasure or a download wait. Owned by Services; control thread.

#include <functional>

#include "server/error.hpp"
#include "server/executors.hpp"

namespace unavoce::server {

class PasswordPool {
 public:
  explicit PasswordPool(asio::thread_pool& pool) : pool_(pool) {}

  /// Runs `job` on the pool and returns when it is done. Errors: unavailable (too many wait already; it was not run).
  Task<Result<void>> run(std::function<void()> job);

 private:
  asio::thread_pool& pool_;
  unsigned waiting_ = 0;
};

}  // namespace unavoce::server
