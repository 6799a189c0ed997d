// Where a bundle's bytes come from: a folder or an uncompressed tar. Private to bundle.cpp and its two sources.
// Sources list names and sizes at once and hand out bytes on demand; they never write and never follow a link.
#pragma once

#include "consent/bundle.hpp"

namespace unavoce::consent {

/// Beyond this many files nobody's recording goes; a hostile tar would.
inline constexpr std::size_t kMaxBundleFiles = 100'000;

using ByteSink = std::function<Result<void>(crypto::ByteView)>;

class BundleSource {
 public:
  BundleSource() = default;
  BundleSource(const BundleSource&) = delete;
  BundleSource& operator=(const BundleSource&) = delete;
  virtual ~BundleSource() = default;

  /// Bytes of the file `files[number]`, in order.
  virtual Result<void> stream(std::size_t number, const ByteSink& sink) const = 0;

  std::vector<BundleFile> files;  ///< by path
};

/// What both sources refuse in the same words.
Error refused_in_bundle(std::string_view path, std::string_view why);

Result<std::unique_ptr<BundleSource>> folder_source(const std::filesystem::path& path);
Result<std::unique_ptr<BundleSource>> tar_source(const std::filesystem::path& path);

}  // namespace unavoce::consent
