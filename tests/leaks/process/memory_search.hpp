// Which secrets lie in this process's own memory? What is looked for is kept masked all the time and compared masked,
// so that the search never finds itself. Reads /proc/self/mem, opened before the process is hardened: no right over
// other processes is needed, and unavoced's own hardening stays on. One thread at a time; others may run and change
// memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unavoce::leaks {

inline constexpr std::uint8_t kMask = 0xA5;

/// A secret, every byte XORed with kMask. At least four bytes.
using Masked = std::vector<std::uint8_t>;

class MemorySearch {
 public:
  /// Opens the process's memory; before crypto::harden_process(). Throws std::runtime_error.
  MemorySearch();
  ~MemorySearch();
  MemorySearch(const MemorySearch&) = delete;
  MemorySearch& operator=(const MemorySearch&) = delete;

  struct Found {
    std::vector<std::size_t> needles;  ///< which of them, in order
    std::uint64_t bytes_read = 0;
  };
  /// Looks through all memory that can be read.
  Found look_for(const std::vector<Masked>& needles);

 private:
  int memory_;
  std::uint8_t* block_;  // a mapping of its own, which is not searched, and wiped after every search
};

}  // namespace unavoce::leaks
