#include "bag.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "consent/bundle_manifest.hpp"
#include "crypto/bytes.hpp"

namespace unavoce::testing {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void put_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> files_of(const std::filesystem::path& bag) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bag)) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(bag).generic_string());
  }
  std::ranges::sort(files);
  return files;
}

void make_manifests_fit(const std::filesystem::path& bag) {
  const auto hash = [&](const std::string& path) { return crypto::sha256(crypto::as_bytes(read_text(bag / path))); };
  consent::Manifest payload;
  for (const std::string& path : files_of(bag)) {
    if (path.starts_with("data/")) payload.emplace(path, hash(path));
  }
  put_text(bag / consent::kManifest, consent::format_manifest(payload));
  consent::Manifest tags;
  for (const std::string& path : files_of(bag)) {
    if (!path.starts_with("data/") && path != consent::kTagManifest) tags.emplace(path, hash(path));
  }
  put_text(bag / consent::kTagManifest, consent::format_manifest(tags));
}

}  // namespace unavoce::testing
