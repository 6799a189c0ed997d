// Step 8: the page for people. Nobody signs it, but it says only what the statements say: so it is written anew from
// them and compared.
#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kPage = "data/summary.html";
constexpr std::size_t kMaxEntryBytes = 512 * 1024;
constexpr std::size_t kMaxPageBytes = 32 * 1024 * 1024;

/// What the page is made from; nothing if an entry cannot be read, which another rule has found already.
std::optional<BundleContents> contents_of(const Bundle& bundle, const Evidence& evidence) {
  BundleContents contents;
  contents.recording = evidence.request()->body().recording.hex();
  for (const BundleFile& file : bundle.files()) {  // by path, that is by version and by sequence
    if (file.path.starts_with("data/tracks/")) {
      contents.tracks.push_back({file.path.substr(std::string_view("data/tracks/").size()), file.size_bytes});
    }
    if (!file.path.starts_with("data/entries/")) continue;
    const auto text = bundle.read(file.path, kMaxEntryBytes);
    if (!text) return std::nullopt;
    auto entry = parse_entry_file(text.value());
    if (!entry) return std::nullopt;
    auto& into = file.path.starts_with("data/entries/room-") ? contents.rooms : contents.entries;
    into.push_back(std::move(entry).value());
  }
  return contents;
}

}  // namespace

void verify_summary(const Bundle& bundle, const Evidence& evidence, Findings& findings) {
  if (bundle.find(kPage) == nullptr || evidence.request() == nullptr) return;
  const auto contents = contents_of(bundle, evidence);
  if (!contents) return;
  const auto page = bundle.read(kPage, kMaxPageBytes);
  if (page && (page.value() == format_page(*contents) || page.value() == format_summary(*contents))) return;
  findings.against(Rule::bag, std::string(kPage) +
                                  ": does not say what the statements say: it was changed, or it is not the page that "
                                  "this program writes. Do not believe it");
}

}  // namespace unavoce::consent
