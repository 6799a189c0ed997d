#pragma once

#include <string>

namespace unavoce::testing {

/// The real program, for a shell.
inline const std::string program = UNAVOCE_PROGRAM;

}  // namespace unavoce::testing
