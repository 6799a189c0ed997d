// Memory for secrets: locked into RAM, between guard pages, left out of core dumps, wiped when it goes.
//
// Owner: the object; move-only, so that a secret has one place. Thread: one at a time. Errors: std::bad_alloc when
// locked memory runs out (RLIMIT_MEMLOCK); hardening.hpp tests at start that locking works at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

/// Overwrites with zeros in a way that the compiler may not leave out.
void wipe(std::span<std::uint8_t> bytes) noexcept;
/// Overwrites the whole capacity and empties the text.
void wipe(std::string& text) noexcept;

/// A secret whose size is known only at run time.
class SecretBytes {
 public:
  /// No memory, size 0.
  SecretBytes() noexcept = default;
  /// `size` zero bytes.
  explicit SecretBytes(std::size_t size);
  /// A copy of `bytes`; wiping the original stays with the caller.
  static SecretBytes from(ByteView bytes);
  static SecretBytes random(std::size_t size);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  std::size_t size() const noexcept { return size_; }
  ByteView view() const noexcept { return {data_, size_}; }
  std::span<std::uint8_t> writable() noexcept { return {data_, size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A secret of exactly N bytes. A moved-from object holds nothing and may only be assigned to or destroyed.
template <std::size_t N>
class Secret {
 public:
  /// N zero bytes.
  Secret() : bytes_(N) {}
  /// A copy of `bytes`, which must have exactly N bytes; wiping the original stays with the caller.
  static Secret from(ByteView bytes) {
    if (bytes.size() != N) throw std::invalid_argument("a secret of another size was expected");
    return Secret(SecretBytes::from(bytes));
  }
  static Secret random() { return Secret(SecretBytes::random(N)); }

  std::span<const std::uint8_t, N> view() const { return bytes_.view().template first<N>(); }
  std::span<std::uint8_t, N> writable() { return bytes_.writable().template first<N>(); }

 private:
  explicit Secret(SecretBytes bytes) noexcept : bytes_(std::move(bytes)) {}
  SecretBytes bytes_;
};

}  // namespace unavoce::crypto
