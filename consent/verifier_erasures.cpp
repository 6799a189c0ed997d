// Step 3, its end: what the service says to have erased. In a bundle that is a withdrawal's work alone: of what is
// erased for another reason no bundle is left. Judged by the whole bundle, not by order: a withdrawal takes effect
// before its row is written, so `erased` may come first; if the service dies in between, there is no row until whoever
// withdrew sends it again. That is why an approval of which everything is said to be erased, and that nobody withdrew,
// is noted as the service's word only (docs/FORMATS.md section 9).
#include <algorithm>
#include <map>
#include <set>

#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kWrapped = "wrapped:";
constexpr std::string_view kWordOnly =
    " erased as withdrawn by the service's word only: the ledger has no withdrawal of ";

class ErasureCheck {
 public:
  ErasureCheck(const Evidence& evidence, Findings& findings) : evidence_(evidence), findings_(findings) {
    for (const Found<Approval>& approval : evidence_.approvals) {
      approvals_.insert(approval.id());
      if (approval.body().scope.empty()) without_key_.insert(approval.id());
      if (evidence_.wholly_withdrawn(approval)) withdrawn_.insert(approval.id());
    }
    for (const Found<Take>& take : evidence_.takes) takes_.try_emplace(take.body().take, &take);
    for (const Found<Track>& track : evidence_.tracks) {
      tracks_.try_emplace(track.body().name, &track);
      tracks_.try_emplace(tail_name(track.body().name), &track);
    }
    for (const Found<Erased>& erased : evidence_.erased) {
      for (const std::string& what : erased.body().what) {
        if (const auto id = approval_of_key(what)) erased_keys_.insert(*id);
      }
    }
  }

  void run() {
    for (const Found<Erased>& erased : evidence_.erased) check_said(erased);
    if (evidence_.room() == nullptr) return;
    note_keys();
    for (const Found<Erased>& erased : evidence_.erased) {
      for (const std::string& what : erased.body().what) check_name(erased, what);
    }
  }

 private:
  void against(const Found<Erased>& erased, const std::string& why) {
    findings_.against(Rule::withdrawals, erased.path + ": " + why);
  }

  static std::optional<StatementId> approval_of_key(std::string_view what) {
    if (!what.starts_with(kWrapped)) return std::nullopt;
    const auto id = StatementId::parse(what.substr(kWrapped.size()));
    return id ? std::optional(id.value()) : std::nullopt;
  }

  /// By the service, for the only reason there is, and true.
  void check_said(const Found<Erased>& erased) {
    const Found<Room>* room = evidence_.room();
    if (room != nullptr && erased.body().key != room->body().service_key) {
      against(erased, "is not signed by the service that the room names");
    }
    if (erased.body().reason != ErasedReason::withdrawal) {
      against(erased, "gives the reason " + std::string(name_of(erased.body().reason)) +
                          ", for which nothing of the recording would be left; parts of it go with a withdrawal only");
    }
    for (const std::string& what : erased.body().what) {
      const std::string path =
          what.starts_with(kWrapped) ? "data/keys/" + what.substr(kWrapped.size()) + ".age" : "data/tracks/" + what;
      if (evidence_.file(path) != nullptr) against(erased, "says that " + path + " was erased");
    }
  }

  void note_keys() {
    for (const Found<Approval>& approval : evidence_.approvals) {
      if (!erased_keys_.contains(approval.id()) || withdrawn_.contains(approval.id())) continue;
      findings_.note("approval " + short_id(approval.id()) + ":" + std::string(kWordOnly) + "it");
    }
  }

  void check_name(const Found<Erased>& erased, const std::string& what) {
    if (what.starts_with(kWrapped)) {
      const auto id = approval_of_key(what);
      if (!id || !approvals_.contains(*id)) against(erased, "names " + what + ", which is the key of no approval here");
      return;
    }
    const auto track = tracks_.find(what);
    if (track == tracks_.end()) return against(erased, "names " + what + ", and no statement says that it was begun");
    check_file(erased, what, track->second->body());
  }

  void check_file(const Found<Erased>& erased, const std::string& name, const Track& track) {
    const std::vector<StatementId> owners = owners_of(track);
    const auto any_in = [&](const std::set<StatementId>& some) {
      return std::ranges::any_of(owners, [&](const StatementId& id) { return some.contains(id); });
    };
    if (any_in(withdrawn_) || any_in(erased_keys_)) return;
    if (whole_takes() && any_in(without_key_)) {
      return findings_.note("data/tracks/" + name + ":" + std::string(kWordOnly) + "anybody in its take");
    }
    findings_.against(Rule::withdrawals, track.approval,
                      erased.path + ": says that data/tracks/" + name + " was erased, but nobody withdrew approval " +
                          short_id(track.approval) + (whole_takes() ? ", nor another one of its take" : ""));
  }

  /// The approvals whose withdrawal erases a file.
  std::vector<StatementId> owners_of(const Track& track) const {
    std::vector<StatementId> owners{track.approval};
    const auto take = takes_.find(track.take);
    if (!whole_takes() || take == takes_.end()) return owners;
    const auto& named = take->second->body().approvals;
    owners.insert(owners.end(), named.begin(), named.end());
    return owners;
  }

  bool whole_takes() const { return evidence_.room()->body().withdrawal_erases == WithdrawalErases::whole_takes; }

  const Evidence& evidence_;
  Findings& findings_;
  std::set<StatementId> approvals_;
  std::set<StatementId> without_key_;  ///< granted nothing: no `wrapped:` says that they were taken back
  std::set<StatementId> withdrawn_;    ///< as a whole
  std::set<StatementId> erased_keys_;
  std::map<std::uint32_t, const Found<Take>*> takes_;
  std::map<std::string, const Found<Track>*, std::less<>> tracks_;  ///< by the names of main files and tails
};

}  // namespace

void verify_erasures(const Evidence& evidence, Findings& findings) {
  ErasureCheck(evidence, findings).run();
}

}  // namespace unavoce::consent
