// A bundle that lies in a folder.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "consent/bundle_manifest.hpp"
#include "consent/bundle_source.hpp"

namespace unavoce::consent {
namespace {

namespace fs = std::filesystem;

/// Closes on destruction.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

Error cannot_read(const fs::path& path, int os_error) {
  return {Errc::storage, "bundle: cannot read " + path.string() + ": " + std::system_category().message(os_error)};
}

class FolderSource final : public BundleSource {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)) {}

  Result<void> list() {
    std::error_code error;
    fs::recursive_directory_iterator walk(root_, error);  // does not follow links
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      const std::string path = walk->path().lexically_relative(root_).generic_string();
      const fs::file_status status = walk->symlink_status(error);
      if (error) break;
      if (!is_bag_path(path)) return refused_in_bundle(path, "no file of a bundle has such a name");
      if (status.type() == fs::file_type::directory) continue;
      if (status.type() != fs::file_type::regular) return refused_in_bundle(path, "it is a link or a special file");
      if (files.size() == kMaxBundleFiles) return refused_in_bundle(path, "there are too many files");
      files.push_back({path, walk->file_size(error)});
      if (error) break;
    }
    if (error) return cannot_read(root_, error.value());
    std::ranges::sort(files, {}, &BundleFile::path);
    return boost::outcome_v2::success();
  }

  Result<void> stream(std::size_t number, const ByteSink& sink) const override {
    const fs::path path = root_ / files[number].path;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return cannot_read(path, errno);
    if (!S_ISREG(status.st_mode)) return refused_in_bundle(files[number].path, "it is not a regular file any more");
    std::array<std::uint8_t, 64 * 1024> buffer;
    for (;;) {
      const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return cannot_read(path, errno);
      if (got == 0) return boost::outcome_v2::success();
      BOOST_OUTCOME_TRY(sink({buffer.data(), static_cast<std::size_t>(got)}));
    }
  }

 private:
  fs::path root_;
};

}  // namespace

Result<std::unique_ptr<BundleSource>> folder_source(const fs::path& path) {
  auto source = std::make_unique<FolderSource>(path);
  BOOST_OUTCOME_TRY(source->list());
  return std::unique_ptr<BundleSource>(std::move(source));
}

}  // namespace unavoce::consent
