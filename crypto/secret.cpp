#include "crypto/secret.hpp"

#include <sodium.h>

#include <algorithm>
#include <new>
#include <utility>

#include "crypto/random.hpp"

namespace unavoce::crypto {

void wipe(std::span<std::uint8_t> bytes) noexcept {
  sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
  // Within the capacity, resize does not move the text; bytes beyond size() may hold an older, longer secret.
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  static const bool ready = sodium_init() >= 0;  // sodium_malloc needs the page size and its canary
  if (!ready) throw std::runtime_error("libsodium cannot be initialised");
  if (size == 0) return;
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) throw std::bad_alloc();
  sodium_memzero(data_, size);  // sodium_malloc fills with 0xdb
}

SecretBytes SecretBytes::from(ByteView bytes) {
  SecretBytes secret(bytes.size());
  std::copy(bytes.begin(), bytes.end(), secret.data_);
  return secret;
}

SecretBytes SecretBytes::random(std::size_t size) {
  SecretBytes secret(size);
  fill_random(secret.writable());
  return secret;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SecretBytes::~SecretBytes() {
  sodium_free(data_);
}  // wipes, and checks the canary

}  // namespace unavoce::crypto
