// Random bytes from the operating system (libsodium: getrandom).
//
// Thread: any. Errors: none; without a working random generator the process cannot go on and ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace unavoce::crypto {

/// Fills `out` with bytes nobody can predict.
void fill_random(std::span<std::uint8_t> out);

/// N random bytes by value; for ids, nonces and challenges. Secrets belong into Secret<N>::random().
template <std::size_t N>
std::array<std::uint8_t, N> random_array() {
  std::array<std::uint8_t, N> bytes;
  fill_random(bytes);
  return bytes;
}

}  // namespace unavoce::crypto
