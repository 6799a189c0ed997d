// A disk that fails at one chosen place of a script, under everything that a service writes and reads: storage/'s files
// (FileOps) and SQLite's (sqlite_disk.cpp, a VFS in front of the real one). Between failures it is the real disk.
//
// Owner: the test; it must outlive the service. Thread: any. Errors: those it was told to make.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/file_ops.hpp"

namespace unavoce::faults {

/// Where something can fail: a step of the script, what is done there, and the class of file it is done to.
struct Place {
  std::string phase;
  std::string operation;
  std::string file;
  auto operator<=>(const Place&) const = default;
  std::string text() const { return phase + ": " + operation + " of " + file; }
};

/// How it fails: `once` is a single EIO. The others begin there and last until heal(): no room, no room after half of
/// what was to be written, mounted read-only, nothing becomes durable, nothing works at all; `bad`, that this operation
/// on this class of file fails and everything else works.
enum class Trouble { once, full, half, read_only, no_sync, dead, bad };

/// The troubles that an operation of this name can have.
std::vector<Trouble> troubles_of(const std::string& operation);
std::string name_of(Trouble trouble);

/// What kind of file of the data folder a path names: `main`, `tail`, `slots`, `ledger.db-wal`, …
std::string class_of(const std::filesystem::path& folder, const std::filesystem::path& path);

class FaultyDisk final : public storage::FileOps {
 public:
  explicit FaultyDisk(std::filesystem::path folder);
  ~FaultyDisk() override;

  /// From now on the script is here.
  void enter(const std::string& phase);
  /// Fails when this place is reached for this time, the first, second, …, counted from now on.
  void arm(const Place& place, Trouble trouble, int occurrence = 1);
  /// When this place is reached, the script is in that phase: for what nobody outside of the service sees coming.
  void turn(const Place& place, const std::string& phase);
  /// The trouble is over, and does not come again before the next arm().
  void heal();
  /// Nothing fails from now on, whatever was armed.
  void retire();
  bool was_hit() const;
  /// From now on so much of a terabyte is free, whatever is written; before that all of it.
  void let_be_free(std::uint64_t bytes) { free_bytes_ = bytes; }
  /// Whether it fails now.
  bool is_failing() const;
  /// The files and folders for which something failed, by their paths.
  std::set<std::filesystem::path> refused() const;
  /// Every place so far, and how often it was reached.
  std::map<Place, int> seen() const;

  enum class Needs { nothing, reading, room, changing, syncing };
  /// The errno with which this must fail; 0 if it works.
  int verdict(const std::string& operation, const std::filesystem::path& path, Needs needs);
  /// The disk that a file of SQLite's lies on; null: not one of ours.
  static FaultyDisk* under(const char* path);

  int open(const char* path, int flags, mode_t mode) override;
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override;
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override;
  int fdatasync(int fd) override;
  int fsync(int fd) override;
  int ftruncate(int fd, off_t size) override;
  int rename(const char* from, const char* to) override;
  int unlink(const char* path) override;
  int mkdir(const char* path, mode_t mode) override;
  int rmdir(const char* path) override;
  int statvfs(const char* path, struct ::statvfs* volume) override;

 private:
  enum class State { waiting, failing, over };

  const std::filesystem::path folder_;
  storage::FileOps& real_ = storage::system_file_ops();
  mutable std::mutex mutex_;
  std::string phase_ = "start";
  std::map<Place, int> seen_;
  std::optional<Place> place_;
  std::optional<std::pair<Place, std::string>> turn_;
  Trouble trouble_ = Trouble::once;
  int to_pass_ = 0;  // times that nothing fails there yet
  State state_ = State::waiting;
  std::set<std::filesystem::path> refused_;
  bool half_written_ = false;
  static constexpr std::uint64_t kSizeBytes = std::uint64_t{1} << 40;
  std::atomic<std::uint64_t> free_bytes_ = kSizeBytes;
};

/// Puts the VFS in front of SQLite's. Called by FaultyDisk.
void install_sqlite_disk();

}  // namespace unavoce::faults
