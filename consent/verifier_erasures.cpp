// Step 3, its end: what the service says to have erased. In a bundle that is a withdrawal's work alone: of what is
// erased for another reason no bundle is left, and the service writes no `erased` before the row of its withdrawal. So
// each name must belong to an approval that was withdrawn as a whole (docs/FORMATS.md section 9).
#include <algorithm>
#include <map>
#include <set>

#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kWrapped = "wrapped:";

class ErasureCheck {
 public:
  ErasureCheck(const Evidence& evidence, Findings& findings) : evidence_(evidence), findings_(findings) {
    for (const Found<Approval>& approval : evidence_.approvals) {
      approvals_.insert(approval.id());
      if (evidence_.wholly_withdrawn(approval)) withdrawn_.insert(approval.id());
    }
    for (const Found<Take>& take : evidence_.takes) takes_.try_emplace(take.body().take, &take);
    for (const Found<Track>& track : evidence_.tracks) {
      tracks_.try_emplace(track.body().name, &track);
      tracks_.try_emplace(tail_name(track.body().name), &track);
    }
  }

  void run() {
    for (const Found<Erased>& erased : evidence_.erased) check_said(erased);
    if (evidence_.room() == nullptr) return;
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

  void check_name(const Found<Erased>& erased, const std::string& what) {
    if (what.starts_with(kWrapped)) {
      const auto id = approval_of_key(what);
      if (!id || !approvals_.contains(*id)) {
        return against(erased, "names " + what + ", which is the key of no approval here");
      }
      if (withdrawn_.contains(*id)) return;
      return findings_.against(Rule::withdrawals, *id,
                               erased.path + ": says that the key of approval " + short_id(*id) +
                                   " was erased, but nobody withdrew it as a whole");
    }
    const auto track = tracks_.find(what);
    if (track == tracks_.end()) return against(erased, "names " + what + ", and no statement says that it was begun");
    check_file(erased, what, track->second->body());
  }

  void check_file(const Found<Erased>& erased, const std::string& name, const Track& track) {
    const std::vector<StatementId> owners = owners_of(track);
    if (std::ranges::any_of(owners, [&](const StatementId& id) { return withdrawn_.contains(id); })) return;
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
  std::set<StatementId> withdrawn_;  ///< as a whole
  std::map<std::uint32_t, const Found<Take>*> takes_;
  std::map<std::string, const Found<Track>*, std::less<>> tracks_;  ///< by the names of main files and tails
};

}  // namespace

void verify_erasures(const Evidence& evidence, Findings& findings) {
  ErasureCheck(evidence, findings).run();
}

}  // namespace unavoce::consent
