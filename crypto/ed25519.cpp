#include "crypto/ed25519.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace unavoce::crypto {

Result<PublicKey> PublicKey::parse(std::string_view text) {
  if (text.size() != 43) {
    return Error{Errc::malformed, "an Ed25519 public key is written as 43 characters of base64url, this text has " +
                                      std::to_string(text.size())};
  }
  BOOST_OUTCOME_TRY(const auto bytes, from_base64url(text));
  return from_bytes(bytes);
}

Result<PublicKey> PublicKey::from_bytes(ByteView bytes) {
  std::array<std::uint8_t, 32> key;
  if (bytes.size() != key.size()) {
    return Error{Errc::malformed, "an Ed25519 public key has 32 bytes, these are " + std::to_string(bytes.size())};
  }
  std::ranges::copy(bytes, key.begin());
  // Canonical encoding, on the curve, in the main subgroup. With a low-order key one signature would fit many messages.
  if (crypto_core_ed25519_is_valid_point(key.data()) != 1) {
    return Error{Errc::weak_key, "this Ed25519 public key is not a valid point of the main subgroup; make a new key"};
  }
  return PublicKey(key);
}

std::string PublicKey::text() const {
  return to_base64url(bytes_);
}

SigningKey::SigningKey(Secret<32> seed, Secret<64> expanded, PublicKey public_key) noexcept
    : seed_(std::move(seed)), expanded_(std::move(expanded)), public_key_(std::move(public_key)) {}

SigningKey SigningKey::expand(Secret<32> seed) {
  Secret<64> expanded;
  std::array<std::uint8_t, 32> public_bytes;
  crypto_sign_seed_keypair(public_bytes.data(), expanded.writable().data(), seed.view().data());
  // A key derived from a seed is a multiple of the base point, so this cannot fail.
  return SigningKey(std::move(seed), std::move(expanded), PublicKey::from_bytes(public_bytes).value());
}

SigningKey SigningKey::generate() {
  return expand(Secret<32>::random());
}

Result<SigningKey> SigningKey::from_seed(ByteView seed) {
  if (seed.size() != 32) {
    return Error{Errc::malformed, "an Ed25519 seed has 32 bytes, these are " + std::to_string(seed.size())};
  }
  return expand(Secret<32>::from(seed));
}

Signature SigningKey::sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), expanded_.view().data());
  return signature;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.bytes().data()) == 0;
}

}  // namespace unavoce::crypto
