#include "crypto/random.hpp"

#include <sodium.h>

#include <stdexcept>

namespace unavoce::crypto {

void fill_random(std::span<std::uint8_t> out) {
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw std::runtime_error("libsodium cannot be initialised");
  randombytes_buf(out.data(), out.size());
}

}  // namespace unavoce::crypto
