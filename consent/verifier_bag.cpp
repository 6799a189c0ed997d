// Step 1: the bag (RFC 8493). Reads every file once, remembers its hash, and compares with both manifests.
#include <algorithm>

#include "consent/bundle_manifest.hpp"
#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxManifestBytes = 32 * 1024 * 1024;
constexpr std::string_view kTagFiles[] = {"bagit.txt", "bag-info.txt", kManifest, kTagManifest};

/// Where docs/FORMATS.md section 6 lets files lie. What they are called is the later steps' business.
bool has_a_place(std::string_view path) {
  if (std::ranges::find(kTagFiles, path) != std::end(kTagFiles)) return true;
  if (path == "data/ledger.vkey" || path == "data/checkpoint" || path == "data/summary.html") return true;
  for (const std::string_view folder : {"data/entries/", "data/consistency/", "data/keys/", "data/tracks/"}) {
    if (path.starts_with(folder)) return path.find('/', folder.size()) == std::string_view::npos;
  }
  return false;
}

/// Hashes one file; for track files and wrapped keys also keeps what an age header may need.
Result<FileFacts> read_facts(const Bundle& bundle, const BundleFile& file, Progress& progress) {
  FileFacts facts;
  crypto::Sha256 hash;
  const std::size_t keep =
      file.path.starts_with("data/tracks/") || file.path.starts_with("data/keys/") ? crypto::max_header_bytes : 0;
  BOOST_OUTCOME_TRY(bundle.stream(file.path, [&](crypto::ByteView piece) -> Result<void> {
    hash.update(piece);
    facts.size_bytes += piece.size();
    const crypto::ByteView kept = piece.first(std::min(piece.size(), keep - std::min(keep, facts.start.size())));
    facts.start.insert(facts.start.end(), kept.begin(), kept.end());
    progress.add(piece.size());
    return boost::outcome_v2::success();
  }));
  facts.sha256 = hash.finish();
  return facts;
}

Manifest read_manifest(const Bundle& bundle, std::string_view path, Findings& findings) {
  const auto text = bundle.read(path, kMaxManifestBytes);
  if (!text) {
    findings.against(Rule::bag, std::string(path) + ": " + text.error().text);
    return {};
  }
  auto manifest = parse_manifest(text.value());
  if (!manifest) {
    findings.against(Rule::bag, std::string(path) + ": " + manifest.error().text);
    return {};
  }
  return std::move(manifest).value();
}

/// Every line against the file it names, and every file that must be named.
void compare(const Manifest& manifest, std::string_view manifest_path, const Evidence& evidence, Findings& findings) {
  for (const auto& [path, hash] : manifest) {
    const FileFacts* facts = evidence.file(path);
    if (facts == nullptr) {
      findings.against(Rule::bag, path + ": is missing (" + std::string(manifest_path) + " names it)");
    } else if (facts->sha256 != hash) {
      findings.against(Rule::bag, path + ": is not what " + std::string(manifest_path) + " says: it was changed");
    }
  }
}

void expect_named(const Manifest& manifest, std::string_view manifest_path, std::string_view path, Findings& findings) {
  if (!manifest.contains(path)) {
    findings.against(Rule::bag,
                     std::string(path) + ": was added (" + std::string(manifest_path) + " does not name it)");
  }
}

}  // namespace

void verify_bag(const Bundle& bundle, Evidence& evidence, Findings& findings, Progress& progress) {
  findings.checked(Rule::bag);
  for (const BundleFile& file : bundle.files()) {
    auto facts = read_facts(bundle, file, progress);
    if (facts) {
      evidence.files.emplace(file.path, std::move(facts).value());
    } else {
      findings.against(Rule::bag, file.path + ": " + facts.error().text);
    }
    if (!has_a_place(file.path)) findings.against(Rule::bag, file.path + ": has no place in a recording bundle");
  }
  const auto declaration = bundle.read("bagit.txt", 1024);
  if (!declaration || declaration.value() != kBagDeclaration) {
    findings.against(Rule::bag, "bagit.txt: does not declare a BagIt 1.0 bag in UTF-8");
  }
  const Manifest payload = read_manifest(bundle, kManifest, findings);
  const Manifest tags = read_manifest(bundle, kTagManifest, findings);
  compare(payload, kManifest, evidence, findings);
  compare(tags, kTagManifest, evidence, findings);
  for (const BundleFile& file : bundle.files()) {
    if (file.path.starts_with("data/")) {
      expect_named(payload, kManifest, file.path, findings);
    } else if (file.path != kTagManifest) {
      expect_named(tags, kTagManifest, file.path, findings);
    }
  }
}

}  // namespace unavoce::consent
