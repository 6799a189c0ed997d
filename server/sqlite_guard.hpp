#pragma once
// Turns SQLiteCpp's exceptions into Errors at the border of the server's small stores. Database thread. Private to the
// stores' .cpp files.

#include <exception>
#include <utility>

#include "server/error.hpp"
#include "storage/database.hpp"

namespace unavoce::server {

/// Runs `job`, which returns a Result; an exception of the database becomes Errc::io.
template <class Job>
auto guard(Job&& job) -> decltype(job()) {
  try {
    return std::forward<Job>(job)();
  } catch (const std::exception& failure) {
    return Error(storage::describe(failure, "unavoce.db"));
  }
}

}  // namespace unavoce::server
