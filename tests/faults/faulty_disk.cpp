#include "faulty_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace unavoce::faults {
namespace {

namespace fs = std::filesystem;

/// Disks in use, for SQLite's files, which come with no more than a path.
struct Registry {
  std::mutex mutex;
  std::set<std::pair<std::string, FaultyDisk*>> disks;
};
Registry& registry() {
  static Registry one;
  return one;
}

fs::path path_of(int fd) {
  constexpr std::string_view removed = " (deleted)";
  std::error_code gone;
  std::string path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), gone);
  if (path.ends_with(removed)) path.resize(path.size() - removed.size());
  return path;
}

bool exists(const char* path) {
  struct stat info {};
  return ::lstat(path, &info) == 0;
}

/// What a file of a recording is.
std::string class_of_blob(const std::string& name) {
  if (name.ends_with(".tmp")) return "tail.tmp";
  return name.find(".tail.") != std::string::npos ? "tail" : "main";
}

bool is_hit_by(Trouble trouble, FaultyDisk::Needs needs) {
  using Needs = FaultyDisk::Needs;
  switch (trouble) {
    case Trouble::once:
    case Trouble::bad:
      return false;
    case Trouble::full:
    case Trouble::half:
      return needs == Needs::room;
    case Trouble::read_only:
      return needs == Needs::room || needs == Needs::changing;
    case Trouble::no_sync:
      return needs == Needs::syncing;
    case Trouble::dead:
      return true;
  }
  return true;
}

int error_of(Trouble trouble) {
  if (trouble == Trouble::full || trouble == Trouble::half) return ENOSPC;
  return trouble == Trouble::read_only ? EROFS : EIO;
}

}  // namespace

std::vector<Trouble> troubles_of(const std::string& operation) {
  if (operation == "pwrite") return {Trouble::once, Trouble::full, Trouble::half};
  if (operation == "create" || operation == "mkdir" || operation == "sqlite write" || operation == "sqlite share")
    return {Trouble::once, Trouble::full};
  if (operation == "fsync" || operation == "fdatasync" || operation == "sqlite sync")
    return {Trouble::once, Trouble::no_sync};
  if (operation == "open" || operation == "pread" || operation == "sqlite open" || operation == "sqlite read")
    return {Trouble::once, Trouble::dead};
  return {Trouble::once, Trouble::read_only};  // rename, unlink, rmdir, ftruncate, and SQLite's
}

std::string name_of(Trouble trouble) {
  constexpr std::array names{"EIO once",        "full", "full after half", "read-only",
                             "nothing durable", "dead", "bad sector"};
  return names.at(static_cast<std::size_t>(trouble));
}

std::string class_of(const fs::path& folder, const fs::path& path) {
  const auto relative = path.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == "..") return {};
  if (relative == ".") return "the data folder";
  if (*relative.begin() != "blobs") return relative.filename();
  const auto depth = std::distance(relative.begin(), relative.end());
  if (depth == 1) return "the folder of all recordings";
  if (depth == 3) return class_of_blob(relative.filename());
  return relative.filename() == ".lock" ? "lock" : "the folder of a recording";
}

FaultyDisk::FaultyDisk(fs::path folder) : folder_(std::move(folder)) {
  install_sqlite_disk();
  const std::lock_guard lock(registry().mutex);
  registry().disks.emplace(folder_.native() + "/", this);
}

FaultyDisk::~FaultyDisk() {
  const std::lock_guard lock(registry().mutex);
  registry().disks.erase({folder_.native() + "/", this});
}

FaultyDisk* FaultyDisk::under(const char* path) {
  if (path == nullptr) return nullptr;
  const std::lock_guard lock(registry().mutex);
  for (const auto& [prefix, disk] : registry().disks)
    if (std::string_view(path).starts_with(prefix)) return disk;
  return nullptr;
}

void FaultyDisk::enter(const std::string& phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
}

void FaultyDisk::arm(const Place& place, Trouble trouble, int occurrence) {
  const std::lock_guard lock(mutex_);
  place_ = place;
  trouble_ = trouble;
  to_pass_ = occurrence - 1;
  state_ = State::waiting;
}

void FaultyDisk::turn(const Place& place, const std::string& phase) {
  const std::lock_guard lock(mutex_);
  turn_.emplace(place, phase);
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::failing) state_ = State::over;
}

void FaultyDisk::retire() {
  const std::lock_guard lock(mutex_);
  state_ = State::over;
}

bool FaultyDisk::was_hit() const {
  return !refused().empty();
}

std::set<fs::path> FaultyDisk::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

bool FaultyDisk::is_failing() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::failing;
}

std::map<Place, int> FaultyDisk::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

int FaultyDisk::verdict(const std::string& operation, const fs::path& path, Needs needs) {
  const std::string file = class_of(folder_, path);
  const std::lock_guard lock(mutex_);
  if (file.empty()) return 0;
  const Place here{phase_, operation, file};
  ++seen_[here];
  if (turn_ && here == turn_->first) phase_ = turn_->second;
  if (!place_ || state_ == State::over) return 0;
  if (state_ == State::waiting) {
    if (here != *place_ || to_pass_-- > 0) return 0;
    refused_.insert(path);
    state_ = trouble_ == Trouble::once ? State::over : State::failing;
    return error_of(trouble_);
  }
  const bool same = operation == place_->operation && file == place_->file;
  if (!same && !is_hit_by(trouble_, needs)) return 0;
  refused_.insert(path);
  return error_of(trouble_);
}

namespace {

template <class Call>
auto unless(int error, Call call) -> decltype(call()) {
  if (error == 0) return call();
  errno = error;
  return -1;
}

}  // namespace

int FaultyDisk::open(const char* path, int flags, mode_t mode) {
  const bool creates = (flags & O_CREAT) != 0 && !exists(path);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  const int error = verdict(creates ? "create" : "open", path,
                            creates  ? Needs::room
                            : writes ? Needs::changing
                                     : Needs::reading);
  return unless(error, [&] { return real_.open(path, flags, mode); });
}

ssize_t FaultyDisk::pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  const int error = verdict("pwrite", path_of(fd), Needs::room);
  if (error == 0) return real_.pwrite(fd, bytes, size, offset);
  // Part of it reaches the disk all the same; with `half` the first time without a word.
  const auto written = real_.pwrite(fd, bytes, size / 2, offset);
  {
    const std::lock_guard lock(mutex_);
    if (trouble_ == Trouble::half && size > 1 && !std::exchange(half_written_, true)) return written;
  }
  errno = error;
  return -1;
}

ssize_t FaultyDisk::pread(int fd, void* bytes, std::size_t size, off_t offset) {
  return unless(verdict("pread", path_of(fd), Needs::reading), [&] { return real_.pread(fd, bytes, size, offset); });
}

int FaultyDisk::fdatasync(int fd) {
  return unless(verdict("fdatasync", path_of(fd), Needs::syncing), [&] { return real_.fdatasync(fd); });
}

int FaultyDisk::fsync(int fd) {
  return unless(verdict("fsync", path_of(fd), Needs::syncing), [&] { return real_.fsync(fd); });
}

int FaultyDisk::ftruncate(int fd, off_t size) {
  return unless(verdict("ftruncate", path_of(fd), Needs::changing), [&] { return real_.ftruncate(fd, size); });
}

int FaultyDisk::rename(const char* from, const char* to) {
  return unless(verdict("rename", to, Needs::changing), [&] { return real_.rename(from, to); });
}

int FaultyDisk::unlink(const char* path) {
  return unless(exists(path) ? verdict("unlink", path, Needs::changing) : 0, [&] { return real_.unlink(path); });
}

int FaultyDisk::mkdir(const char* path, mode_t mode) {
  return unless(exists(path) ? 0 : verdict("mkdir", path, Needs::room), [&] { return real_.mkdir(path, mode); });
}

int FaultyDisk::rmdir(const char* path) {
  return unless(verdict("rmdir", path, Needs::changing), [&] { return real_.rmdir(path); });
}

/// No place of a script's: it is asked for by the clock.
int FaultyDisk::statvfs(const char*, struct ::statvfs* volume) {
  *volume = {};
  volume->f_frsize = 1;
  volume->f_blocks = kSizeBytes;
  volume->f_bavail = free_bytes_;
  return 0;
}

}  // namespace unavoce::faults
