// What a fuzz target claims: a false claim ends the program, which the fuzzer reports with the input that did it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

inline void require(bool claim, std::source_location where = std::source_location::current()) {
  if (claim) return;
  std::fprintf(stderr, "%s:%u: the claim is false\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}
