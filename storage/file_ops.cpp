#include "storage/file_ops.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace unavoce::storage {

namespace {

class SystemFileOps final : public FileOps {
 public:
  int open(const char* path, int flags, mode_t mode) override { return ::open(path, flags, mode); }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    return ::pwrite(fd, bytes, size, offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override {
    return ::pread(fd, bytes, size, offset);
  }
  int fdatasync(int fd) override { return ::fdatasync(fd); }
  int fsync(int fd) override { return ::fsync(fd); }
  int ftruncate(int fd, off_t size) override { return ::ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return std::rename(from, to); }
  int unlink(const char* path) override { return ::unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return ::mkdir(path, mode); }
  int rmdir(const char* path) override { return ::rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override { return ::statvfs(path, volume); }
};

}  // namespace

FileOps& system_file_ops() {
  static SystemFileOps ops;
  return ops;
}

}  // namespace unavoce::storage
