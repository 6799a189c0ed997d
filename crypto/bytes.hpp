// Bytes and their three spellings: hex, base64, base64url. Decoders accept exactly one spelling of each value, so that
// a hash over the text and a hash over the bytes cannot disagree. Time does not depend on the bytes (libsodium).
//
// Owner: values. Thread: any. Errors: Errc::malformed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/error.hpp"

namespace unavoce::crypto {

using Bytes = std::vector<std::uint8_t>;
/// Borrowed bytes; the owner must outlive the view.
using ByteView = std::span<const std::uint8_t>;

/// The same memory seen as bytes.
ByteView as_bytes(std::string_view text);
/// The same memory seen as text; nothing is checked.
std::string_view as_text(ByteView bytes);

/// Lower-case hex.
std::string to_hex(ByteView bytes);
/// Lower-case hex only, two digits per byte.
Result<Bytes> from_hex(std::string_view text);

/// Standard alphabet, padded (RFC 4648 section 4).
std::string to_base64(ByteView bytes);
/// Standard alphabet, padded, canonical: unused bits are zero, no white space.
Result<Bytes> from_base64(std::string_view text);

/// URL-safe alphabet without padding (RFC 4648 section 5).
std::string to_base64url(ByteView bytes);
/// URL-safe alphabet, no padding, canonical.
Result<Bytes> from_base64url(std::string_view text);

}  // namespace unavoce::crypto
