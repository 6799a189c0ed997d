// age's native key pair: Recipient ("age1…", public) and Identity ("AGE-SECRET-KEY-1…", secret). X25519, RFC 7748.
//
// Owner: Recipient is a value and always a usable key; Identity is move-only and keeps its key in secret memory.
// Thread: any. Errors: Errc::malformed for text, Errc::weak_key for points with which every secret would be known.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace unavoce::crypto {

/// Whom a file is sealed to: a canonical point that is not of low order.
class Recipient {
 public:
  /// "age1…", lower case.
  static Result<Recipient> parse(std::string_view text);
  /// The 32-byte u-coordinate, little-endian.
  static Result<Recipient> from_bytes(ByteView bytes);

  /// What parse() reads.
  std::string text() const;
  std::span<const std::uint8_t, 32> bytes() const noexcept { return bytes_; }

  friend auto operator<=>(const Recipient&, const Recipient&) = default;

 private:
  friend class Identity;
  explicit Recipient(const std::array<std::uint8_t, 32>& bytes) noexcept : bytes_(bytes) {}
  std::array<std::uint8_t, 32> bytes_;
};

/// Who can open it.
class Identity {
 public:
  static Identity generate();
  /// "AGE-SECRET-KEY-1…", upper case. Identities of plugins and of other kinds are refused.
  static Result<Identity> parse(std::string_view text);

  const Recipient& recipient() const noexcept { return recipient_; }
  /// What parse() reads, as text in secret memory; for writing key files.
  SecretBytes secret_text() const;
  /// X25519 with another public value, which need not be canonical; Errc::weak_key if the result is all zero.
  Result<Secret<32>> shared_secret(std::span<const std::uint8_t, 32> other) const;

 private:
  explicit Identity(Secret<32> key);
  Secret<32> key_;
  Recipient recipient_;
};

}  // namespace unavoce::crypto
