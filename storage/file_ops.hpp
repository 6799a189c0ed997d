// The system calls on files that storage/ makes, as a seam: tests put a failing disk in its place.
//
// Owner: the caller keeps a FileOps alive as long as anything uses it; system_file_ops() lives for ever. Thread: any,
// implementations must be thread-safe. Errors: as POSIX, a negative result and errno.
#pragma once

#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstddef>

namespace unavoce::storage {

/// Same meaning as the system calls of these names; every write to a disk in storage/ but SQLite's goes through here.
class FileOps {
 public:
  FileOps() = default;
  FileOps(const FileOps&) = delete;
  FileOps& operator=(const FileOps&) = delete;
  virtual ~FileOps() = default;

  virtual int open(const char* path, int flags, mode_t mode) = 0;
  virtual ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) = 0;
  virtual ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) = 0;
  virtual int fdatasync(int fd) = 0;
  virtual int fsync(int fd) = 0;
  virtual int ftruncate(int fd, off_t size) = 0;
  virtual int rename(const char* from, const char* to) = 0;
  virtual int unlink(const char* path) = 0;
  virtual int mkdir(const char* path, mode_t mode) = 0;
  virtual int rmdir(const char* path) = 0;
  virtual int statvfs(const char* path, struct ::statvfs* volume) = 0;
};

/// The real ones.
FileOps& system_file_ops();

}  // namespace unavoce::storage
