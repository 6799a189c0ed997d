// Identity files: one identity per line, "#" starts a comment line, empty lines are skipped.
//
// Owner: values. Thread: any. Errors: Errc::malformed, Errc::unsupported, with the line number and never its text.
// Only native X25519 identities: a plugin line handed to age would run a program of the writer's choice (DESIGN 2).
#pragma once

#include <string_view>
#include <vector>

#include "crypto/x25519.hpp"

namespace unavoce::crypto {

/// At least one identity, in the order of the file. Lines may end in CR LF.
Result<std::vector<Identity>> parse_identities(std::string_view text);

}  // namespace unavoce::crypto
