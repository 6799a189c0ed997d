// Plaintexts and sinks for the tests of sealing and opening.
#pragma once

#include <cstdint>
#include <random>

#include "crypto/stream.hpp"

namespace unavoce::testing {

/// Bytes that differ from chunk to chunk; the same for the same size and seed.
inline crypto::Bytes plaintext(std::size_t size, unsigned seed = 1) {
  std::minstd_rand random(seed);
  crypto::Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8);
  return bytes;
}

/// Collects what it is given.
struct Collector {
  crypto::Bytes bytes;
  crypto::Sink sink() {
    return [this](crypto::ByteView part) -> crypto::Result<void> {
      bytes.insert(bytes.end(), part.begin(), part.end());
      return boost::outcome_v2::success();
    };
  }
};

inline crypto::Bytes to_bytes(crypto::ByteView view) {
  return crypto::Bytes(view.begin(), view.end());
}

}  // namespace unavoce::testing
