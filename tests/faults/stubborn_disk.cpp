#include "stubborn_disk.hpp"

#include <cerrno>
#include <filesystem>
#include <thread>

namespace unavoce::faults {
namespace {

/// Nobody else reads so much at once (recorder/measuring.cpp).
constexpr std::size_t kBlockOfHashing_bytes = std::size_t{1} << 20;

std::string name_of(int fd) {
  std::error_code gone;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), gone).filename();
}

}  // namespace

void StubbornDisk::refuse(const std::string& name) {
  const std::lock_guard lock(mutex_);
  refused_.insert(name);
}

void StubbornDisk::hold() {
  const std::lock_guard lock(mutex_);
  pace_ = Pace::held;
}

void StubbornDisk::let_go() {
  const std::lock_guard lock(mutex_);
  pace_ = Pace::as_it_is;
  goes_on_.notify_all();
}

void StubbornDisk::take_time(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  time_ = time;
}

int StubbornDisk::times_hashed(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = hashed_.find(name);
  return found == hashed_.end() ? 0 : found->second;
}

ssize_t StubbornDisk::pread(int fd, void* bytes, std::size_t size, off_t offset) {
  std::unique_lock lock(mutex_);
  const std::string name = name_of(fd);
  const bool is_hashed = size == kBlockOfHashing_bytes;
  if (is_hashed && offset == 0) ++hashed_[name];
  if (is_hashed && refused_.contains(name)) {
    errno = EIO;
    return -1;
  }
  if (is_hashed) {
    goes_on_.wait(lock, [&] { return pace_ == Pace::as_it_is; });
    const auto time = time_;
    lock.unlock();
    std::this_thread::sleep_for(time);
  } else {
    lock.unlock();
  }
  return real_.pread(fd, bytes, size, offset);
}

}  // namespace unavoce::faults
