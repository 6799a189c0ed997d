// The double of crypto/chunk_cipher.cpp that seals nothing: whoever links it first has sealing switched off. There is
// no other way: the product knows no setting for it. With it the same search that found nothing has to find everything.
#include <algorithm>

#include "crypto/stream.hpp"

namespace unavoce::crypto {

struct ChunkCipher::Context {};

ChunkCipher::ChunkCipher(const Secret<32>&) {}
ChunkCipher::ChunkCipher(ChunkCipher&&) noexcept = default;
ChunkCipher& ChunkCipher::operator=(ChunkCipher&&) noexcept = default;
ChunkCipher::~ChunkCipher() = default;

void ChunkCipher::seal(std::uint64_t, ChunkPlace, ByteView plain, std::span<std::uint8_t> out) {
  const auto copied = std::ranges::copy(plain, out.begin());
  std::fill(copied.out, out.end(), std::uint8_t{0});
}

bool ChunkCipher::open(std::uint64_t, ChunkPlace, ByteView sealed, std::span<std::uint8_t> out) {
  std::ranges::copy(sealed.first(out.size()), out.begin());
  return true;
}

}  // namespace unavoce::crypto
