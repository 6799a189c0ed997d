#include "crypto/hkdf.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "crypto/secret.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::size_t hash_bytes = crypto_auth_hmacsha256_BYTES;
using Block = std::array<std::uint8_t, hash_bytes>;

/// HMAC over parts; libsodium's state holds the key, so it goes with the call.
template <class... Parts>
void hmac(Block& out, ByteView key, const Parts&... parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  (crypto_auth_hmacsha256_update(&state, parts.data(), parts.size()), ...);
  crypto_auth_hmacsha256_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
}

}  // namespace

void hkdf_sha256(ByteView input_key, ByteView salt, std::string_view info, std::span<std::uint8_t> out) {
  if (out.size() > 255 * hash_bytes) throw std::length_error("HKDF-SHA256 gives at most 8160 bytes");
  const Block zero_salt{};
  Block extracted;
  hmac(extracted, salt.empty() ? ByteView(zero_salt) : salt, input_key);

  Block block;
  ByteView previous;  // T(0) is empty
  std::array<std::uint8_t, 1> counter{};
  for (std::size_t done = 0; done < out.size(); done += hash_bytes) {
    ++counter[0];
    hmac(block, extracted, previous, as_bytes(info), counter);  // reads T(i-1) before it writes T(i)
    previous = block;
    std::copy_n(block.begin(), std::min(hash_bytes, out.size() - done),
                out.begin() + static_cast<std::ptrdiff_t>(done));
  }
  wipe(block);
  wipe(extracted);
}

}  // namespace unavoce::crypto
