#include "storage/volume.hpp"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace unavoce::storage {

namespace {

namespace fs = std::filesystem;

// From linux/magic.h; not all of them are in Debian's headers.
constexpr std::uint32_t btrfs_magic = 0x9123683E;
constexpr std::uint32_t zfs_magic = 0x2FC12FC1;
constexpr std::uint32_t bcachefs_magic = 0xCA451A4E;
constexpr std::uint32_t tmpfs_magic = 0x01021994;

enum class Encryption : std::uint8_t { encrypted, open, unknown };

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Follows a device down through LVM, RAID and partitions: encrypted if every way down meets dm-crypt.
Encryption encryption_of(const fs::path& device, int depth = 0) {
  constexpr int max_layers = 16;
  std::error_code error;
  if (depth > max_layers || !fs::exists(device, error)) return Encryption::unknown;
  // device-mapper puts the kind of a mapping in front of its UUID (cryptsetup: "CRYPT-LUKS2-…").
  if (first_line(device / "dm/uuid").starts_with("CRYPT-")) return Encryption::encrypted;
  bool has_layer_below = false;
  for (const auto& layer : fs::directory_iterator(device / "slaves", error)) {
    const auto below = encryption_of(layer.path(), depth + 1);
    if (below != Encryption::encrypted) return below;
    has_layer_below = true;
  }
  return has_layer_below ? Encryption::encrypted : Encryption::open;
}

fs::path device_folder(dev_t device, const fs::path& system_root) {
  return system_root / "sys/dev/block" / (std::to_string(major(device)) + ":" + std::to_string(minor(device)));
}

struct Swap {
  std::string path;
  std::string type;
};

/// proc(5): file name, type, size, used, priority; the first line is the heading.
std::vector<Swap> active_swaps(const fs::path& system_root) {
  std::ifstream file(system_root / "proc/swaps");
  std::string line;
  std::getline(file, line);
  std::vector<Swap> swaps;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    Swap swap;
    if (fields >> swap.path >> swap.type) swaps.push_back(std::move(swap));
  }
  return swaps;
}

/// Nothing if the path is gone.
std::optional<dev_t> device_of(const Swap& swap) {
  struct stat info {};
  if (::stat(swap.path.c_str(), &info) != 0) return std::nullopt;
  return S_ISBLK(info.st_mode) ? info.st_rdev : info.st_dev;
}

void inspect_swap(const fs::path& system_root, std::vector<Notice>& notices) {
  for (const auto& swap : active_swaps(system_root)) {
    if (swap.path.find("/zram") != std::string::npos) continue;  // compressed RAM, no disk
    const auto device = device_of(swap);
    if (device && encryption_of(device_folder(*device, system_root)) == Encryption::encrypted) continue;
    notices.push_back(
        {Concern::swap_not_encrypted, "swap on " + swap.path +
                                          " is not known to be encrypted: memory may reach the disk in the "
                                          "clear. Turn it off (swapoff -a) or encrypt it with a random key"});
  }
}

void inspect_type(std::uint32_t type, const std::string& path, std::vector<Notice>& notices) {
  switch (type) {
    case btrfs_magic:
    case zfs_magic:
    case bcachefs_magic:
      notices.push_back({Concern::copy_on_write,
                         path + " is on a copy-on-write file system: erased keys may survive in old blocks and "
                                "snapshots. Put the erasure slots on ext4 or XFS without snapshots"});
      break;
    case tmpfs_magic:
      notices.push_back({Concern::volatile_volume, path + " is on tmpfs: everything is gone after a restart"});
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<Notice> inspect_volume(const fs::path& path, const fs::path& system_root) {
  std::vector<Notice> notices;
  struct stat info {};
  struct statfs file_system {};
  if (::stat(path.c_str(), &info) != 0 || ::statfs(path.c_str(), &file_system) != 0) {
    notices.push_back({Concern::encryption_unknown, path.native() + " cannot be inspected; does it exist?"});
  } else {
    const auto type = static_cast<std::uint32_t>(file_system.f_type);
    inspect_type(type, path.native(), notices);
    // tmpfs has no device of its own: what leaves RAM goes to swap, which is looked at below.
    const auto encryption =
        type == tmpfs_magic ? Encryption::encrypted : encryption_of(device_folder(info.st_dev, system_root));
    if (encryption == Encryption::open) {
      notices.push_back({Concern::not_encrypted, path.native() +
                                                     " is on a volume without encryption. Recordings are sealed "
                                                     "anyway; names, times and accounts are not. Use a LUKS volume"});
    } else if (encryption == Encryption::unknown) {
      notices.push_back(
          {Concern::encryption_unknown, "it cannot be found out whether the volume of " + path.native() +
                                            " is encrypted (network or virtual file system); check it by hand"});
    }
  }
  inspect_swap(system_root, notices);
  return notices;
}

}  // namespace unavoce::storage
