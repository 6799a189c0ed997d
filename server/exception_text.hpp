#pragma once
// What an exception says, for the log.

#include <exception>
#include <string>

namespace unavoce::server {

inline std::string exception_text(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown";
  }
}

}  // namespace unavoce::server
