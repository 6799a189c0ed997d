// One chunk of an age payload at a time, by OpenSSL. Apart from stream.cpp, so that a test can link a double in its
// place: one that seals nothing shows that the search for plaintext would find some (tests/leaks/).
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "crypto/stream.hpp"

namespace unavoce::crypto {

namespace {

using Nonce = std::array<std::uint8_t, 12>;

/// Eleven bytes of big-endian counter, one byte of flag.
Nonce nonce_of(std::uint64_t index, ChunkPlace place) {
  Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(index >> 8 * i);
  nonce.back() = static_cast<std::uint8_t>(place);
  return nonce;
}

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

/// Fetching walks OpenSSL's providers under locks; once per process is enough.
const EVP_CIPHER* chacha20_poly1305() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  return cipher.get();
}

/// For calls that can only fail when OpenSSL itself is broken or memory has run out.
void must(int ok, const char* what) {
  if (ok != 1) throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
}

int as_int(std::size_t size) {
  if (size > sealed_chunk_bytes) throw std::logic_error("a chunk has at most 64 KiB");
  return static_cast<int>(size);
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

struct ChunkCipher::Context {
  std::unique_ptr<EVP_CIPHER_CTX, FreeContext> evp{EVP_CIPHER_CTX_new()};
};

ChunkCipher::ChunkCipher(const Secret<32>& payload_key) : context_(std::make_unique<Context>()) {
  // The key is set once; each chunk only sets its nonce.
  must(EVP_EncryptInit_ex2(context_->evp.get(), chacha20_poly1305(), payload_key.view().data(), nullptr, nullptr),
       "setting a ChaCha20-Poly1305 key");
}

ChunkCipher::ChunkCipher(ChunkCipher&&) noexcept = default;
ChunkCipher& ChunkCipher::operator=(ChunkCipher&&) noexcept = default;
ChunkCipher::~ChunkCipher() = default;

void ChunkCipher::seal(std::uint64_t index, ChunkPlace place, ByteView plain, std::span<std::uint8_t> out) {
  if (out.size() != plain.size() + tag_bytes) throw std::logic_error("a sealed chunk is 16 bytes longer");
  EVP_CIPHER_CTX* evp = context_->evp.get();
  const Nonce nonce = nonce_of(index, place);
  int written = 0;
  must(EVP_EncryptInit_ex2(evp, nullptr, nullptr, nonce.data(), nullptr), "setting a nonce");
  must(EVP_EncryptUpdate(evp, out.data(), &written, plain.data(), as_int(plain.size())), "encryption");
  must(EVP_EncryptFinal_ex(evp, out.data() + written, &written), "finishing encryption");
  must(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_bytes), out.data() + plain.size()),
       "reading the tag");
}

bool ChunkCipher::open(std::uint64_t index, ChunkPlace place, ByteView sealed, std::span<std::uint8_t> out) {
  if (sealed.size() < tag_bytes || out.size() != sealed.size() - tag_bytes) {
    throw std::logic_error("an opened chunk is 16 bytes shorter");
  }
  EVP_CIPHER_CTX* evp = context_->evp.get();
  const Nonce nonce = nonce_of(index, place);
  std::array<std::uint8_t, tag_bytes> tag;
  std::ranges::copy(sealed.last(tag_bytes), tag.begin());  // OpenSSL wants it writable
  int written = 0;
  must(EVP_DecryptInit_ex2(evp, nullptr, nullptr, nonce.data(), nullptr), "setting a nonce");
  must(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes), tag.data()), "setting the tag");
  must(EVP_DecryptUpdate(evp, out.data(), &written, sealed.data(), as_int(out.size())), "decryption");
  if (EVP_DecryptFinal_ex(evp, out.data() + written, &written) == 1) return true;
  wipe(out);
  return false;
}

}  // namespace unavoce::crypto
