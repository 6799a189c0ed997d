// What the operator should know about the disk under the data folder: unencrypted, copy-on-write, swap.
//
// Looks only (statfs, /sys/dev/block, /proc/swaps). Thread: any. Errors: none; what cannot be found out is itself a
// notice. Texts are for the operator's log and page.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace unavoce::storage {

enum class Concern : std::uint8_t {
  not_encrypted,       ///< the volume is not on dm-crypt
  encryption_unknown,  ///< it could not be found out (network, overlay or other virtual file system)
  copy_on_write,       ///< overwriting in place does not erase: erasure slots would survive
  volatile_volume,     ///< tmpfs: gone after a restart
  swap_not_encrypted,  ///< memory may reach a disk in the clear
};

struct Notice {
  Concern concern;
  std::string text;
};

/// Everything to tell about the volume of `path` (which must exist) and about swap. `system_root` is "/" but in tests.
std::vector<Notice> inspect_volume(const std::filesystem::path& path, const std::filesystem::path& system_root = "/");

}  // namespace unavoce::storage
