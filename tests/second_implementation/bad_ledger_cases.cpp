// Bad recordings: whoever had seen another ledger, proofs that do not fit, statements that the ledger holds wrongly.
#include <map>
#include <utility>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

/// A good recording but for what the service does to the proofs that its ledger begins with what was seen. There are
/// three: of 2 (seen by the host), 3 (by the second person) and 4 entries (by the service before the take).
Script with_consistency(const Change<std::map<std::uint64_t, std::string>>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    one_take(meeting);
    meeting.seal_recording();
    meeting.forge = [=](BundleContents& contents) { change(contents.consistency); };
  };
}

/// The same for the hashes of the second one.
Script with_hashes(const Change<std::vector<crypto::Digest>>& change) {
  return with_consistency([=](std::map<std::uint64_t, std::string>& proofs) {
    auto hashes = must(parse_consistency(proofs.at(3)));
    change(hashes);
    proofs.at(3) = format_consistency(hashes);
  });
}

crypto::Digest forked(crypto::Digest root) {
  root.front() ^= 1;
  return root;
}

/// Among the answers lies one about another recording, by somebody who had seen the ledger at a size that nobody else
/// names: what it had seen does not count, and the proof of that is the proof of nothing.
void approval_of_another_recording(SyntheticMeeting& meeting) {
  approve_all(meeting);
  const crypto::SigningKey stranger = crypto::SigningKey::generate();
  const std::string challenge(43, 'A');
  const SeenCheckpoint seen{meeting.ledger.checkpoint().size, meeting.ledger.checkpoint().root};
  const Approval body{meeting.asked->id,
                      RecordingId::random(),
                      ParticipantId::random(),
                      Role::participant,
                      stranger.public_key(),
                      {},
                      std::nullopt,
                      std::nullopt,
                      challenge,
                      challenge,
                      seen,
                      std::nullopt,
                      std::nullopt,
                      meeting.now,
                      meeting.now + SpanMs{3'600'000}};
  NewEntry entry = new_entry(must(parse_statement<Approval>(sign_statement(body, stranger))), std::nullopt);
  entry.recording = meeting.recording.hex();
  entry.consumes_challenge.reset();
  must(meeting.ledger.append({&entry, 1}, meeting.tick()));
  one_take(meeting);
  meeting.seal_recording();
}

/// The signature of one statement under another of the same key, in an envelope that the ledger holds as it is.
void signature_of_another_statement(SyntheticMeeting& meeting) {
  approve_all(meeting);
  one_take(meeting);
  const auto seal = [&](std::uint64_t entries) {
    return sign_statement(Seal{meeting.recording,
                               std::nullopt,
                               EndReason::ended,
                               {},
                               entries,
                               meeting.service_key.public_key(),
                               meeting.now},
                          meeting.service_key);
  };
  const std::uint64_t entries = must(meeting.ledger.entries(meeting.recording.hex())).size() + 1;
  const std::string right = seal(entries), other = seal(entries + 1);
  NewEntry entry = new_entry(must(parse_statement<Seal>(right)));
  entry.envelope = right.substr(0, right.find("\"sig\"")) + other.substr(other.find("\"sig\""));
  must(meeting.ledger.append({&entry, 1}, meeting.tick()));
}

}  // namespace

std::vector<Case> bad_ledger_cases() {
  return {
      {"seen-another-ledger",
       with_approval([](Approval& approval) { approval.checkpoint->root = forked(approval.checkpoint->root); })},
      {"seen-another-ledger-of-the-size-of-a-complete-tree",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(),
                         [](Approval& approval) { approval.checkpoint->root = forked(approval.checkpoint->root); });
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"seen-more-than-there-is", with_approval([](Approval& approval) { approval.checkpoint->size = 1'000'000; })},
      {"seen-another-ledger-of-the-same-size",
       with_approval([](Approval& approval) { approval.checkpoint->size = 9; })},
      {"seen-an-empty-ledger-with-entries", with_approval([](Approval& approval) { approval.checkpoint->size = 0; })},
      {"two-ledgers-of-one-size", with_approval([](Approval& approval) { approval.checkpoint->size = 2; })},
      {"taken-in-another-ledger", with_take([](Take& take) { take.checkpoint.root = forked(take.checkpoint.root); })},
      {"consistency-proof-missing", with_consistency([](auto& proofs) { proofs.erase(3); })},
      {"consistency-proofs-all-missing", with_consistency([](auto& proofs) { proofs.clear(); })},
      {"consistency-proof-empty", with_consistency([](auto& proofs) { proofs.at(3).clear(); })},
      {"consistency-proof-with-an-empty-line", with_consistency([](auto& proofs) { proofs.at(3) += "\n"; })},
      {"consistency-proof-without-its-last-line-feed", with_consistency([](auto& proofs) { proofs.at(3).pop_back(); })},
      {"consistency-proofs-swapped", with_consistency([](auto& proofs) { std::swap(proofs.at(2), proofs.at(3)); })},
      {"consistency-proof-nobody-needs", with_consistency([](auto& proofs) { proofs.emplace(1, proofs.at(2)); })},
      {"consistency-proof-with-another-first-hash", with_hashes([](auto& hashes) { hashes.front()[0] ^= 1; })},
      {"consistency-proof-with-another-last-hash", with_hashes([](auto& hashes) { hashes.back()[31] ^= 128; })},
      {"consistency-proof-cut-short", with_hashes([](auto& hashes) { hashes.pop_back(); })},
      {"consistency-proof-with-a-hash-too-many", with_hashes([](auto& hashes) { hashes.emplace_back(); })},
      {"consistency-proof-of-64-lines", with_hashes([](auto& hashes) { hashes.resize(64); })},
      {"seen-in-an-approval-of-another-recording", approval_of_another_recording},
      {"room-names-another-ledger",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) {
           const auto other = must(crypto::NoteSigner::create(room.ledger.origin, crypto::SigningKey::generate()));
           room.ledger.vkey = other.vkey();
         });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"take-checkpoint-before-an-approval",
       [](SyntheticMeeting& meeting) {
         Person& person = meeting.add_person("Paula", Role::participant);
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host());
         const SeenCheckpoint too_early{meeting.ledger.checkpoint().size, meeting.ledger.checkpoint().root};
         meeting.approve(person);
         meeting.take(Countersigned::yes, [&](Take& take) { take.checkpoint = too_early; });
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"signature-of-another-statement", signature_of_another_statement},
  };
}

}  // namespace unavoce::testing::second_implementation
