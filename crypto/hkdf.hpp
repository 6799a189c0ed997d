// HKDF with SHA-256 (RFC 5869), from libsodium's HMAC: version 1.0.18 has no HKDF of its own.
//
// Owner: the caller owns `out`; everything in between is wiped. Thread: any. Errors: none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

/// Extract, then expand to out.size() bytes; at most 255·32, more is a broken invariant (std::length_error).
/// An empty salt means 32 zero bytes (RFC 5869 section 2.2).
void hkdf_sha256(ByteView input_key, ByteView salt, std::string_view info, std::span<std::uint8_t> out);

}  // namespace unavoce::crypto
