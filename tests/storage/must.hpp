// Unwraps a Result in a test, or fails the test with the error's text.
#pragma once

#include <catch2/catch.hpp>
#include <utility>

#include "storage/error.hpp"

namespace unavoce::storage {

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

/// The code of a Result that has to be an error.
template <class T>
Errc code_of(const Result<T>& result) {
  if (result) FAIL("an error was expected");
  return result.error().code;
}

}  // namespace unavoce::storage
