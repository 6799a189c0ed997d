// Base64 as age headers spell it: standard alphabet, no padding, one spelling of each value (c2sp.org/age).
//
// Owner: values. Thread: any. Errors: Errc::malformed. The other two alphabets are in bytes.hpp.
#pragma once

#include <string>
#include <string_view>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

std::string to_base64raw(ByteView bytes);

/// Refuses padding, white space and unused bits that are not zero.
Result<Bytes> from_base64raw(std::string_view text);

}  // namespace unavoce::crypto
