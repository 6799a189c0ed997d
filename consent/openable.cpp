#include "consent/openable.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "crypto/age.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxEntryFileBytes = 256 * 1024;
constexpr std::string_view kFinalVoid = "\xEC\x80";  // what F(n) seals, docs/FORMATS.md section 5

std::string path_of(std::string_view name) {
  return "data/tracks/" + std::string(name);
}

std::string tail_of(const Bundle& bundle, std::string_view name) {
  if (!name.ends_with(".age")) return {};
  std::string tail(name.substr(0, name.size() - 4));
  tail += ".tail.age";
  return bundle.find(path_of(tail)) != nullptr ? tail : std::string();
}

/// Passes everything on but the last two bytes, which it keeps.
class HoldBack {
 public:
  explicit HoldBack(const crypto::Sink& sink) : sink_(sink) {}

  crypto::Result<void> operator()(crypto::ByteView piece) {
    held_.insert(held_.end(), piece.begin(), piece.end());
    if (held_.size() <= kFinalVoid.size()) return boost::outcome_v2::success();
    const std::size_t pass = held_.size() - kFinalVoid.size();
    BOOST_OUTCOME_TRY(sink_(crypto::ByteView(held_).first(pass)));
    crypto::wipe(std::span(held_).first(pass));
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(pass));
    return boost::outcome_v2::success();
  }
  std::string_view held() const { return crypto::as_text(held_); }

 private:
  const crypto::Sink& sink_;
  crypto::Bytes held_;
};

Result<void> open_file(const SealedFiles& files, const std::string& name, const crypto::Identity& consent_key,
                       const crypto::Sink& sink, const std::function<void(std::uint64_t)>& read) {
  auto opener = crypto::Opener::with(std::span(&consent_key, 1), sink);
  BOOST_OUTCOME_TRY(files(name, [&](crypto::ByteView piece) -> Result<void> {
    BOOST_OUTCOME_TRY(opener.write(piece));
    if (read) read(piece.size());
    return boost::outcome_v2::success();
  }));
  BOOST_OUTCOME_TRY(opener.finish());
  return boost::outcome_v2::success();
}

}  // namespace

Result<std::vector<OpenableTrack>> openable_tracks(const Bundle& bundle) {
  std::map<StatementId, Approval> approvals;
  std::vector<Track> tracks;
  for (const BundleFile& file : bundle.files()) {
    if (!file.path.starts_with("data/entries/")) continue;
    BOOST_OUTCOME_TRY(const auto text, bundle.read(file.path, kMaxEntryFileBytes));
    const auto entry = parse_entry_file(text);
    if (!entry) continue;
    if (auto approval = parse_statement<Approval>(entry.value().envelope)) {
      approvals.emplace(approval.value().id, approval.value().body);
    } else if (auto track = parse_statement<Track>(entry.value().envelope)) {
      tracks.push_back(track.value().body);
    }
  }
  std::vector<OpenableTrack> openable;
  for (const Track& track : tracks) {
    const auto approval = approvals.find(track.approval);
    const BundleFile* main = bundle.find(path_of(track.name));
    if (approval == approvals.end() || main == nullptr || !track.name.ends_with(".age")) continue;
    const std::string tail = tail_of(bundle, track.name);
    const std::uint64_t tail_bytes = tail.empty() ? 0 : bundle.find(path_of(tail))->size_bytes;
    openable.push_back({track, approval->second, tail, main->size_bytes + tail_bytes});
  }
  return openable;
}

Result<void> open_track(const SealedFiles& files, const std::string& name, const std::string& tail,
                        const crypto::Identity& consent_key, const crypto::Sink& sink,
                        const std::function<void(std::uint64_t)>& read) {
  if (tail.empty()) return open_file(files, name, consent_key, sink, read);

  HoldBack hold_back(sink);
  BOOST_OUTCOME_TRY(open_file(files, name, consent_key, std::ref(hold_back), read));
  if (hold_back.held() != kFinalVoid) {
    return Error{Errc::damaged, name + ": does not end as an unfinished track does; its tail cannot be joined to it"};
  }
  return open_file(files, tail, consent_key, sink, read);
}

Result<void> open_track(const Bundle& bundle, const OpenableTrack& track, const crypto::Identity& consent_key,
                        const crypto::Sink& sink, const std::function<void(std::uint64_t)>& read) {
  const SealedFiles files = [&](const std::string& name, const auto& pass) {
    return bundle.stream(path_of(name), pass);
  };
  return open_track(files, track.track.name, track.tail, consent_key, sink, read);
}

}  // namespace unavoce::consent
