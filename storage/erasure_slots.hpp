// Keys that can be forgotten for good: one file of 32-byte slots, overwritten in place.
//
// What a slot key seals elsewhere (database, WAL, backups) is noise once the slot is erased. Keep this file out of
// every backup; a copy-on-write file system keeps old slots (volume.hpp warns). Owner: one object per file, holds its
// lock. Thread: any (a mutex). Errors: storage/error.hpp. Blocks on the disk. Format: docs/FORMATS.md, erasure slots.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>

#include "storage/durable_file.hpp"
#include "storage/error.hpp"

namespace unavoce::storage {

class ErasureSlots {
 public:
  static constexpr std::size_t key_bytes = 32;

  /// Opens the file or makes it (the folder must exist). A slot that a crash left half-written was never handed out and
  /// is cut off. Errc::locked if another ErasureSlots has the file, Errc::corrupt if it is something else.
  static Result<ErasureSlots> open(const std::filesystem::path& path, FileOps& ops = system_file_ops());

  /// Takes the lock of an existing file and only looks: nothing is written, store() and erase() fail. A slot that a
  /// crash left half-written stays where it is and is not counted.
  static Result<ErasureSlots> open_read_only(const std::filesystem::path& path, FileOps& ops = system_file_ops());

  /// Keeps `key` in a slot that was never used before and gives its number; durable on return. Not all zeros: that is
  /// how an erased slot reads (std::invalid_argument).
  Result<std::uint64_t> store(std::span<const std::uint8_t, key_bytes> key);
  /// Copies the key of a slot; Errc::not_found if it was erased or never used. The caller wipes `out` after use.
  Result<void> read(std::uint64_t slot, std::span<std::uint8_t, key_bytes> out) const;
  /// Overwrites the slot in place, durably. Erasing again is fine, and is what to do after an error.
  Result<void> erase(std::uint64_t slot);
  /// Counts slots below `count` as used, and as erased as far as they are missing; durable on return. For whoever knows
  /// that they were given out from a file that was lost.
  Result<void> reserve(std::uint64_t count);
  /// How many slots were ever used.
  std::uint64_t count() const;

 private:
  ErasureSlots(DurableFile file, std::uint64_t count);

  /// Guards all of it; there is no other lock that is taken while this one is held.
  std::unique_ptr<std::mutex> mutex_;
  DurableFile file_;
  std::uint64_t count_;
};

}  // namespace unavoce::storage
