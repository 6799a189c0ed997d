#include "memory_search.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>

#include "crypto/secret.hpp"

namespace unavoce::leaks {
namespace {

constexpr std::size_t kBlock = std::size_t{4} << 20;
/// A sanitizer's shadow memory holds no bytes of the program. AddressSanitizer's covers the whole address space in one
/// piece,
constexpr std::uint64_t kShadow = std::uint64_t{1} << 34;
/// and ThreadSanitizer's lies between what is mapped low and what is mapped high (LLVM, tsan_platform.h, x86_64).
#ifdef __SANITIZE_THREAD__
constexpr std::uint64_t kThreadShadowBegin = 0x0080'0000'0000, kThreadShadowEnd = 0x5500'0000'0000;
#else
constexpr std::uint64_t kThreadShadowBegin = 0, kThreadShadowEnd = 0;
#endif

struct Range {
  std::uint64_t begin, end;
};

std::vector<Range> readable_memory(const std::uint8_t* except) {
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range range{};
    char rights = '-';
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %c", &range.begin, &range.end, &rights) != 3) continue;
    const bool ours =
        range.begin <= reinterpret_cast<std::uintptr_t>(except) && reinterpret_cast<std::uintptr_t>(except) < range.end;
    const bool shadow =
        range.end - range.begin >= kShadow || (kThreadShadowBegin <= range.begin && range.begin < kThreadShadowEnd);
    if (rights == 'r' && !ours && !shadow) ranges.push_back(range);
  }
  return ranges;
}

/// Quickly says that nothing begins here: the first two bytes of all needles.
class Beginnings {
 public:
  explicit Beginnings(const std::vector<Masked>& needles) : known_(std::make_unique<std::bitset<65536>>()) {
    for (const Masked& needle : needles) known_->set(at(needle.data()));
  }
  bool may_begin(const std::uint8_t* masked_bytes) const { return known_->test(at(masked_bytes)); }

 private:
  static std::size_t at(const std::uint8_t* bytes) { return std::size_t{bytes[0]} << 8 | bytes[1]; }
  std::unique_ptr<std::bitset<65536>> known_;
};

void look_through(std::span<const std::uint8_t> block, const std::vector<Masked>& needles, const Beginnings& beginnings,
                  std::set<std::size_t>& found) {
  for (std::size_t at = 0; at + 4 <= block.size(); ++at) {
    if (!beginnings.may_begin(block.data() + at)) continue;
    for (std::size_t i = 0; i < needles.size(); ++i) {
      const bool fits = needles[i].size() <= block.size() - at;
      if (fits && std::equal(needles[i].begin(), needles[i].end(), block.data() + at)) found.insert(i);
    }
  }
}

}  // namespace

MemorySearch::MemorySearch() : memory_(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)) {
  // Guard pages around it keep the kernel from merging this mapping with one that has to be searched.
  void* mapped = ::mmap(nullptr, kBlock + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ < 0 || mapped == MAP_FAILED) throw std::runtime_error("this process cannot read its own memory");
  block_ = static_cast<std::uint8_t*>(mapped) + 4096;
  if (::mprotect(block_, kBlock, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect");
}

MemorySearch::~MemorySearch() {
  ::close(memory_);
  ::munmap(block_ - 4096, kBlock + 2 * 4096);
}

MemorySearch::Found MemorySearch::look_for(const std::vector<Masked>& needles) {
  std::size_t overlap = 0;
  for (const Masked& needle : needles) overlap = std::max(overlap, needle.size() - 1);
  const Beginnings beginnings(needles);
  std::set<std::size_t> found;
  Found result;
  for (const Range& range : readable_memory(block_)) {
    for (std::uint64_t at = range.begin; at < range.end; at += kBlock - overlap) {
      const ssize_t got =
          ::pread(memory_, block_, std::min<std::uint64_t>(kBlock, range.end - at), static_cast<off_t>(at));
      if (got <= 0) break;  // a mapping that went away, or a device
      result.bytes_read += static_cast<std::uint64_t>(got);
      const std::span block(block_, static_cast<std::size_t>(got));
      for (std::uint8_t& byte : block) byte ^= kMask;
      look_through(block, needles, beginnings, found);
    }
  }
  crypto::wipe({block_, kBlock});
  result.needles.assign(found.begin(), found.end());
  return result;
}

}  // namespace unavoce::leaks
