// SHA-256 and HMAC-SHA256; HMAC-SHA1 for those who accept nothing else.
//
// Owner: values; Sha256 owns its state and wipes it. Thread: any, one Sha256 object by one thread at a time.
// Errors: none. SHA-256 comes from OpenSSL, which uses the CPU's SHA instructions: whole track files pass here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// FIPS 180-4 SHA-256 of a whole buffer.
Digest sha256(ByteView bytes);

/// SHA-256 of a stream.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(ByteView bytes);
  /// The digest of everything so far; the object then starts again with nothing.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// RFC 2104 with SHA-256; the key may have any length.
Digest hmac_sha256(ByteView key, ByteView message);

/// RFC 2104 with SHA-1, for what TURN servers ask for (server/ice_servers.hpp); nothing of ours relies on it. The key
/// may have any length.
std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView message);

/// Compares without telling through its duration where the first difference is; different sizes are unequal at once.
bool equal_constant_time(ByteView left, ByteView right);

}  // namespace unavoce::crypto
