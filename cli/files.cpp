#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "crypto/random.hpp"

namespace unavoce::cli {

namespace {

static_assert(OutputBlock::capacity_bytes % storage::direct_alignment_bytes == 0);

Error io_error(std::string_view step, std::string_view name) {
  return Error(storage::system_error(step, name, errno));
}

bool is_standard_stream(const std::string& path) {
  return path.empty() || path == "-";
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Result<void> write_all(int fd, crypto::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", "the output");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return boost::outcome_v2::success();
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<Input> Input::open(const std::string& path) {
  const std::string name = is_standard_stream(path) ? "standard input" : path;
  Descriptor fd(is_standard_stream(path) ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (fd.get() < 0 || fstat(fd.get(), &status) != 0) return io_error("open", name);
  if (S_ISDIR(status.st_mode)) return Error(ExitCode::io, "cannot read " + name + ": it is a folder");
  std::optional<std::uint64_t> size;
  if (S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
  return Input(std::move(fd), name, size);
}

Result<std::size_t> Input::read(std::span<std::uint8_t> out) {
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(fd_.get(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", name_);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

Result<Output> Output::open(const std::string& path) {
  if (is_standard_stream(path)) {
    Output output;
    output.stream_.emplace(STDOUT_FILENO);
    output.standard_output_ = true;
    return output;
  }
  // Replacing a device or a pipe by a file would be a disaster; a symbolic link stays, its target is replaced.
  std::error_code ignored;
  const bool exists = std::filesystem::exists(path, ignored);
  const auto target = exists ? std::filesystem::canonical(path, ignored) : std::filesystem::path(path);
  if (!exists || std::filesystem::is_regular_file(target, ignored)) return beside(target);
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return io_error("open", path);
  Output output;
  output.stream_.emplace(std::move(fd));
  return output;
}

Result<Output> Output::beside(const std::filesystem::path& target) {
  Output output;
  output.target_ = target;
  const std::string name = "." + target.filename().string() + "." + crypto::to_hex(crypto::random_array<6>()) + ".tmp";
  BOOST_OUTCOME_TRY(auto file, storage::DurableFile::create(storage::system_file_ops(), folder_of(target) / name));
  output.file_.emplace(std::move(file));
  output.block_.emplace();
  return output;
}

Output::Output(Output&& other) noexcept
    : stream_(std::move(other.stream_)),
      file_(std::move(other.file_)),
      target_(std::move(other.target_)),
      written_bytes_(other.written_bytes_),
      block_(std::move(other.block_)),
      standard_output_(other.standard_output_) {
  other.file_.reset();  // or its destructor would remove our temporary file
}

Output::~Output() {
  if (file_) static_cast<void>(storage::remove_name(storage::system_file_ops(), file_->path()));
}

Result<void> Output::write(crypto::ByteView bytes) {
  if (stream_) return write_all(stream_->get(), bytes);
  while (!bytes.empty()) {
    bytes = block_->fill(bytes);
    if (!block_->full()) break;
    // Finding pages in the cache, copying into them and writing them back was half of the CPU time of sealing.
    BOOST_OUTCOME_TRY(file_->write_direct_at(written_bytes_, block_->view()));
    written_bytes_ += block_->view().size();
    block_->clear();
  }
  return boost::outcome_v2::success();
}

Result<void> Output::commit() {
  if (stream_) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(file_->write_at(written_bytes_, block_->view()));
  BOOST_OUTCOME_TRY(file_->sync());
  if (storage::system_file_ops().rename(file_->path().c_str(), target_.c_str()) != 0) {
    return io_error("rename the finished file to", target_.string());
  }
  file_.reset();
  BOOST_OUTCOME_TRY(storage::sync_folder(storage::system_file_ops(), folder_of(target_)));
  return boost::outcome_v2::success();
}

Result<crypto::SecretBytes> read_small_file(const std::string& path, std::size_t limit_bytes) {
  BOOST_OUTCOME_TRY(auto input, Input::open(path));
  crypto::SecretBytes buffer(limit_bytes + 1);
  BOOST_OUTCOME_TRY(const auto size, input.read(buffer.writable()));
  if (size > limit_bytes) {
    return Error(ExitCode::failed,
                 path + " is larger than " + std::to_string(limit_bytes) + " bytes; it cannot be what it should be");
  }
  return crypto::SecretBytes::from(buffer.view().first(size));
}

Result<void> write_new_file(const std::filesystem::path& path, crypto::ByteView bytes) {
  auto& ops = storage::system_file_ops();
  BOOST_OUTCOME_TRY(auto file, storage::DurableFile::create(ops, path));
  storage::Result<void> done = file.write_at(0, bytes);
  if (done) done = file.sync();
  if (done) done = storage::sync_folder(ops, folder_of(path));
  if (!done) {
    static_cast<void>(storage::remove_name(ops, path));  // half a key file would be taken for a whole one
    return Error(done.error());
  }
  return boost::outcome_v2::success();
}

Result<Descriptor> nameless_file() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "unavoce-XXXXXX").string();
  Descriptor file(::mkstemp(path.data()));
  if (file.get() < 0)
    return Error(ExitCode::io, "cannot make a temporary file: " + std::system_category().message(errno));
  ::unlink(path.c_str());
  return file;
}

}  // namespace unavoce::cli
