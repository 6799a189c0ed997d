// The JSON that may be signed: only texts that every parser understands in the same way.
//
// A gate, not a reader: callers check a text here first and then read it with the library of their choice.
// Thread: any. Errors: Errc::malformed with the place and the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crypto/error.hpp"

namespace unavoce::crypto {

/// The largest integer that JavaScript, too, reads exactly (2^53-1).
inline constexpr std::int64_t max_json_integer = 9007199254740991;

/// Accepts one JSON object (RFC 8259) in valid UTF-8 without byte order mark. Refused: duplicate keys (after
/// unescaping), fractions and exponents, integers beyond ±(2^53-1), U+0000 in texts, more than `max_depth` nested
/// objects and arrays (the outer object counts as 1). Memory and time are linear in the text; the caller limits its
/// size.
Result<void> check_strict_json(std::string_view text, std::size_t max_depth);

}  // namespace unavoce::crypto
