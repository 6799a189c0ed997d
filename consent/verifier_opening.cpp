// Step 7, only with a key: every wrapped key opens and belongs to its approval, every track opens to its last byte.
// Plaintext goes nowhere.
#include "consent/openable.hpp"
#include "consent/verifier_evidence.hpp"
#include "consent/wrapped_key.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxWrappedBytes = 128 * 1024;

void open_tracks(const Bundle& bundle, const Found<Approval>& approval, const crypto::Identity& consent_key,
                 const std::vector<OpenableTrack>& tracks, Findings& findings, Progress& progress) {
  const auto nowhere = [](crypto::ByteView) -> crypto::Result<void> { return boost::outcome_v2::success(); };
  for (const OpenableTrack& track : tracks) {
    if (track.track.approval != approval.id()) continue;
    const auto opened =
        open_track(bundle, track, consent_key, nowhere, [&](std::uint64_t bytes) { progress.add(bytes); });
    if (!opened) {
      findings.against(Rule::opening, approval.id(),
                       "data/tracks/" + track.track.name + ": does not open: " + opened.error().text);
    }
  }
}

}  // namespace

std::map<StatementId, std::string> verify_opening(const Bundle& bundle, const Evidence& evidence,
                                                  const VerifyOptions& options, Findings& findings,
                                                  Progress& progress) {
  std::map<StatementId, std::string> names;
  if (options.room_identities.empty()) return names;
  findings.checked(Rule::opening);
  const auto tracks = openable_tracks(bundle);
  if (!tracks) {
    findings.against(Rule::opening, tracks.error().text);
    return names;
  }
  for (const Found<Approval>& approval : evidence.approvals) {
    const std::string key_path = "data/keys/" + approval.id().hex() + ".age";
    if (evidence.file(key_path) == nullptr) continue;
    const auto wrong = [&](const std::string& path, const std::string& why) {
      findings.against(Rule::opening, approval.id(), path + ": " + why);
    };
    const auto wrapped = bundle.read(key_path, kMaxWrappedBytes);
    if (!wrapped) {
      wrong(key_path, wrapped.error().text);
      continue;
    }
    const auto key = open_consent_key(crypto::as_bytes(wrapped.value()), options.room_identities, approval.body());
    if (!key) {
      wrong(key_path, key.error().text);
      continue;
    }
    names.emplace(approval.id(), key.value().name);
    open_tracks(bundle, approval, key.value().identity, tracks.value(), findings, progress);
  }
  return names;
}

}  // namespace unavoce::consent
