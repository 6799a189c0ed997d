// Step 6: whether recording went on inside a take after its consent was over: a withdrawal, a refusal, a newer approval
// by somebody in it, a new statement of the room, an expiry. The ledger's order cannot tell, because the seal comes
// later either way; the arrival of the last frame that was written can. Where the service died it is not known (0), and
// where the service lies it is what the service says.
#include <algorithm>

#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

/// The gate closes before the row of a withdrawal or refusal is written, so an honest service needs nothing. This is
/// for its wall clock: it is read twice to date an arrival, and set now and then while a take runs.
constexpr SpanMs kAfterAnswer{2'000};
/// A newer approval, like a new statement of the room, closes the gate only once its row is durable, and is dated
/// before the row is written: this is for the disk. The service waits for ten seconds at most for a database that
/// somebody else holds (storage/database.cpp).
constexpr SpanMs kAfterRow{15'000};
/// A service looks for what has expired when it is due, but, as its clock may have been set meanwhile, at least once a
/// minute.
constexpr SpanMs kAfterExpiry{62'000};

class ArrivalCheck {
 public:
  ArrivalCheck(const Evidence& evidence, Findings& findings) : evidence_(evidence), findings_(findings) {}

  void run() {
    for (const Found<Seal>& seal : evidence_.seals) {
      const Found<Take>* take = seal.body().take ? evidence_.take(*seal.body().take) : nullptr;
      if (take == nullptr || take->index >= seal.index) continue;  // which another rule has found
      check_expiry(*take, seal);
      check_room(*take, seal);
      for (const StatementId& id : take->body().approvals) {
        if (const Found<Approval>* approval = evidence_.approval(id)) check_answers(*take, seal, *approval);
      }
    }
  }

 private:
  static bool arrived_after(const SealedTrack& sealed, TimeMs end, SpanMs tolerance) {
    return !sealed.empty && TimeMs{sealed.last_arrival_ms} > end + tolerance;
  }

  static std::string late(const Found<Seal>& seal, const SealedTrack& sealed, TimeMs end) {
    return seal.path + ": data/tracks/" + sealed.name + " has frames that arrived " +
           std::to_string((sealed.last_arrival_ms - end.value) / 1000) + " seconds after ";
  }

  void check_expiry(const Found<Take>& take, const Found<Seal>& seal) {
    for (const SealedTrack& sealed : seal.body().tracks) {
      if (const auto* request = evidence_.request()) {
        const TimeMs end = request->body().expires_ms;
        if (arrived_after(sealed, end, kAfterExpiry))
          findings_.against(Rule::order, late(seal, sealed, end) + "the request had expired");
      }
      for (const StatementId& id : take.body().approvals) {
        const Found<Approval>* approval = evidence_.approval(id);
        if (approval == nullptr || !arrived_after(sealed, approval->body().expires_ms, kAfterExpiry)) continue;
        findings_.against(
            Rule::order, id,
            late(seal, sealed, approval->body().expires_ms) + "approval " + short_id(id) + " had expired");
      }
    }
  }

  /// Another statement of the room ends the recording.
  void check_room(const Found<Take>& take, const Found<Seal>& seal) {
    for (const Found<Room>& room : evidence_.rooms) {
      if (room.index <= take.index || room.index >= seal.index) continue;
      for (const SealedTrack& sealed : seal.body().tracks) {
        if (arrived_after(sealed, room.received, kAfterRow))
          findings_.against(Rule::order,
                            late(seal, sealed, room.received) + "the room had changed (" + room.path + ")");
      }
    }
  }

  /// What this person said while the take ran.
  void check_answers(const Found<Take>& take, const Found<Seal>& seal, const Found<Approval>& approval) {
    const auto during = [&](const auto& said) {
      return said.body().key == approval.body().key && said.index > take.index && said.index < seal.index;
    };
    for (const Found<Refusal>& refusal : evidence_.refusals) {
      if (!during(refusal)) continue;
      for (const SealedTrack& sealed : seal.body().tracks) {
        if (arrived_after(sealed, refusal.received, kAfterAnswer))
          findings_.against(
              Rule::order, approval.id(),
              late(seal, sealed, refusal.received) + "somebody in this take had refused (" + refusal.path + ")");
      }
    }
    // Whatever it grants: it takes the place of the one that the take names, also if it never comes into force itself.
    for (const Found<Approval>& newer : evidence_.approvals) {
      if (newer.id() == approval.id() || !during(newer)) continue;
      for (const SealedTrack& sealed : seal.body().tracks) {
        if (arrived_after(sealed, newer.received, kAfterRow))
          findings_.against(
              Rule::order, approval.id(),
              late(seal, sealed, newer.received) + "somebody in this take had approved anew (" + newer.path + ")");
      }
    }
    for (const Found<Withdrawal>& withdrawal : evidence_.withdrawals) {
      if (during(withdrawal)) check_withdrawal(seal, approval, withdrawal);
    }
  }

  /// A withdrawal that leaves too little of the approval ends the take for everybody. Another one ends the tracks of
  /// which it leaves no kind; that one kind of several went on in a file, no arrival can show.
  void check_withdrawal(const Found<Seal>& seal, const Found<Approval>& approval, const Found<Withdrawal>& withdrawal) {
    const Scope taken = evidence_.withdrawn_from(approval, withdrawal.index + 1);
    const Found<Request>* request = evidence_.request();
    const bool enough_left =
        request == nullptr || request->body().minimum_scope.subset_of(approval.body().scope.without(taken));
    const bool ends_take = !enough_left || evidence_.wholly_withdrawn(approval, withdrawal.index + 1);
    for (const SealedTrack& sealed : seal.body().tracks) {
      const bool concerned = ends_take || (sealed.approval == approval.id() && nothing_left(sealed, taken));
      if (!concerned || !arrived_after(sealed, withdrawal.received, kAfterAnswer)) continue;
      findings_.against(Rule::withdrawals, approval.id(),
                        late(seal, sealed, withdrawal.received) + "approval " + short_id(approval.id()) +
                            " was withdrawn (" + withdrawal.path + ")");
    }
  }

  /// Whether all kinds that this file may hold were taken back.
  bool nothing_left(const SealedTrack& sealed, const Scope& taken) const {
    return std::ranges::any_of(evidence_.tracks, [&](const Found<Track>& track) {
      return track.body().name == sealed.name && track.body().kinds.subset_of(taken);
    });
  }

  const Evidence& evidence_;
  Findings& findings_;
};

}  // namespace

void verify_arrivals(const Evidence& evidence, Findings& findings) {
  ArrivalCheck(evidence, findings).run();
}

}  // namespace unavoce::consent
