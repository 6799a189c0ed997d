// Sealed files of recordings in a local folder: <root>/<recording>/<name>, and beside each unfinished one its tail.
//
// Owner: BlobStore holds the lock of its root for its life; BlobWriter owns one open file. Thread: BlobStore any
// (no state but the path); a BlobWriter one at a time. Errors: see storage/error.hpp. Blocks on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/durable_file.hpp"
#include "storage/error.hpp"

namespace unavoce::storage {

/// Whether `name` may name a recording or a blob: 1 to 100 of a-z, 0-9, '.', '-'; no leading dot; not ending in .tmp.
bool is_blob_name(std::string_view name);
/// The tail that belongs to a blob: `x.webm.age` → `x.webm.tail.age`; without `.age` at the end: `x` → `x.tail`.
std::string tail_name(std::string_view blob_name);
/// Whether a name is one that tail_name() gives.
bool is_tail_name(std::string_view name);

/// The one writer of a blob. Without finish() or abort() the files stay as they are, as after a crash.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&&) noexcept = default;
  BlobWriter& operator=(BlobWriter&&) noexcept = default;

  /// All of `bytes` at `offset`, or an error; afterwards write the same bytes there again or give the file up.
  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  Result<void> truncate(std::uint64_t size_bytes);
  /// fdatasync. Once it failed, it and finish() fail for ever: the kernel may have dropped what was not written.
  Result<void> sync();
  /// Makes `bytes` the tail, in whole or not at all: temporary file, fsync, rename, fsync of the folder.
  /// Errc::not_found after the blob was erased, so that an erased recording does not come back as a tail.
  Result<void> replace_tail(std::span<const std::uint8_t> bytes);
  /// fdatasync, then the tail goes (fsync of the folder). The blob is complete.
  Result<void> finish();
  /// Removes tail, temporary file and blob, durably. May be repeated after an error.
  Result<void> abort();

  const std::string& name() const noexcept { return name_; }

 private:
  friend class BlobStore;
  BlobWriter(FileOps& ops, std::filesystem::path folder, std::string name, DurableFile file) noexcept;

  enum class Health : std::uint8_t { sound, sync_failed };

  FileOps* ops_;
  std::filesystem::path folder_;
  std::string name_;
  DurableFile file_;
  Health health_ = Health::sound;
};

/// How much a volume holds, and how much of that the service may still use.
struct VolumeRoom {
  std::uint64_t size_bytes;
  std::uint64_t free_bytes;
};

/// A folder of recordings, used by one process at a time.
class BlobStore {
 public:
  /// Makes `root` if it is missing (its parent must exist) and takes its lock: Errc::locked if another BlobStore has
  /// it.
  static Result<BlobStore> open(const std::filesystem::path& root, FileOps& ops = system_file_ops());

  /// A new, empty, durable blob; Errc::exists if the name is taken. Tails have no writer of their own.
  Result<BlobWriter> create(std::string_view recording, std::string_view name);
  /// `name` may be a tail here and in read_at().
  Result<std::uint64_t> size(std::string_view recording, std::string_view name) const;
  /// Reads until `out` is full or the blob ends; gives the number of bytes.
  Result<std::size_t> read_at(std::string_view recording, std::string_view name, std::uint64_t offset,
                              std::span<std::uint8_t> out) const;
  /// All of a small file, such as a tail; Errc::corrupt if it has more than `limit_bytes`.
  Result<std::vector<std::uint8_t>> read_all(std::string_view recording, std::string_view name,
                                             std::uint64_t limit_bytes) const;
  /// Names of blobs and tails, sorted; temporary files are not listed. Errc::not_found without such a recording.
  Result<std::vector<std::string>> list(std::string_view recording) const;
  /// All recordings that have a folder, sorted.
  Result<std::vector<std::string>> recordings() const;
  /// Of the volume that they lie on.
  Result<VolumeRoom> room() const;

  /// Removes blob, tail and temporary file, durably; what is not there counts as removed, so it may be repeated.
  Result<void> erase(std::string_view recording, std::string_view name);
  /// Removes everything of a recording, and its folder, durably; may be repeated.
  Result<void> erase_recording(std::string_view recording);
  /// After a crash: cuts the blob to `truncate_to` bytes and ends it with `fin`. May be repeated as long as the tail
  /// exists. Errc::corrupt if the blob is shorter than `truncate_to`. Leaves the tail, removes its temporary file.
  Result<void> repair(std::string_view recording, std::string_view name, std::uint64_t truncate_to,
                      std::span<const std::uint8_t> fin);
  /// After a crash: removes the temporary files of a recording, of blobs without a tail, too, durably. Nobody may be
  /// writing to it.
  Result<void> remove_temporary(std::string_view recording);
  /// Removes only the tail of a blob that is complete, durably.
  Result<void> remove_tail(std::string_view recording, std::string_view name);

  const std::filesystem::path& root() const noexcept { return root_; }

 private:
  BlobStore(FileOps& ops, std::filesystem::path root, DurableFile lock) noexcept;
  Result<std::filesystem::path> folder_of(std::string_view recording) const;
  Result<DurableFile> open_blob(std::string_view recording, std::string_view name, Access access) const;

  FileOps* ops_;
  std::filesystem::path root_;
  DurableFile lock_;
};

}  // namespace unavoce::storage
