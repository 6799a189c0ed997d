#include "crypto/x25519.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "crypto/bech32.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view recipient_prefix = "age";
constexpr std::string_view identity_prefix = "AGE-SECRET-KEY-";
using Point = std::array<std::uint8_t, 32>;

/// Whether a little-endian u-coordinate is below p = 2^255-19. RFC 7748 would accept more and reduce them.
bool is_canonical(const Point& point) {
  Point p;
  p.fill(0xff);
  p.front() = 0xed;
  p.back() = 0x7f;
  return std::lexicographical_compare(point.rbegin(), point.rend(), p.rbegin(), p.rend());
}

/// Every scalar is clamped to a multiple of 8, so one multiplication tells whether the order divides 8.
bool is_low_order(const Point& point) {
  Point scalar{};
  scalar.front() = 8;
  Point product;
  return crypto_scalarmult(product.data(), scalar.data(), point.data()) != 0 || sodium_is_zero(product.data(), 32) != 0;
}

Point public_point(const Secret<32>& key) {
  Point point;
  // Fails only for a low-order base, and the base point is none.
  if (crypto_scalarmult_base(point.data(), key.view().data()) != 0) throw std::logic_error("X25519 base point failed");
  return point;
}

}  // namespace

Result<Recipient> Recipient::parse(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto decoded, bech32_decode(text));
  if (decoded.prefix != recipient_prefix) {
    return Error{Errc::malformed,
                 "a recipient starts with \"age1\" in lower case; kinds other than X25519 are not supported"};
  }
  return from_bytes(decoded.data);
}

Result<Recipient> Recipient::from_bytes(ByteView bytes) {
  Point point;
  if (bytes.size() != point.size()) {
    return Error{Errc::malformed, "an X25519 recipient has 32 bytes, this one has " + std::to_string(bytes.size())};
  }
  std::ranges::copy(bytes, point.begin());
  if (!is_canonical(point)) return Error{Errc::weak_key, "this recipient is not in its canonical encoding; refuse it"};
  if (is_low_order(point))
    return Error{Errc::weak_key, "this recipient is a point of low order: anyone could open what is sealed to it"};
  return Recipient(point);
}

std::string Recipient::text() const {
  return bech32_encode(recipient_prefix, bytes_);
}

Identity::Identity(Secret<32> key) : key_(std::move(key)), recipient_(public_point(key_)) {}

Identity Identity::generate() {
  return Identity(Secret<32>::random());
}

Result<Identity> Identity::parse(std::string_view text) {
  BOOST_OUTCOME_TRY(auto decoded, bech32_decode(text));
  if (decoded.prefix != identity_prefix || decoded.data.size() != 32) {
    wipe(decoded.data);
    return Error{
        Errc::malformed,
        "an identity starts with \"AGE-SECRET-KEY-1\" in upper case and holds 32 bytes; other kinds are not supported"};
  }
  auto key = Secret<32>::from(decoded.data);
  wipe(decoded.data);
  return Identity(std::move(key));
}

SecretBytes Identity::secret_text() const {
  std::string text = bech32_encode("age-secret-key-", key_.view());
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  SecretBytes secret = SecretBytes::from(as_bytes(text));
  wipe(text);
  return secret;
}

Result<Secret<32>> Identity::shared_secret(std::span<const std::uint8_t, 32> other) const {
  Secret<32> shared;
  if (crypto_scalarmult(shared.writable().data(), key_.view().data(), other.data()) != 0 ||
      sodium_is_zero(shared.view().data(), shared.view().size()) != 0) {
    return Error{Errc::weak_key, "the shared secret is zero: the other side sent a point of low order"};
  }
  return shared;
}

}  // namespace unavoce::crypto
