#include "crypto/slot_aead.hpp"

#include <sodium.h>

#include "crypto/random.hpp"

namespace unavoce::crypto {

namespace {
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
}  // namespace

Bytes seal_blob(std::span<const std::uint8_t, 32> key, ByteView plain, ByteView context) {
  Bytes sealed(nonce_bytes + plain.size() + tag_bytes);
  const auto nonce = std::span(sealed).first(nonce_bytes);
  fill_random(nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + nonce_bytes, nullptr, plain.data(), plain.size(),
                                             context.data(), context.size(), nullptr, nonce.data(), key.data());
  return sealed;
}

Result<Bytes> open_blob(std::span<const std::uint8_t, 32> key, ByteView sealed, ByteView context) {
  if (sealed.size() < nonce_bytes + tag_bytes) return Error{Errc::damaged, "sealed blob: it is cut off"};
  const auto nonce = sealed.first(nonce_bytes);
  const auto body = sealed.subspan(nonce_bytes);
  Bytes plain(body.size() - tag_bytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, body.data(), body.size(),
                                                 context.data(), context.size(), nonce.data(), key.data()) != 0) {
    return Error{Errc::damaged, "sealed blob: it does not open with this slot key and context"};
  }
  return plain;
}

}  // namespace unavoce::crypto
