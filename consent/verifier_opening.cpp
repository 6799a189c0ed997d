// Step 5, only with a key: every wrapped key opens and belongs to its approval, every track opens to its last byte.
// Plaintext goes nowhere.
#include "consent/verifier_evidence.hpp"
#include "consent/wrapped_key.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxWrappedBytes = 128 * 1024;

Result<void> opens(const Bundle& bundle, const std::string& path, const crypto::Identity& identity,
                   Progress& progress) {
  auto opener = crypto::Opener::with(
      std::span(&identity, 1), [](crypto::ByteView) -> crypto::Result<void> { return boost::outcome_v2::success(); });
  BOOST_OUTCOME_TRY(bundle.stream(path, [&](crypto::ByteView piece) -> Result<void> {
    progress.add(piece.size());
    BOOST_OUTCOME_TRY(opener.write(piece));
    return boost::outcome_v2::success();
  }));
  BOOST_OUTCOME_TRY(opener.finish());
  return boost::outcome_v2::success();
}

}  // namespace

std::map<StatementId, std::string> verify_opening(const Bundle& bundle, const Evidence& evidence,
                                                  const VerifyOptions& options, Findings& findings,
                                                  Progress& progress) {
  std::map<StatementId, std::string> names;
  if (options.room_identities.empty()) return names;
  findings.checked(Rule::opening);
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
    for (const Found<Track>& track : evidence.tracks) {
      if (track.body().approval != approval.id()) continue;
      for (const std::string& name : {track.body().name, tail_name(track.body().name)}) {
        const std::string path = "data/tracks/" + name;
        if (evidence.file(path) == nullptr) continue;
        if (const auto opened = opens(bundle, path, key.value().identity, progress); !opened) {
          wrong(path, "does not open: " + opened.error().text);
        }
      }
    }
  }
  return names;
}

}  // namespace unavoce::consent
