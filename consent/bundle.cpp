#include "consent/bundle.hpp"

#include <algorithm>

#include "consent/bundle_source.hpp"

namespace unavoce::consent {

Error refused_in_bundle(std::string_view path, std::string_view why) {
  return {Errc::malformed, "bundle: refused because of \"" + std::string(path) + "\": " + std::string(why)};
}

Result<Bundle> Bundle::open(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return Error{Errc::storage, "bundle: " + path.string() + " does not exist; give the folder or tar of a recording"};
  }
  const bool is_folder = status.type() == std::filesystem::file_type::directory;
  BOOST_OUTCOME_TRY(auto source, is_folder ? folder_source(path) : tar_source(path));
  return Bundle(std::move(source));
}

const std::vector<BundleFile>& Bundle::files() const {
  return source_->files;
}

const BundleFile* Bundle::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(source_->files, path, {},
                                              [](const BundleFile& file) -> std::string_view { return file.path; });
  return found != source_->files.end() && found->path == path ? &*found : nullptr;
}

Result<void> Bundle::stream(std::string_view path, const ByteSink& sink) const {
  const BundleFile* file = find(path);
  if (file == nullptr) return Error{Errc::unknown_reference, std::string(path) + " is not in the bundle"};
  return source_->stream(static_cast<std::size_t>(file - source_->files.data()), sink);
}

Result<std::string> Bundle::read(std::string_view path, std::size_t max_bytes) const {
  const BundleFile* file = find(path);
  if (file == nullptr) return Error{Errc::unknown_reference, std::string(path) + " is not in the bundle"};
  if (file->size_bytes > max_bytes) {
    return Error{Errc::malformed, std::string(path) + " has " + std::to_string(file->size_bytes) + " bytes; at most " +
                                      std::to_string(max_bytes) + " can be right"};
  }
  std::string text;
  BOOST_OUTCOME_TRY(stream(path, [&](crypto::ByteView piece) -> Result<void> {
    text += crypto::as_text(piece);
    return boost::outcome_v2::success();
  }));
  return text;
}

Bundle::Bundle(std::unique_ptr<BundleSource> source) : source_(std::move(source)) {}
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle& Bundle::operator=(Bundle&&) noexcept = default;
Bundle::~Bundle() = default;

}  // namespace unavoce::consent
