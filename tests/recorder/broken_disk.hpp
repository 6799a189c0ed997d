// A disk that answers EIO to every write, sync and rename from the moment a test says so. Thread-safe.
#pragma once

#include <atomic>
#include <cerrno>

#include "storage/file_ops.hpp"

namespace unavoce::recorder::test {

class BrokenDisk final : public storage::FileOps {
 public:
  void break_now() { broken_ = true; }
  void heal() { broken_ = false; }

  int open(const char* path, int flags, mode_t mode) override { return real_.open(path, flags, mode); }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    return broken() ? -1 : real_.pwrite(fd, bytes, size, offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override {
    return real_.pread(fd, bytes, size, offset);
  }
  int fdatasync(int fd) override { return broken() ? -1 : real_.fdatasync(fd); }
  int fsync(int fd) override { return broken() ? -1 : real_.fsync(fd); }
  int ftruncate(int fd, off_t size) override { return broken() ? -1 : real_.ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return broken() ? -1 : real_.rename(from, to); }
  int unlink(const char* path) override { return real_.unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return real_.mkdir(path, mode); }
  int rmdir(const char* path) override { return real_.rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override { return real_.statvfs(path, volume); }

 private:
  bool broken() const {
    if (broken_) errno = EIO;
    return broken_;
  }
  storage::FileOps& real_ = storage::system_file_ops();
  std::atomic<bool> broken_{false};
};

}  // namespace unavoce::recorder::test
