#include "storage/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

namespace unavoce::storage {

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool fits_off_t(std::uint64_t offset, std::size_t size) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return offset <= largest && size <= largest - offset;
}

}  // namespace

DurableFile::DurableFile(FileOps& ops, int fd, std::string path) noexcept
    : ops_(&ops), fd_(fd), path_(std::move(path)) {}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : ops_(other.ops_), fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

DurableFile& DurableFile::operator=(DurableFile&& other) noexcept {
  std::swap(ops_, other.ops_);
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

DurableFile::~DurableFile() {
  if (fd_ >= 0) ::close(fd_);  // nothing depends on it: what had to be durable was synced
}

Error DurableFile::failure(const char* step) const {
  return system_error(step, path_, errno);
}

Result<DurableFile> DurableFile::create(FileOps& ops, const std::filesystem::path& path) {
  constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const int fd = uninterrupted([&] { return ops.open(path.c_str(), flags, file_mode); });
  if (fd < 0) return system_error("create", path.native(), errno);
  return DurableFile(ops, fd, path.native());
}

Result<DurableFile> DurableFile::open(FileOps& ops, const std::filesystem::path& path, Access access) {
  // O_NONBLOCK: a FIFO of that name must not stop us; without meaning for regular files.
  const int flags = (access == Access::read ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int fd = uninterrupted([&] { return ops.open(path.c_str(), flags, 0); });
  if (fd < 0) return system_error("open", path.native(), errno);
  DurableFile file(ops, fd, path.native());
  struct stat info {};
  if (::fstat(fd, &info) != 0) return file.failure("inspect");
  if (!S_ISREG(info.st_mode)) return Error{Errc::corrupt, 0, path.native() + " is not a regular file; remove it"};
  return file;
}

Result<void> DurableFile::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (!fits_off_t(offset, bytes.size())) return system_error("write beyond the largest file", path_, EFBIG);
  while (!bytes.empty()) {
    const auto written =
        uninterrupted([&] { return ops_->pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written < 0) return failure("write");
    if (written == 0) return system_error("write", path_, EIO);  // must not happen; never loop on it
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return boost::outcome_v2::success();
}

Result<void> DurableFile::write_direct_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (switch_direct(true)) {
    auto written = write_at(offset, bytes);
    switch_direct(false);
    // Not every file system that has O_DIRECT takes it for every block; all of them take what follows.
    if (written || written.error().os_error != EINVAL) return written;
  }
  return write_at(offset, bytes);
}

bool DurableFile::switch_direct(bool on) noexcept {
  const int flags = ::fcntl(fd_, F_GETFL);
  return flags >= 0 && ::fcntl(fd_, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

Result<std::size_t> DurableFile::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (!fits_off_t(offset, out.size())) return std::size_t{0};
  std::size_t total = 0;
  while (total < out.size()) {
    const auto got = uninterrupted(
        [&] { return ops_->pread(fd_, out.data() + total, out.size() - total, static_cast<off_t>(offset + total)); });
    if (got < 0) return failure("read");
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Result<void> DurableFile::sync() {
  if (uninterrupted([&] { return ops_->fdatasync(fd_); }) != 0) return failure("make durable");
  return boost::outcome_v2::success();
}

Result<void> DurableFile::truncate(std::uint64_t size) {
  if (!fits_off_t(size, 0)) return system_error("truncate", path_, EFBIG);
  if (uninterrupted([&] { return ops_->ftruncate(fd_, static_cast<off_t>(size)); }) != 0) return failure("truncate");
  return boost::outcome_v2::success();
}

Result<std::uint64_t> DurableFile::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return failure("inspect");
  return static_cast<std::uint64_t>(info.st_size);
}

Result<void> DurableFile::lock() {
  // flock belongs to the open file, so it also keeps two objects of one process apart, and no close() elsewhere drops
  // it.
  if (uninterrupted([&] { return ::flock(fd_, LOCK_EX | LOCK_NB); }) == 0) return boost::outcome_v2::success();
  if (errno != EWOULDBLOCK) return failure("lock");
  return Error{Errc::locked, errno, path_ + " is in use by another process; stop that one first"};
}

Result<bool> DurableFile::is_linked() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return failure("inspect");
  return info.st_nlink > 0;
}

Result<void> make_folder(FileOps& ops, const std::filesystem::path& folder) {
  if (ops.mkdir(folder.c_str(), folder_mode) == 0) {
    auto synced = sync_folder(ops, folder.parent_path());
    if (!synced) (void)ops.rmdir(folder.c_str());  // so that a second attempt does not take it for durable
    return synced;
  }
  if (errno != EEXIST) return system_error("create the folder", folder.native(), errno);
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0) return system_error("inspect", folder.native(), errno);
  if (!S_ISDIR(info.st_mode)) return Error{Errc::corrupt, 0, folder.native() + " is not a folder; remove it"};
  return boost::outcome_v2::success();
}

Result<void> sync_folder(FileOps& ops, const std::filesystem::path& folder) {
  const char* path = folder.empty() ? "." : folder.c_str();
  const int fd = uninterrupted([&] { return ops.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (fd < 0) return system_error("open the folder", folder.native(), errno);
  const int synced = uninterrupted([&] { return ops.fsync(fd); });
  const int os_error = errno;
  ::close(fd);
  if (synced != 0) return system_error("make durable the folder", folder.native(), os_error);
  return boost::outcome_v2::success();
}

namespace {

Result<void> write_new(FileOps& ops, const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  BOOST_OUTCOME_TRY(auto file, DurableFile::create(ops, path));
  BOOST_OUTCOME_TRY(file.write_at(0, bytes));
  return file.sync();
}

}  // namespace

Result<void> replace_file(FileOps& ops, const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::filesystem::path temporary = path;
  temporary += temporary_suffix;
  BOOST_OUTCOME_TRY(remove_name(ops, temporary));  // one that a crash left behind
  auto written = write_new(ops, temporary, bytes);
  if (written && ops.rename(temporary.c_str(), path.c_str()) != 0) {
    written = system_error("rename", temporary.native(), errno);
  }
  if (!written) {
    (void)remove_name(ops, temporary);  // the first error is the one to report
    return written;
  }
  return sync_folder(ops, path.parent_path());
}

Result<void> remove_name(FileOps& ops, const std::filesystem::path& path) {
  if (ops.unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path.native(), errno);
  return boost::outcome_v2::success();
}

}  // namespace unavoce::storage
