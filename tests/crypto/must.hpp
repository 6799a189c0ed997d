// Unwraps a Result in a test, or fails the test with the error's text.
#pragma once

#include <catch2/catch.hpp>
#include <utility>

namespace unavoce::crypto {

template <class R>
typename R::value_type must(R result) {
  if (!result) FAIL(result.error().text);
  return std::move(result).value();
}

/// The code of a Result that has to be an error.
template <class R>
Errc code_of(const R& result) {
  if (result) FAIL("an error was expected");
  return result.error().code;
}

}  // namespace unavoce::crypto
