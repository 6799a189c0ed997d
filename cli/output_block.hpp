// The block in which Output collects what goes to a file at once: made for O_DIRECT, fit for plaintext.
//
// Owner: Output. Thread: main. Errors: std::bad_alloc. The memory is one huge page where the system has one (one
// segment for the disk instead of 512: a tenth of the CPU time of sealing), locked into RAM as far as the limits
// allow (hardening.hpp tests that), left out of core dumps, and wiped when it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "crypto/bytes.hpp"

namespace unavoce::cli {

class OutputBlock {
 public:
  static constexpr std::size_t capacity_bytes = 2 * 1024 * 1024;

  OutputBlock();

  /// Takes as much of the beginning of `bytes` as there is room for; gives the rest.
  crypto::ByteView fill(crypto::ByteView bytes) noexcept;
  bool full() const noexcept { return size_ == capacity_bytes; }
  crypto::ByteView view() const noexcept { return {begin_, size_}; }
  /// What was in it has been written.
  void clear() noexcept { size_ = 0; }

 private:
  struct Unmap {
    void operator()(std::uint8_t* mapping) const noexcept;
  };
  std::unique_ptr<std::uint8_t, Unmap> mapping_;  // twice the capacity, so that an aligned block lies in it
  std::uint8_t* begin_;
  std::size_t size_ = 0;
};

}  // namespace unavoce::cli
