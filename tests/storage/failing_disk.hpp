// A disk that fails on command: the Nth system call, a full volume, short writes; and that counts what was synced.
#pragma once

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <vector>

#include "storage/file_ops.hpp"

namespace unavoce::storage {

class FailingDisk final : public FileOps {
 public:
  static constexpr int never = std::numeric_limits<int>::max();

  /// Lets `calls` further calls pass; the next one fails with `os_error`, those after it pass again.
  void fail_after(int calls, int os_error) {
    calls_left_ = calls;
    os_error_ = os_error;
  }
  /// No further failure.
  void heal() { calls_left_ = never; }
  /// No write call takes more than this many bytes.
  void limit_writes(std::size_t bytes) { largest_write_ = bytes; }
  bool has_failed() const { return failed_; }
  const std::vector<std::string>& calls() const { return calls_; }
  void forget_calls() { calls_.clear(); }

  int open(const char* path, int flags, mode_t mode) override {
    return fails("open", path) ? -1 : disk_.open(path, flags, mode);
  }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    if (fails("pwrite", "")) {
      // Part of it reaches the disk all the same.
      (void)disk_.pwrite(fd, bytes, size / 2, offset);
      errno = os_error_;
      return -1;
    }
    return disk_.pwrite(fd, bytes, std::min(size, largest_write_), offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override {
    return fails("pread", "") ? -1 : disk_.pread(fd, bytes, size, offset);
  }
  int fdatasync(int fd) override { return fails("fdatasync", "") ? -1 : disk_.fdatasync(fd); }
  int fsync(int fd) override { return fails("fsync", "") ? -1 : disk_.fsync(fd); }
  int ftruncate(int fd, off_t size) override { return fails("ftruncate", "") ? -1 : disk_.ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return fails("rename", to) ? -1 : disk_.rename(from, to); }
  int unlink(const char* path) override { return fails("unlink", path) ? -1 : disk_.unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return fails("mkdir", path) ? -1 : disk_.mkdir(path, mode); }
  int rmdir(const char* path) override { return fails("rmdir", path) ? -1 : disk_.rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override {
    return fails("statvfs", path) ? -1 : disk_.statvfs(path, volume);
  }

 private:
  bool fails(const char* call, std::string path) {
    calls_.push_back(path.empty() ? std::string(call) : call + (" " + path.substr(path.rfind('/') + 1)));
    if (calls_left_ == never || calls_left_-- != 0) return false;
    calls_left_ = never;
    failed_ = true;
    errno = os_error_;
    return true;
  }

  FileOps& disk_ = system_file_ops();
  int calls_left_ = never;
  int os_error_ = EIO;
  bool failed_ = false;
  std::size_t largest_write_ = std::numeric_limits<std::size_t>::max();
  std::vector<std::string> calls_;
};

}  // namespace unavoce::storage
