// Writes recordings for the second implementation to judge: `second_implementation_recordings FOLDER` makes, for every
// case below, FOLDER/<good|bad>/<case>/ with the bag, room.key and (for good ones) the same bag as bundle.tar. Every
// bad one is properly signed, in a real ledger, with manifests that fit: only reading FORMATS.md finds what is wrong.
#include <algorithm>
#include <iostream>
#include <map>
#include <utility>

#include "crypto/track_sealer.hpp"
#include "recorded_on.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace fs = std::filesystem;

namespace {

using Script = std::function<void(SyntheticMeeting&)>;

struct Case {
  std::string name;
  Script script;
};

void approve_all(SyntheticMeeting& meeting) {
  meeting.add_person("Paula", Role::participant);
  meeting.add_room();
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

/// Asks a second time, and everybody answers that.
void approve_all_again(SyntheticMeeting& meeting) {
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

void one_take(SyntheticMeeting& meeting, Ending ending = Ending::finished) {
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 70'000, ending);
  meeting.seal_take();
}

/// A meeting that is right up to its end but for what `change` does to the seal of its only take.
Script with_seal(const Change<Seal>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take();
    for (const Person& person : meeting.people) meeting.track(person, 1000);
    meeting.seal_take(change);
    meeting.seal_recording();
  };
}

/// The same for the statement of the only take.
Script with_take(const Change<Take>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take(Countersigned::yes, change);
    meeting.track(meeting.host(), 1000);
    meeting.seal_take();
    meeting.seal_recording();
  };
}

/// The same for the first track.
Script with_track(const Change<Track>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take();
    meeting.track(meeting.host(), 1000, Ending::finished, change);
    meeting.seal_take();
    meeting.seal_recording();
  };
}

/// The same for the approval of the second person.
Script with_approval(const Change<Approval>& change) {
  return [=](SyntheticMeeting& meeting) {
    Person& person = meeting.add_person("Paula", Role::participant);
    meeting.add_room();
    meeting.request();
    meeting.approve(meeting.host());
    meeting.approve(person, change);
    one_take(meeting);
    meeting.seal_recording();
  };
}

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

/// Somebody else's statements in the same ledger.
void others(SyntheticMeeting& meeting, std::size_t count) {
  std::vector<NewEntry> entries(count);
  for (NewEntry& entry : entries) {
    entry.recording = std::string(32, 'c');
    entry.kind = "seal";
    entry.id = StatementId::random();
    entry.envelope = entry.id.hex();
  }
  must(meeting.ledger.append(entries, meeting.tick()));
}

void taken_before_approved(SyntheticMeeting& meeting) {
  Person& late = meeting.add_person("Recorded first, asked later", Role::participant);
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  // The id of an approval is known as soon as it is signed, its place in the ledger is not.
  const crypto::Bytes wrapped = must(crypto::seal(crypto::as_bytes(meeting.wrap(late)), meeting.recipients));
  const std::string challenge(43, 'A');
  const SeenCheckpoint seen{meeting.ledger.checkpoint().size, meeting.ledger.checkpoint().root};
  const Approval body{meeting.asked->id,
                      meeting.recording,
                      late.id,
                      late.role,
                      late.key.public_key(),
                      late.scope,
                      late.consent_key.recipient(),
                      crypto::sha256(wrapped),
                      challenge,
                      challenge,
                      seen,
                      std::nullopt,
                      std::nullopt,
                      meeting.now,
                      meeting.now + SpanMs{3'600'000}};
  late.approval = id_of(body);
  meeting.take();
  meeting.track(late, 1000);
  must(meeting.ledger.add_challenge(challenge, meeting.now + SpanMs{3'600'000}, meeting.now));
  const std::vector<NewEntry> entry{
      new_entry(must(parse_statement<Approval>(sign_statement(body, late.key))), wrapped)};
  must(meeting.ledger.append(entry, meeting.tick()));
  meeting.seal_take();
  meeting.seal_recording();
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

/// The recorder's header with somebody else's stanza put in, as if it had been so from the beginning. That its MAC is
/// wrong only shows to who opens it.
void second_recipient(SyntheticMeeting& meeting) {
  approve_all(meeting);
  meeting.take();
  Person& host = meeting.host();
  const std::vector stranger{crypto::Identity::generate().recipient()};
  const crypto::Bytes theirs = must(crypto::seal(crypto::as_bytes("somebody listens in"), stranger));
  const std::size_t begin = crypto::as_text(theirs).find("-> X25519"), end = crypto::as_text(theirs).find("---");
  auto sealer = must(
      crypto::TrackSealer::create(host.consent_key.recipient(), {meeting.recording.hex(), 1, host.approval->hex(), 1}));
  crypto::Bytes main = sealer.begin().bytes;
  main.insert(main.begin() + static_cast<std::ptrdiff_t>(crypto::as_text(main).find("---")),
              theirs.begin() + static_cast<std::ptrdiff_t>(begin), theirs.begin() + static_cast<std::ptrdiff_t>(end));
  const crypto::Digest header =
      crypto::sha256(crypto::ByteView(main).first(must(crypto::parse_whole_header(main)).size_bytes));
  meeting.track(host, 1000, Ending::finished, [&](Track& track) { track.header_sha256 = header; });
  meeting.tracks.begin()->second.main = main;
  meeting.seal_take([&](Seal& seal) {
    seal.tracks.front().header_sha256 = header;
    seal.tracks.front().size_bytes = main.size();
    seal.tracks.front().sha256 = crypto::sha256(main);
  });
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

/// Cut back by a chunk and ended with the F(n) that the tail carries: stock age may not open it, but the seal fits.
void shortened_before_its_tail(SyntheticMeeting& meeting) {
  constexpr std::size_t sealed_chunk_bytes = crypto::chunk_bytes + 16;
  constexpr std::size_t final_chunk_bytes = 2 + 16;
  approve_all(meeting);
  meeting.take();
  meeting.track(meeting.host(), 200'000, Ending::interrupted);
  crypto::Bytes& main = meeting.tracks.begin()->second.main;
  const auto end = main.end() - final_chunk_bytes;
  main.erase(end - sealed_chunk_bytes, end);
  meeting.seal_take([&](Seal& seal) {
    seal.tracks.front().size_bytes = main.size();
    seal.tracks.front().sha256 = crypto::sha256(main);
  });
  meeting.seal_recording();
}

void swapped_tails(SyntheticMeeting& meeting) {
  approve_all(meeting);
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 70'000, Ending::interrupted);
  std::swap(meeting.tracks.begin()->second.tail, std::next(meeting.tracks.begin())->second.tail);
  // The seal says so itself, so that only the tail's stanza gives it away.
  meeting.seal_take([&](Seal& seal) {
    std::vector<SealedTrack*> tails;
    for (SealedTrack& track : seal.tracks) {
      if (track.name.ends_with(".tail.age")) tails.push_back(&track);
    }
    std::swap(tails.at(0)->header_sha256, tails.at(1)->header_sha256);
    std::swap(tails.at(0)->size_bytes, tails.at(1)->size_bytes);
    std::swap(tails.at(0)->sha256, tails.at(1)->sha256);
  });
  meeting.seal_recording();
}

Script withdrawn_of_audio(const Scope& recorded) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    Person& person = meeting.people.back();
    meeting.withdraw(person, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
    meeting.take();
    meeting.track(person, 1000, Ending::finished, [&](Track& track) { track.kinds = recorded; });
    meeting.seal_take();
    meeting.seal_recording();
  };
}

std::vector<Case> good_cases() {
  return {
      {"complete", [](SyntheticMeeting& meeting) { meeting.complete(); }},
      {"interrupted",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         for (const Person& person : meeting.people) meeting.track(person, 200'000, Ending::interrupted);
         meeting.seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
         meeting.seal_recording();
       }},
      {"interrupted-in-the-first-chunk",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         for (const Person& person : meeting.people) meeting.track(person, 10, Ending::interrupted);
         meeting.seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
         meeting.seal_recording();
       }},
      {"refusal-empty-scope-withdrawal-and-escrow",
       [](SyntheticMeeting& meeting) {
         meeting.recipients.push_back(crypto::Identity::generate().recipient());
         Person& quiet = meeting.add_person("Quentin", Role::participant);
         quiet.scope = {};
         Person& leaver = meeting.add_person("Lea", Role::participant);
         Person& refuser = meeting.add_person("Rita", Role::participant);
         meeting.add_room();
         meeting.request();
         meeting.refuse(refuser);
         for (Person* person : {&meeting.host(), &quiet, &leaver}) meeting.approve(*person);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.track(leaver, 1000);
         meeting.seal_take();
         meeting.seal_recording();
         meeting.withdraw(leaver);
         meeting.erase_person(leaver);
       }},
      {"not-countersigned",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take(Countersigned::no);
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"withdrawal-of-audio-then-video-only", withdrawn_of_audio({Kind::video})},
      {"second-version-of-the-room",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"approved-again-after-a-refusal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         meeting.refuse(person);
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"audio-withdrawn-and-approved-anew",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         meeting.withdraw(person, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"audio-withdrawn-by-somebody-who-granted-nothing",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Quentin", Role::participant).scope = {};
         meeting.add_room();
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"whole-takes-erased-and-a-second-final-seal",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) { room.withdrawal_erases = WithdrawalErases::whole_takes; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
         meeting.withdraw(meeting.people.back());
         std::vector<std::string> files;
         for (const auto& [name, track] : meeting.tracks) files.push_back(name);
         meeting.tracks.clear();
         meeting.erase_person(meeting.people.back());
         meeting.erased(files);
         meeting.seal_recording();
       }},
      {"withdrawn-during-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         Person& leaver = meeting.people.back();
         meeting.track(leaver, 1000);
         meeting.unsealed.clear();
         meeting.track(meeting.host(), 1000);
         meeting.withdraw(leaver);
         meeting.erase_person(leaver);
         meeting.seal_take([](Seal& seal) { seal.reason = EndReason::withdrawn; });
         meeting.seal_recording();
       }},
      {"a-take-that-never-opened",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 0);
         meeting.tracks.clear();
         meeting.seal_take([](Seal& seal) {
           seal.reason = EndReason::late_join;
           SealedTrack& track = seal.tracks.front();
           track.empty = true;
           track.size_bytes = 0;
           track.sha256 = {};
           track.codecs.clear();
         });
         ++meeting.take_number;  // the preparation of one more failed
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"who-had-seen-nothing-and-who-the-empty-ledger",
       [](SyntheticMeeting& meeting) {
         const SeenCheckpoint empty{meeting.ledger.checkpoint().size, meeting.ledger.checkpoint().root};
         Person& person = meeting.add_person("Paula", Role::participant);
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(), [](Approval& approval) { approval.checkpoint.reset(); });
         meeting.approve(person, [&](Approval& approval) { approval.checkpoint = empty; });
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"in-a-ledger-with-others",
       [](SyntheticMeeting& meeting) {
         others(meeting, 13);
         approve_all(meeting);
         others(meeting, 5);
         one_take(meeting);
         meeting.seal_recording();
         others(meeting, 40);
       }},
  };
}

std::vector<Case> bad_cases() {
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
      {"taken-before-approved", taken_before_approved},
      {"missing-approval", with_take([](Take& take) {
         take.approvals.emplace_back(crypto::sha256(crypto::as_bytes("nobody's")));
         std::ranges::sort(take.approvals);
       })},
      {"track-of-somebody-not-in-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         const StatementId left_out = *meeting.people.back().approval;
         meeting.take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left_out); });
         meeting.track(meeting.people.back(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"no-host-in-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         const StatementId host = *meeting.host().approval;
         meeting.take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, host); });
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"take-not-by-the-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         crypto::SigningKey service = std::exchange(meeting.service_key, crypto::SigningKey::generate());
         meeting.take();
         meeting.service_key = std::move(service);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"countersigned-by-a-stranger",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         crypto::SigningKey host = std::exchange(meeting.host_key, crypto::SigningKey::generate());
         meeting.take();
         meeting.host_key = std::move(host);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"request-by-no-host",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.request();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"track-by-no-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.track(meeting.host(), 1000);
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"seal-by-no-service",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_take();
         std::swap(meeting.host_key, meeting.service_key);
         meeting.seal_recording();
       }},
      {"expired-approval",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(),
                         [](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{3000}; });
         for (int i = 0; i < 5; ++i) meeting.tick();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"expired-request",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request([](Request& request) { request.expires_ms = request.issued_ms + SpanMs{3000}; });
         meeting.approve(meeting.host());
         for (int i = 0; i < 5; ++i) meeting.tick();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"room-changed-before-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.add_room();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"refused-before-the-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.refuse(meeting.people.back());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"replaced-approval",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         const StatementId first = *person.approval;
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         person.approval = first;
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"below-the-minimum-scope",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant).scope = {Kind::audio};
         meeting.add_room();
         meeting.request([](Request& request) { request.minimum_scope = {Kind::audio, Kind::video}; });
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"more-recorded-than-granted", with_track([](Track& track) {
         track.kinds = {Kind::audio, Kind::screen};
       })},
      {"more-granted-than-asked",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.host().scope = Scope::all();
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"second-recipient-of-a-track", second_recipient},
      {"header-hash-of-another-track",
       with_track([](Track& track) { track.header_sha256 = crypto::sha256(crypto::as_bytes("another")); })},
      {"one-recipient-more-than-announced",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.recipients.push_back(crypto::Identity::generate().recipient());  // after the room was signed
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"wrapped-hash-of-something-else", with_approval([](Approval& approval) {
         approval.wrapped_sha256 = crypto::sha256(crypto::as_bytes("something else"));
       })},
      {"approval-of-another-request", with_approval([](Approval& approval) {
         approval.request = StatementId(crypto::sha256(crypto::as_bytes("another request")));
       })},
      {"track-never-sealed", with_seal([](Seal& seal) { seal.tracks.clear(); })},
      {"sealed-with-another-size", with_seal([](Seal& seal) { ++seal.tracks.front().size_bytes; })},
      {"sealed-with-another-hash",
       with_seal([](Seal& seal) { seal.tracks.front().sha256 = crypto::sha256(crypto::as_bytes("another")); })},
      {"sealed-as-empty", with_seal([](Seal& seal) { seal.tracks.front().empty = true; })},
      {"sealed-for-another-approval",
       with_seal([](Seal& seal) { std::swap(seal.tracks.at(0).approval, seal.tracks.at(1).approval); })},
      {"frames-after-the-seal",
       with_seal([](Seal& seal) { seal.tracks.front().last_arrival_ms = seal.issued_ms.value + 1; })},
      {"take-without-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.seal_recording();
       }},
      {"take-sealed-twice",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_take([](Seal& seal) { seal.tracks.clear(); });
         meeting.seal_recording();
       }},
      {"take-numbers-descend",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take_number = 1;
         one_take(meeting);
         meeting.take_number = 0;
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"no-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
       }},
      {"final-seal-counts-wrong",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording([](Seal& seal) { --*seal.entries; });
       }},
      {"recorded-on-after-the-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         one_take(meeting);
       }},
      {"recorded-on-after-a-withdrawal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& leaver = meeting.people.back();
         meeting.withdraw(leaver);
         meeting.take();
         meeting.track(leaver, 1000);
         meeting.seal_take();
         meeting.seal_recording();
         meeting.erase_person(leaver);
       }},
      {"withdrawn-and-still-there",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.withdraw(meeting.people.back());
       }},
      {"audio-after-its-withdrawal", withdrawn_of_audio({Kind::audio, Kind::video})},
      {"swapped-tails", swapped_tails},
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
      {"room-signed-by-another-key",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.room_key = crypto::SigningKey::generate();
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"room-versions-with-a-gap",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) { room.version = 3; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"request-under-an-old-room",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         const StatementId old = meeting.room->id;
         meeting.add_room();
         meeting.request([&](Request& request) { request.room_statement = old; });
         meeting.approve(meeting.host());
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"recorded-on-between-two-final-seals",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"refused-after-the-final-seal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.refuse(meeting.people.back());
       }},
      {"withdrawn-kind-by-kind-and-still-there",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         for (const Kind kind : {Kind::audio, Kind::video}) {
           meeting.withdraw(meeting.people.back(), [=](Withdrawal& withdrawal) { withdrawal.kinds = {kind}; });
         }
       }},
      {"taken-below-the-minimum-after-a-withdrawal",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant);
         meeting.add_room();
         meeting.request([](Request& request) { request.minimum_scope = {Kind::audio}; });
         for (Person& person : meeting.people) meeting.approve(person);
         meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
         meeting.take();
         meeting.track(meeting.people.back(), 1000, Ending::finished,
                       [](Track& track) { track.kinds = {Kind::video}; });
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"whole-take-not-erased",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) { room.withdrawal_erases = WithdrawalErases::whole_takes; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         one_take(meeting);
         meeting.seal_recording();
         meeting.withdraw(meeting.people.back());
         meeting.erase_person(meeting.people.back());
       }},
      {"erased-in-words-only",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.erased({meeting.tracks.begin()->first});
       }},
      {"track-before-its-take",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take_number = 1;
         meeting.track(meeting.host(), 1000);
         std::vector<SealedTrack> sealed = meeting.unsealed;
         meeting.take_number = 0;
         meeting.take();
         meeting.unsealed = std::move(sealed);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"two-approvals-of-one-person",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         Person& person = meeting.people.back();
         const StatementId first = *person.approval;
         person.consent_key = crypto::Identity::generate();
         meeting.approve(person);
         meeting.take(Countersigned::yes, [&](Take& take) {
           take.approvals.push_back(first);
           std::ranges::sort(take.approvals);
         });
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
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
      {"sealed-in-the-final-seal-only",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         const std::vector<SealedTrack> sealed = meeting.unsealed;
         meeting.seal_take([](Seal& seal) { seal.tracks.clear(); });
         meeting.seal_recording([&](Seal& seal) { seal.tracks = sealed; });
       }},
      {"tail-sealed-with-another-header",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000, Ending::interrupted);
         meeting.seal_take([](Seal& seal) { seal.tracks.at(1).header_sha256 = seal.tracks.at(0).header_sha256; });
         meeting.seal_recording();
       }},
      {"signature-of-another-statement", signature_of_another_statement},
      {"two-requests",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         approve_all_again(meeting);
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"request-expired-on-its-way",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request([](Request& request) { request.expires_ms = request.issued_ms + SpanMs{1}; });
         meeting.approve(meeting.host());
         meeting.seal_recording();
       }},
      {"approval-expired-on-its-way",
       with_approval([](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{1}; })},
      {"consent-key-of-the-room",
       [](SyntheticMeeting& meeting) {
         Person& person = meeting.add_person("Paula", Role::participant);
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host());
         meeting.approve(person, [&](Approval& approval) { approval.consent_recipient = meeting.recipients.front(); });
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"track-name-of-another-file", with_track([](Track& track) { track.name[track.name.size() - 10] = '2'; })},
      {"track-twice",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.unsealed.clear();
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
       }},
      {"wrapped-key-gone-in-silence",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         must(meeting.ledger.erase_wrapped(*meeting.host().approval));
       }},
      {"track-gone-in-silence",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.tracks.erase(meeting.tracks.begin());
       }},
      {"tail-after-a-shortened-track", shortened_before_its_tail},
      // Only the room key shows these two.
      {"key-wraps-another-key",
       [](SyntheticMeeting& meeting) {
         meeting.add_room();
         meeting.request();
         meeting.approve(meeting.host(), [](Approval& approval) {
           approval.consent_recipient = crypto::Identity::generate().recipient();
         });
         one_take(meeting);
         meeting.seal_recording();
       }},
      {"key-track-to-another-key",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.take();
         Person& host = meeting.host();
         crypto::Identity own = std::exchange(host.consent_key, crypto::Identity::generate());
         meeting.track(host, 1000);
         host.consent_key = std::move(own);
         meeting.seal_take();
         meeting.seal_recording();
       }},
  };
}

std::vector<Case> with(std::vector<Case> cases, const std::vector<NamedScript>& more) {
  for (const auto& [name, script] : more) cases.push_back({name, script});
  return cases;
}

void write(const Case& made, const fs::path& folder, std::string_view verdict) {
  const fs::path place = folder / verdict / made.name;
  const fs::path server = place / "server";
  fs::create_directories(server);
  {
    SyntheticMeeting meeting(server);
    made.script(meeting);
    meeting.write_folder(place);
    if (verdict == "good") meeting.write_tar(place / "bundle.tar");
    put_text(place / "room.key", meeting.room_key_file());
  }
  fs::remove_all(server);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: second_implementation_recordings FOLDER\n";
    return 2;
  }
  for (const auto& [verdict, cases] :
       {std::pair("good", with(good_cases(), honest_endings())), std::pair("bad", with(bad_cases(), recorded_on()))}) {
    for (const Case& made : cases) {
      try {
        write(made, argv[1], verdict);
      } catch (const std::exception& error) {
        std::cerr << verdict << "/" << made.name << " cannot be made: " << error.what() << "\n";
        return 1;
      }
    }
  }
}
