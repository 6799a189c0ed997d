// A disk on which single files never can be read, or on which reading the recorded files takes its time: what a whole
// FaultyDisk, which fails by classes of files, does not do. Counts how often each file is read from its beginning.
//
// Owner: the test; it must outlive the service. Thread: any. Errors: EIO, for the files it was told of.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "storage/file_ops.hpp"

namespace unavoce::faults {

class StubbornDisk final : public storage::FileOps {
 public:
  /// Nobody can hash the file of this name from now on; its head can be read.
  void refuse(const std::string& name);
  /// Who hashes a recorded file waits from now on, until let_go(); whoever looks at its head does not.
  void hold();
  void let_go();
  /// So long takes each megabyte that is hashed.
  void take_time(std::chrono::milliseconds time);
  /// How often somebody began to hash this file.
  int times_hashed(const std::string& name) const;

  int open(const char* path, int flags, mode_t mode) override { return real_.open(path, flags, mode); }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    return real_.pwrite(fd, bytes, size, offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override;
  int fdatasync(int fd) override { return real_.fdatasync(fd); }
  int fsync(int fd) override { return real_.fsync(fd); }
  int ftruncate(int fd, off_t size) override { return real_.ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return real_.rename(from, to); }
  int unlink(const char* path) override { return real_.unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return real_.mkdir(path, mode); }
  int rmdir(const char* path) override { return real_.rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override { return real_.statvfs(path, volume); }

 private:
  enum class Pace { as_it_is, held };

  storage::FileOps& real_ = storage::system_file_ops();
  mutable std::mutex mutex_;
  std::condition_variable goes_on_;
  std::set<std::string> refused_;
  std::map<std::string, int> hashed_;
  Pace pace_ = Pace::as_it_is;
  std::chrono::milliseconds time_{};
};

}  // namespace unavoce::faults
