// Ed25519 signatures (RFC 8032) by libsodium, which is also the reference verifier of every statement.
//
// Owner: SigningKey owns its seed in secret memory and is move-only; PublicKey is a value and always a usable key.
// Thread: any. Errors: Errc::malformed for text, Errc::weak_key for points that would let a signature prove nothing.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace unavoce::crypto {

using Signature = std::array<std::uint8_t, 64>;

/// A point of the main subgroup in its canonical encoding; anything else does not become a PublicKey.
class PublicKey {
 public:
  /// base64url without padding, 43 characters.
  static Result<PublicKey> parse(std::string_view text);
  /// The 32 bytes of RFC 8032 section 5.1.2.
  static Result<PublicKey> from_bytes(ByteView bytes);

  /// What parse() reads.
  std::string text() const;
  ByteView bytes() const noexcept { return bytes_; }

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;

 private:
  explicit PublicKey(const std::array<std::uint8_t, 32>& bytes) noexcept : bytes_(bytes) {}
  std::array<std::uint8_t, 32> bytes_;
};

/// A private key together with its public one.
class SigningKey {
 public:
  static SigningKey generate();
  /// The 32-byte seed of RFC 8032; Errc::malformed for another size.
  static Result<SigningKey> from_seed(ByteView seed);

  const PublicKey& public_key() const noexcept { return public_key_; }
  Signature sign(ByteView message) const;
  /// For writing key files; handle with the same care as the key.
  const Secret<32>& seed() const noexcept { return seed_; }

 private:
  SigningKey(Secret<32> seed, Secret<64> expanded, PublicKey public_key) noexcept;
  static SigningKey expand(Secret<32> seed);

  Secret<32> seed_;
  Secret<64> expanded_;  // libsodium's form: seed ‖ public key
  PublicKey public_key_;
};

/// Whether `signature` is one of `message` by `key`. Non-canonical S and low-order R are refused (libsodium).
bool verify(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace unavoce::crypto
