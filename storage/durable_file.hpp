// The few primitives through which storage/ writes files, each of them durable or an error.
//
// Owner: DurableFile owns its descriptor and closes it. Thread: one at a time per object. Errors: Errc::io, no_space,
// not_found, exists, locked with the path in the text. Files are 0600, folders 0700, whatever the umask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "storage/error.hpp"
#include "storage/file_ops.hpp"

namespace unavoce::storage {

enum class Access : std::uint8_t { read, read_write };

/// A page; no block of a common disk is larger.
inline constexpr std::size_t direct_alignment_bytes = 4096;

/// An open regular file.
class DurableFile {
 public:
  /// A new file; Errc::exists if the name is taken. Durable only after sync_folder() of its folder.
  static Result<DurableFile> create(FileOps& ops, const std::filesystem::path& path);
  /// An existing file; symbolic links are not followed.
  static Result<DurableFile> open(FileOps& ops, const std::filesystem::path& path, Access access);

  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&& other) noexcept;
  ~DurableFile();

  /// Writes all of `bytes` at `offset`, or reports an error after which any part of them may have been written.
  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  /// The same past the page cache (O_DIRECT) where the file system can: no copy there, and no write-back of it later.
  /// `offset`, size and address of `bytes` must be multiples of direct_alignment_bytes.
  Result<void> write_direct_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  /// Reads until `out` is full or the file ends; gives the number of bytes.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;
  /// fdatasync. After a failure the kernel may have dropped the pages: only writing them again and a new sync count.
  Result<void> sync();
  Result<void> truncate(std::uint64_t size);
  Result<std::uint64_t> size() const;
  /// Takes the file for this open file alone; Errc::locked if somebody else has it. Released when it is closed.
  Result<void> lock();
  /// Whether the file still has a name; erased files go on existing while they are open.
  Result<bool> is_linked() const;

  const std::string& path() const noexcept { return path_; }

 private:
  DurableFile(FileOps& ops, int fd, std::string path) noexcept;
  bool switch_direct(bool on) noexcept;
  Error failure(const char* step) const;

  FileOps* ops_;
  int fd_;
  std::string path_;
};

/// Makes a folder, durably, if there is none of that name. The parent must exist.
Result<void> make_folder(FileOps& ops, const std::filesystem::path& folder);
/// fsync of a folder: its names are durable afterwards.
Result<void> sync_folder(FileOps& ops, const std::filesystem::path& folder);
/// Puts `bytes` under `path` through `<path>.tmp`: write, fsync, rename, fsync of the folder. After an error the old
/// content is still there, or the new one in whole.
Result<void> replace_file(FileOps& ops, const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
/// Removes a name if it exists; durable only after sync_folder() of its folder.
Result<void> remove_name(FileOps& ops, const std::filesystem::path& path);

/// Ending of the temporary files of replace_file().
inline constexpr std::string_view temporary_suffix = ".tmp";

}  // namespace unavoce::storage
