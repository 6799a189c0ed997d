#include "cli/output_block.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <span>

#include "crypto/secret.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t mapped_bytes = 2 * OutputBlock::capacity_bytes;

std::uint8_t* map() {
  void* memory = mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(memory);
}

/// The first address in the mapping at which a huge page may begin.
std::uint8_t* aligned(std::uint8_t* mapping) {
  void* begin = mapping;
  std::size_t size = mapped_bytes;
  return static_cast<std::uint8_t*>(std::align(OutputBlock::capacity_bytes, OutputBlock::capacity_bytes, begin, size));
}

}  // namespace

OutputBlock::OutputBlock() : mapping_(map()), begin_(aligned(mapping_.get())) {
  // Each of them makes it better, none is needed: as sodium_malloc takes it.
  static_cast<void>(madvise(begin_, capacity_bytes, MADV_HUGEPAGE));
  static_cast<void>(madvise(begin_, capacity_bytes, MADV_DONTDUMP));
  static_cast<void>(mlock(begin_, capacity_bytes));
}

crypto::ByteView OutputBlock::fill(crypto::ByteView bytes) noexcept {
  const auto part = bytes.first(std::min(bytes.size(), capacity_bytes - size_));
  std::copy(part.begin(), part.end(), begin_ + size_);  // GCC 12 makes no memmove of std::ranges::copy
  size_ += part.size();
  return bytes.subspan(part.size());
}

void OutputBlock::Unmap::operator()(std::uint8_t* mapping) const noexcept {
  crypto::wipe(std::span(aligned(mapping), capacity_bytes));
  munmap(mapping, mapped_bytes);
}

}  // namespace unavoce::cli
