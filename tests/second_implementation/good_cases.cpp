// Good recordings: whole ones, interrupted ones, and those in which something was withdrawn, refused or left empty.
#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

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

}  // namespace

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
      {"everything-withdrawn-in-parts-by-somebody-who-granted-nothing",
       [](SyntheticMeeting& meeting) {
         Person& quiet = meeting.add_person("Quentin", Role::participant);
         quiet.scope = {};
         meeting.add_room();
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         meeting.withdraw(quiet, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio, Kind::video}; });
         meeting.take();
         meeting.track(meeting.host(), 1000);
         meeting.withdraw(quiet, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::screen, Kind::chat}; });
         meeting.now = meeting.now + SpanMs{3'600'000};
         meeting.seal_take([&](Seal& seal) {
           for (SealedTrack& track : seal.tracks) track.last_arrival_ms = meeting.now.value;
         });
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
      {"erased-before-the-row-of-its-withdrawal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.erase_person(meeting.people.back());
         meeting.withdraw(meeting.people.back());
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

}  // namespace unavoce::testing::second_implementation
