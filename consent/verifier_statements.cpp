// Step 3: what the statements say about one another. Deliberately not written on top of the rules that the gate
// follows: a mistake there should not excuse itself here.
#include <algorithm>
#include <set>

#include "consent/receipt.hpp"
#include "consent/verifier_evidence.hpp"

namespace unavoce::consent {
namespace {

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

bool is_host_key(const Room& room, const crypto::PublicKey& key) {
  return std::ranges::find(room.host_keys, key, &HostKey::key) != room.host_keys.end();
}

class StatementCheck {
 public:
  StatementCheck(const Evidence& evidence, const VerifyOptions& options, Findings& findings)
      : evidence_(evidence), options_(options), findings_(findings) {}

  void run() {
    check_rooms();
    check_request();
    check_answers();
    check_takes();
    check_withdrawals();
  }

 private:
  template <class S>
  void against(Rule rule, const Found<S>& found, const std::string& why) {
    findings_.against(rule, found.path + ": " + why);
  }

  void check_rooms() {
    findings_.checked(Rule::room);
    if (evidence_.rooms.empty()) {
      return findings_.against(Rule::room, "data/entries/room-000001.json: there is no room statement");
    }
    const Found<Room>* previous = nullptr;
    for (const Found<Room>& room : evidence_.rooms) {
      const std::uint32_t expected = previous ? previous->body().version + 1 : 1;
      if (room.body().version != expected)
        against(Rule::room, room,
                "is version " + std::to_string(room.body().version) + ", expected " + std::to_string(expected));
      if (room.body().previous != (previous ? std::optional(previous->id()) : std::nullopt)) {
        against(Rule::room, room, "does not continue the version before it");
      }
      if (previous != nullptr &&
          (room.body().signing_key != previous->body().signing_key || room.body().room != previous->body().room)) {
        against(Rule::room, room, "is signed by another room key than the version before it, or is about another room");
      }
      if (options_.pinned_room_key && room.body().signing_key != *options_.pinned_room_key) {
        against(
            Rule::room, room,
            "is not signed by the room key you know (fingerprint " + room_fingerprint(*options_.pinned_room_key) + ")");
      }
      previous = &room;
    }
  }

  void check_request() {
    findings_.checked(Rule::request);
    if (evidence_.requests.size() != 1) {
      return findings_.against(Rule::request, "data/entries: there must be exactly one request, there are " +
                                                  std::to_string(evidence_.requests.size()));
    }
    const Found<Request>& request = *evidence_.request();
    if (request.sequence != 0) against(Rule::request, request, "the request is not the first entry");
    const Found<Room>* room = evidence_.room();
    if (room == nullptr)
      return against(Rule::request, request, "the room statement it was made under is not in the bundle");
    if (request.body().room != room->body().room) against(Rule::request, request, "is about another room");
    if (!is_host_key(room->body(), request.body().key))
      against(Rule::request, request, "is not signed by a host of the room");
    if (request.index <= room->index)
      against(Rule::request, request, "is older than the room statement it was made under");
    if (request.received > request.body().expires_ms) against(Rule::request, request, "had expired when it arrived");
  }

  void check_answers() {
    if (evidence_.request() == nullptr) return;
    findings_.checked(Rule::answers);
    std::set<std::string> challenges;
    std::set<crypto::Recipient> consent_keys;
    std::set<crypto::Digest> wrapped;
    for (const Found<Refusal>& refusal : evidence_.refusals) {
      if (refusal.body().request != evidence_.request()->id()) {
        findings_.against(Rule::answers, refusal.id(), refusal.path + ": answers another request");
      }
      if (!challenges.insert(refusal.body().challenge).second) {
        findings_.against(Rule::answers, refusal.id(), refusal.path + ": uses a challenge a second time");
      }
    }
    for (const Found<Approval>& approval : evidence_.approvals) {
      const auto wrong = [&](const std::string& why) {
        findings_.against(Rule::answers, approval.id(), approval.path + ": " + why);
      };
      check_approval_terms(approval, wrong);
      if (!challenges.insert(approval.body().challenge).second) wrong("uses a challenge a second time");
      if (approval.body().consent_recipient && !consent_keys.insert(*approval.body().consent_recipient).second) {
        wrong("uses the consent key of another approval");
      }
      if (approval.body().wrapped_sha256 && !wrapped.insert(*approval.body().wrapped_sha256).second) {
        wrong("uses the wrapped key of another approval");
      }
    }
  }

  template <class Wrong>
  void check_approval_terms(const Found<Approval>& approval, const Wrong& wrong) {
    const Found<Request>& request = *evidence_.request();
    const Approval& body = approval.body();
    if (body.request != request.id()) wrong("answers another request");
    if (approval.index <= request.index) wrong("is older than the request");
    if (!body.scope.subset_of(request.body().scope)) wrong("grants more than was asked for");
    if (approval.received > body.expires_ms) wrong("had expired when it arrived");
    const Found<Room>* room = evidence_.room();
    if (room == nullptr) return;
    if (body.attested_by && !contains(room->body().gateway_keys, *body.attested_by)) {
      wrong("is attested by a gateway that the room does not name");
    }
    if (body.consent_recipient && std::ranges::find(room->body().recipients, *body.consent_recipient,
                                                    &RoomRecipient::recipient) != room->body().recipients.end()) {
      wrong("its consent key is a key of the room");
    }
  }

  void check_takes() {
    if (evidence_.request() != nullptr) {
      findings_.checked(Rule::takes);
      findings_.checked(Rule::order);
    }
    const Found<Room>* room = evidence_.room();
    std::uint32_t last = 0;
    for (const Found<Take>& take : evidence_.takes) {
      // Numbers are left out: those of takes whose preparation failed.
      const std::uint32_t number = take.body().take;
      if (number <= last)
        against(Rule::takes, take, "is take " + std::to_string(number) + " after take " + std::to_string(last));
      last = number;
      if (room != nullptr) check_signers(take, *room);
      check_roster(take);
    }
  }

  void check_signers(const Found<Take>& take, const Found<Room>& room) {
    if (take.body().key != room.body().service_key) {
      against(Rule::takes, take, "is not signed by the service that the room names");
    }
    if (take.statement.signatures < 2) {
      findings_.note("take " + std::to_string(take.body().take) +
                     ": roster: the service's word only (no host countersigned it)");
    } else if (!is_host_key(room.body(), take.statement.signers[1])) {
      against(Rule::takes, take, "is countersigned by a key that is no host's");
    }
  }

  void check_roster(const Found<Take>& take) {
    if (take.body().approvals.empty()) against(Rule::takes, take, "names nobody");
    bool host_present = false;
    std::set<crypto::PublicKey> keys;
    for (const StatementId& id : take.body().approvals) {
      const Found<Approval>* approval = evidence_.approval(id);
      if (approval == nullptr) {
        findings_.against(Rule::order, id, take.path + ": names approval " + short_id(id) + ", which is not there");
        continue;
      }
      host_present = host_present || approval->body().role == Role::host;
      if (!keys.insert(approval->body().key).second) {
        findings_.against(Rule::order, id, take.path + ": names two approvals of the same person");
      }
      check_place_in_take(take, *approval);
    }
    if (!host_present) against(Rule::takes, take, "no host was there");
    check_request_in_force(take);
  }

  /// The heart of it: this approval was given, and still stood, when the take began.
  void check_place_in_take(const Found<Take>& take, const Found<Approval>& approval) {
    const auto wrong = [&](const std::string& why) {
      findings_.against(Rule::order, approval.id(),
                        take.path + ": approval " + short_id(approval.id()) + " (" + approval.path + ") " + why);
    };
    if (approval.index >= take.index || approval.index >= take.body().checkpoint.size)
      wrong("came after the take began");
    if (take.body().start_ms > approval.body().expires_ms) wrong("had expired");
    const Scope left = approval.body().scope.without(evidence_.withdrawn_from(approval, take.index));
    if (const auto* request = evidence_.request();
        request != nullptr && !request->body().minimum_scope.subset_of(left)) {
      wrong("grants less than the request needs");
    }
    const auto overruled_by = [&](const auto& answers, const std::string& why) {
      for (const auto& answer : answers) {
        const bool later = answer.index > approval.index && answer.index < take.index;
        if (later && answer.body().key == approval.body().key) wrong(why);
      }
    };
    overruled_by(evidence_.approvals, "had been replaced by a newer one");
    overruled_by(evidence_.refusals, "had been replaced by a refusal");
  }

  void check_request_in_force(const Found<Take>& take) {
    const Found<Request>* request = evidence_.request();
    if (request == nullptr) return;
    if (take.body().start_ms > request->body().expires_ms) against(Rule::order, take, "the request had expired");
    const Found<Room>* asked_under = evidence_.room();
    if (asked_under == nullptr) return;
    // Also one that was replaced before the request: an older version may name hosts and recipients of the past.
    for (const Found<Room>& room : evidence_.rooms) {
      if (room.index > asked_under->index && room.index < take.index) {
        against(Rule::order, take,
                "the room had changed (" + room.path + ") since the statement that the request names");
      }
    }
  }

  void check_withdrawals() {
    if (evidence_.request() != nullptr) findings_.checked(Rule::withdrawals);
    for (const Found<Approval>& approval : evidence_.approvals) check_withdrawn(approval);
  }

  void check_withdrawn(const Found<Approval>& approval) {
    const auto wrong = [&](const std::string& why) {
      findings_.against(Rule::withdrawals, approval.id(),
                        approval.path + ": approval " + short_id(approval.id()) + " was withdrawn, but " + why);
    };
    for (const Found<Take>& take : evidence_.takes) {
      if (contains(take.body().approvals, approval.id()) && evidence_.wholly_withdrawn(approval, take.index)) {
        wrong(take.path + " records with it");
      }
    }
    for (const Found<Track>& track : evidence_.tracks) {
      if (track.body().approval != approval.id()) continue;
      if (!track.body().kinds.common(evidence_.withdrawn_from(approval, track.index)).empty()) {
        wrong(track.path + " begins a track of it");
      }
    }
    if (!approval.body().scope.empty() && evidence_.wholly_withdrawn(approval)) check_gone(approval, wrong);
  }

  template <class Wrong>
  void check_gone(const Found<Approval>& approval, const Wrong& wrong) {
    const std::string key_path = "data/keys/" + approval.id().hex() + ".age";
    if (evidence_.file(key_path) != nullptr) wrong(key_path + " is still here");
    if (!evidence_.was_erased("wrapped:" + approval.id().hex()))
      wrong("no statement says that its wrapped key was erased");
    const Found<Room>* room = evidence_.room();
    const bool whole_takes = room != nullptr && room->body().withdrawal_erases == WithdrawalErases::whole_takes;
    for (const Found<Track>& track : evidence_.tracks) {
      const Found<Take>* take = evidence_.take(track.body().take);
      const bool same_take = take != nullptr && contains(take->body().approvals, approval.id());
      if (track.body().approval != approval.id() && !(whole_takes && same_take)) continue;
      for (const std::string& name : {track.body().name, tail_name(track.body().name)}) {
        if (evidence_.file("data/tracks/" + name) != nullptr) wrong("data/tracks/" + name + " is still here");
      }
    }
  }

  const Evidence& evidence_;
  const VerifyOptions& options_;
  Findings& findings_;
};

}  // namespace

void verify_statements(const Evidence& evidence, const VerifyOptions& options, Findings& findings) {
  StatementCheck(evidence, options, findings).run();
}

}  // namespace unavoce::consent
