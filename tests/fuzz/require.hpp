// What a fuzz target claims: a false claim ends the program, and the fuzzer reports where and with which input.
#pragma once

#include <cstdlib>

inline void require(bool claim) {
  if (!claim) std::abort();
}
