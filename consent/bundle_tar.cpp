// A bundle that lies in an uncompressed tar. Nothing is ever unpacked: bytes are read out of the tar where they are.
// Small files are kept from the first pass, so that a recording of many statements is not scanned once per statement.
#include <algorithm>
#include <array>
#include <map>

#include "consent/archive_ptr.hpp"
#include "consent/bundle_manifest.hpp"
#include "consent/bundle_source.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::uint64_t kKeepBytes = 128 * 1024;             // a file up to this size is kept …
constexpr std::uint64_t kKeepTotalBytes = 64 * 1024 * 1024;  // … as long as all kept ones are no more than this

Error broken_tar(archive* tar, const std::filesystem::path& path) {
  const char* why = archive_error_string(tar);
  return {Errc::malformed,
          "bundle: " + path.string() + " is not a readable, uncompressed tar: " + (why ? why : "it ends too early")};
}

Result<ArchiveReadPtr> open_tar(const std::filesystem::path& path) {
  ArchiveReadPtr tar(archive_read_new());
  archive_read_support_format_tar(tar.get());  // and no filter: a compressed tar could be a bomb
  if (archive_read_open_filename(tar.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK)
    return broken_tar(tar.get(), path);
  return tar;
}

/// The path without "./" in front and "/" behind.
std::string_view entry_path(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  std::string_view path = name != nullptr ? name : "";
  if (path.starts_with("./")) path.remove_prefix(2);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

class TarSource final : public BundleSource {
 public:
  explicit TarSource(std::filesystem::path path) : path_(std::move(path)) {}

  Result<void> list() {
    BOOST_OUTCOME_TRY(const ArchiveReadPtr tar, open_tar(path_));
    std::error_code error;
    const std::uint64_t tar_bytes = std::filesystem::file_size(path_, error);
    std::map<std::string, Place> places;
    archive_entry* entry = nullptr;
    int state = ARCHIVE_OK;
    for (std::size_t ordinal = 0; (state = archive_read_next_header(tar.get(), &entry)) == ARCHIVE_OK; ++ordinal) {
      if (ordinal > 2 * kMaxBundleFiles) return refused_in_bundle(path_.string(), "there are too many files");
      BOOST_OUTCOME_TRY(const std::string path, checked_path(entry));
      if (path.empty()) continue;
      const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
      if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0 || (!error && size > tar_bytes)) {
        return refused_in_bundle(path, "it claims to be larger than the tar");
      }
      const auto [place, is_new] = places.emplace(path, Place{ordinal, size, std::nullopt});
      if (!is_new) return refused_in_bundle(path, "it is there twice");
      if (size <= kKeepBytes && kept_bytes_ + size <= kKeepTotalBytes) {
        std::string text;
        BOOST_OUTCOME_TRY(read_data(tar.get(), path, size, [&](crypto::ByteView piece) -> Result<void> {
          text += crypto::as_text(piece);
          return boost::outcome_v2::success();
        }));
        kept_bytes_ += size;
        place->second.kept = std::move(text);
      }
    }
    if (state != ARCHIVE_EOF) return broken_tar(tar.get(), path_);
    if (places.empty()) return Error{Errc::malformed, "bundle: there is no file in " + path_.string()};
    for (auto& [path, place] : places) {
      files.push_back({path, place.size_bytes});
      places_.push_back(std::move(place));
    }
    return boost::outcome_v2::success();
  }

  Result<void> stream(std::size_t number, const ByteSink& sink) const override {
    const Place& place = places_[number];
    if (place.kept) return sink(crypto::as_bytes(*place.kept));
    BOOST_OUTCOME_TRY(const ArchiveReadPtr tar, open_tar(path_));
    archive_entry* entry = nullptr;
    for (std::size_t ordinal = 0; ordinal <= place.ordinal; ++ordinal) {
      if (archive_read_next_header(tar.get(), &entry) != ARCHIVE_OK) return broken_tar(tar.get(), path_);
    }
    if (!entry_path(entry).ends_with("/" + files[number].path)) {
      return Error{Errc::damaged, "bundle: " + path_.string() + " was changed while it was read"};
    }
    return read_data(tar.get(), files[number].path, place.size_bytes, sink);
  }

 private:
  struct Place {
    std::size_t ordinal = 0;  // how many headers come before
    std::uint64_t size_bytes = 0;
    std::optional<std::string> kept;
  };

  /// Path below the top folder; empty for folders, which need no place.
  Result<std::string> checked_path(archive_entry* entry) {
    const std::string_view full = entry_path(entry);
    if (!is_bag_path(full)) return refused_in_bundle(full, "no file of a bundle has such a name");
    const auto type = archive_entry_filetype(entry);
    if (archive_entry_hardlink(entry) != nullptr || (type != AE_IFREG && type != AE_IFDIR)) {
      return refused_in_bundle(full, "it is a link or a special file");
    }
    if (archive_entry_sparse_count(entry) > 0) return refused_in_bundle(full, "it is a sparse file");
    const std::size_t slash = std::min(full.find('/'), full.size());
    if (top_.empty()) top_ = full.substr(0, slash);
    if (full.substr(0, slash) != top_) return refused_in_bundle(full, "it lies outside of the top folder " + top_);
    if (type == AE_IFDIR) return std::string();
    if (slash == full.size()) return refused_in_bundle(full, "it lies outside of a top folder");
    return std::string(full.substr(slash + 1));
  }

  Result<void> read_data(archive* tar, std::string_view path, std::uint64_t size, const ByteSink& sink) const {
    std::array<std::uint8_t, kBlockBytes> buffer;
    std::uint64_t total = 0;
    for (;;) {
      const la_ssize_t got = archive_read_data(tar, buffer.data(), buffer.size());
      if (got < 0) return broken_tar(tar, path_);
      if (got == 0) break;
      total += static_cast<std::uint64_t>(got);
      if (total > size) break;
      BOOST_OUTCOME_TRY(sink({buffer.data(), static_cast<std::size_t>(got)}));
    }
    if (total != size) return refused_in_bundle(path, "it does not have the size that the tar states");
    return boost::outcome_v2::success();
  }

  std::filesystem::path path_;
  std::string top_;
  std::vector<Place> places_;  // as `files`
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<BundleSource>> tar_source(const std::filesystem::path& path) {
  auto source = std::make_unique<TarSource>(path);
  BOOST_OUTCOME_TRY(source->list());
  return std::unique_ptr<BundleSource>(std::move(source));
}

}  // namespace unavoce::consent
