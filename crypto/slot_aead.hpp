// Seals a small blob under the 32-byte key of an erasure slot: erase the slot, and the blob is noise.
//
// XChaCha20-Poly1305 (libsodium). Format: 24-byte random nonce ‖ ciphertext ‖ 16-byte tag; `context` is authenticated
// but not stored. Thread: any. Errors: Errc::damaged for any change of key, blob or context.
#pragma once

#include <cstdint>
#include <span>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

/// Seals `plain`; the nonce is random, so one key may seal several blobs.
Bytes seal_blob(std::span<const std::uint8_t, 32> key, ByteView plain, ByteView context);

/// Opens what seal_blob() made with the same key and context.
Result<Bytes> open_blob(std::span<const std::uint8_t, 32> key, ByteView sealed, ByteView context);

}  // namespace unavoce::crypto
