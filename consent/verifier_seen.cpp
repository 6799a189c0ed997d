// Step 4: what people had seen of the ledger when they signed, and the service before a take. Each of these trees must
// be the beginning of the one in data/checkpoint: otherwise somebody was shown another ledger than this.
#include <map>
#include <set>

#include "consent/verifier_evidence.hpp"
#include "crypto/merkle.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kFolder = "data/consistency/";

std::string a_ledger_of(std::uint64_t size) {
  return "a ledger of " + std::to_string(size) + (size == 1 ? " entry" : " entries");
}

class SeenCheck {
 public:
  SeenCheck(const Bundle& bundle, const Checkpoint& now, Findings& findings)
      : bundle_(bundle), now_(now), findings_(findings) {}

  void run(const Evidence& evidence) {
    for (const Found<Approval>& approval : evidence.approvals) {
      if (!approval.body().checkpoint) continue;
      check(*approval.body().checkpoint, approval.path + ": approval " + short_id(approval.id()), approval.id());
    }
    for (const Found<Take>& take : evidence.takes) {
      check(take.body().checkpoint, take.path + ": take " + std::to_string(take.body().take), std::nullopt);
    }
    check_nothing_else_is_there();
  }

 private:
  /// The first statement that named a tree of some size.
  struct Sighting {
    crypto::Digest root;
    std::string who;
  };

  void check(const SeenCheckpoint& seen, const std::string& who, const std::optional<StatementId>& approval) {
    findings_.checked(Rule::seen);
    const Sighting& first = sightings_.try_emplace(seen.size, Sighting{seen.root, who}).first->second;
    if (first.root != seen.root) {
      // Which of the two is right, the proof says below.
      findings_.against(Rule::seen, who + " names another ledger than " + first.who + ", of as many entries (" +
                                        std::to_string(seen.size) + "): two were shown");
    }
    const auto shown = show_beginning(seen);
    if (shown) return;
    std::string finding =
        who + " names " + a_ledger_of(seen.size) +
        " that its signer had seen, and nothing shows that this one begins with it: " + shown.error().text;
    if (approval) return findings_.against(Rule::seen, *approval, std::move(finding));
    findings_.against(Rule::seen, std::move(finding));
  }

  Result<void> show_beginning(const SeenCheckpoint& seen) {
    std::string path = "data/checkpoint";
    std::vector<crypto::Digest> proof;
    if (seen.size > 0 && seen.size < now_.size) {
      path = std::string(kFolder) + std::to_string(seen.size);
      needed_.insert(path);
      BOOST_OUTCOME_TRY(const auto text, bundle_.read(path, kMaxConsistencyBytes));
      auto parsed = parse_consistency(text);
      if (!parsed) return Error{Errc::malformed, path + ": " + parsed.error().text};
      proof = std::move(parsed).value();
    }
    const auto verified = crypto::verify_consistency(seen.size, now_.size, proof, seen.root, now_.root);
    if (!verified) return Error{Errc::damaged, path + ": " + verified.error().text};
    return boost::outcome_v2::success();
  }

  void check_nothing_else_is_there() {
    for (const BundleFile& file : bundle_.files()) {
      if (file.path.starts_with(kFolder) && !needed_.contains(file.path)) {
        findings_.against(Rule::seen, file.path + ": no statement names a ledger of which this is the proof");
      }
    }
  }

  const Bundle& bundle_;
  const Checkpoint& now_;
  Findings& findings_;
  std::map<std::uint64_t, Sighting> sightings_;
  std::set<std::string> needed_;
};

}  // namespace

void verify_seen(const Bundle& bundle, const Evidence& evidence, Findings& findings) {
  if (evidence.checkpoint) SeenCheck(bundle, *evidence.checkpoint, findings).run(evidence);
}

}  // namespace unavoce::consent
