// A disk that counts what is asked of it: calls that change something or wait for the disk, and bytes that are read.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>

#include "storage/file_ops.hpp"

namespace unavoce::recorder::test {

class WatchedDisk final : public storage::FileOps {
 public:
  std::uint64_t changes() const { return changes_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  void forget() { changes_ = bytes_read_ = 0; }

  int open(const char* path, int flags, mode_t mode) override { return real_.open(path, flags, mode); }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    return changed().pwrite(fd, bytes, size, offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override {
    const ssize_t got = real_.pread(fd, bytes, size, offset);
    bytes_read_ += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    return got;
  }
  int fdatasync(int fd) override { return changed().fdatasync(fd); }
  int fsync(int fd) override { return changed().fsync(fd); }
  int ftruncate(int fd, off_t size) override { return changed().ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return changed().rename(from, to); }
  int unlink(const char* path) override { return changed().unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return changed().mkdir(path, mode); }
  int rmdir(const char* path) override { return changed().rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override { return real_.statvfs(path, volume); }

 private:
  storage::FileOps& changed() {
    ++changes_;
    return real_;
  }
  storage::FileOps& real_ = storage::system_file_ops();
  std::uint64_t changes_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace unavoce::recorder::test
