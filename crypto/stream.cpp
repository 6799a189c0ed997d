#include "crypto/stream.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

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

StreamSealer::StreamSealer(const Secret<32>& payload_key)
    : cipher_(payload_key), buffer_(chunk_bytes), sealed_(chunks_at_once * sealed_chunk_bytes) {}

Result<void> StreamSealer::write(ByteView plain, const Sink& sink) {
  if (error_) return *error_;
  // Whatever more than a full chunk is there, a full chunk of it is not the last one.
  while (buffered_ + plain.size() > chunk_bytes) {
    if (buffered_ == 0) {
      seal(ChunkPlace::before_others, plain.first(chunk_bytes));  // from where it lies
      plain = plain.subspan(chunk_bytes);
    } else {
      plain = plain.subspan(fill(plain));
      seal(ChunkPlace::before_others, buffer_.view());
      buffered_ = 0;
    }
    if (sealed_bytes_ == sealed_.size()) {
      BOOST_OUTCOME_TRY(pass_on(sink));
    }
  }
  fill(plain);
  return sealed_bytes_ == 0 ? boost::outcome_v2::success() : pass_on(sink);
}

Result<void> StreamSealer::finish(const Sink& sink) {
  if (error_) return *error_;
  seal(ChunkPlace::last, buffer_.view().first(buffered_));
  buffered_ = 0;
  BOOST_OUTCOME_TRY(pass_on(sink));
  error_ = Error{Errc::malformed, "this stream is finished; nothing can be sealed after its last chunk"};
  return boost::outcome_v2::success();
}

std::size_t StreamSealer::fill(ByteView plain) {
  const std::size_t size = std::min(plain.size(), chunk_bytes - buffered_);
  std::ranges::copy(plain.first(size), buffer_.writable().subspan(buffered_).begin());
  buffered_ += size;
  return size;
}

void StreamSealer::seal(ChunkPlace place, ByteView plain) {
  const std::size_t size = plain.size() + tag_bytes;
  cipher_.seal(index_++, place, plain, std::span(sealed_).subspan(sealed_bytes_, size));
  sealed_bytes_ += size;
}

Result<void> StreamSealer::pass_on(const Sink& sink) {
  auto taken = sink(ByteView(sealed_).first(std::exchange(sealed_bytes_, 0)));
  if (!taken) error_ = taken.error();
  return taken;
}

StreamOpener::StreamOpener(const Secret<32>& payload_key) : cipher_(payload_key), plain_(chunk_bytes) {
  buffer_.reserve(sealed_chunk_bytes);
}

Result<void> StreamOpener::write(ByteView sealed, const Sink& sink) {
  if (error_) return *error_;
  while (!sealed.empty()) {
    // A full chunk is held back until more arrives: only then it is not the last one.
    if (buffer_.size() == sealed_chunk_bytes) {
      BOOST_OUTCOME_TRY(flush(ChunkPlace::before_others, sink));
    }
    const ByteView part = sealed.first(std::min(sealed.size(), sealed_chunk_bytes - buffer_.size()));
    buffer_.insert(buffer_.end(), part.begin(), part.end());
    sealed = sealed.subspan(part.size());
  }
  return boost::outcome_v2::success();
}

Result<void> StreamOpener::finish(const Sink& sink) {
  if (error_) return *error_;
  BOOST_OUTCOME_TRY(flush(ChunkPlace::last, sink));
  error_ = Error{Errc::malformed, "this stream is finished; nothing can be opened after its last chunk"};
  return boost::outcome_v2::success();
}

Result<void> StreamOpener::flush(ChunkPlace place, const Sink& sink) {
  const auto fail = [this](const char* why) {
    error_ = Error{Errc::damaged, "chunk " + std::to_string(index_) + " of the sealed payload " + why};
    return *error_;
  };
  if (buffer_.size() < tag_bytes) return fail("is missing: the file was cut off");
  const auto plain = plain_.writable().first(buffer_.size() - tag_bytes);
  // An empty last chunk after others would be a second way to write the same payload.
  if (plain.empty() && index_ > 0) return fail("is empty: the file was not written by an age program");

  // A whole chunk whose flag is not the one expected is still authentic and in its place: it is released, then the
  // stream ends with an error. The public vectors ask for this, and it saves all there is of a file that was cut off.
  const auto other = place == ChunkPlace::last ? ChunkPlace::before_others : ChunkPlace::last;
  const bool as_expected = cipher_.open(index_, place, buffer_, plain);
  if (!as_expected && (plain.size() < chunk_bytes || !cipher_.open(index_, other, buffer_, plain))) {
    return fail(place == ChunkPlace::last ? "is not an authentic end: the file was changed or cut off"
                                          : "is not authentic: the file was changed");
  }
  buffer_.clear();
  auto taken = sink(plain);
  wipe(plain);
  if (!taken) {
    error_ = taken.error();
    return taken;
  }
  if (!as_expected) {
    return fail(place == ChunkPlace::last ? "is not the last one: the file was cut off"
                                          : "is the last one, but more bytes follow: the file was changed");
  }
  ++index_;
  return taken;
}

}  // namespace unavoce::crypto
