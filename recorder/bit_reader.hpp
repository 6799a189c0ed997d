// Reads a few header bits of a bitstream, most significant first.
// Owner: a value over bytes that outlive it. Thread: one. Errors: past the end everything reads as zero and `failed()`
// says so: ask once, after the last field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unavoce::recorder {

class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  /// The next `count` bits, at most 32.
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | bit();
    return value;
  }
  std::uint32_t bit() {
    if (at_ >= bytes_.size() * 8) {
      failed_ = true;
      return 0;
    }
    const std::uint32_t value = bytes_[at_ / 8] >> (7 - at_ % 8) & 1U;
    ++at_;
    return value;
  }
  void skip(int count) { (void)bits(count); }

  /// Unsigned Exp-Golomb code (H.264 section 9.1), up to 31 leading zeros.
  std::uint32_t exp_golomb() {
    int zeros = 0;
    while (bit() == 0) {
      if (failed_ || ++zeros > 31) {
        failed_ = true;
        return 0;
      }
    }
    return (std::uint32_t{1} << zeros) - 1 + bits(zeros);
  }
  /// Signed Exp-Golomb code (H.264 section 9.1.1).
  std::int32_t signed_exp_golomb() {
    const std::uint32_t code = exp_golomb();
    const auto half = static_cast<std::int32_t>(code / 2);
    return code % 2 == 0 ? -half : half + 1;
  }

  bool failed() const noexcept { return failed_; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace unavoce::recorder
