// Bad recordings: what goes on, or stays, after it was withdrawn, and what is gone without a word.
#include <vector>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

/// Takes a file off the disk, the host's or Paula's; gives its name.
std::string first_track_gone(SyntheticMeeting& meeting) {
  std::string name = meeting.tracks.begin()->first;
  meeting.tracks.erase(meeting.tracks.begin());
  return name;
}

/// A person withdrew, and what goes with it is said to be erased for another reason.
Script erased_because_of(ErasedReason reason) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take();
    meeting.track(meeting.people.back(), 1000);
    meeting.seal_take();
    meeting.seal_recording();
    meeting.withdraw(meeting.people.back());
    must(meeting.ledger.erase_wrapped(*meeting.people.back().approval));
    meeting.erased({"wrapped:" + meeting.people.back().approval->hex(), first_track_gone(meeting)},
                   [=](Erased& erased) { erased.reason = reason; });
  };
}

}  // namespace

std::vector<Case> bad_withdrawal_cases() {
  return {
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
      {"the-key-alone-erased-after-a-withdrawal-of-some-kinds",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         const Person& person = meeting.people.back();
         meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
         must(meeting.ledger.erase_wrapped(*person.approval));
         meeting.erased({"wrapped:" + person.approval->hex()});
       }},
      {"erased-without-the-row-of-a-withdrawal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.erase_person(meeting.people.back());
       }},
      {"whole-takes-erased-of-somebody-who-granted-nothing-without-the-row",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Quentin", Role::participant).scope = {};
         meeting.add_room([](Room& room) { room.withdrawal_erases = WithdrawalErases::whole_takes; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         meeting.take();
         meeting.track(meeting.host(), 1000, Ending::interrupted);
         meeting.seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
         meeting.seal_recording();
         const std::string name = meeting.tracks.begin()->first;
         meeting.tracks.clear();
         meeting.erased({name, std::string(name, 0, name.size() - 4) + ".tail.age"});
       }},
      {"withdrawn-and-still-there",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.withdraw(meeting.people.back());
       }},
      {"audio-after-its-withdrawal", withdrawn_of_audio({Kind::audio, Kind::video})},
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
      {"file-erased-without-a-withdrawal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.erased({first_track_gone(meeting)});
       }},
      {"file-of-somebody-else-erased-with-a-withdrawal",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         one_take(meeting);
         meeting.seal_recording();
         meeting.withdraw(meeting.people.back());
         meeting.erase_person(meeting.people.back());
         meeting.erased({first_track_gone(meeting)});
       }},
      {"file-of-a-take-without-the-leaver-erased-with-whole-takes",
       [](SyntheticMeeting& meeting) {
         meeting.add_person("Paula", Role::participant);
         meeting.add_room([](Room& room) { room.withdrawal_erases = WithdrawalErases::whole_takes; });
         meeting.request();
         for (Person& person : meeting.people) meeting.approve(person);
         Person& leaver = meeting.people.back();
         meeting.take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, *leaver.approval); });
         meeting.track(meeting.host(), 1000);
         meeting.seal_take();
         meeting.seal_recording();
         meeting.withdraw(leaver);
         meeting.erase_person(leaver);
         meeting.erased({first_track_gone(meeting)});
       }},
      {"erased-at-the-end-of-retention-in-part", erased_because_of(ErasedReason::retention)},
      {"erased-with-the-room-in-part", erased_because_of(ErasedReason::room_deleted)},
      {"erased-with-the-recording-in-part", erased_because_of(ErasedReason::recording_deleted)},
      {"erased-as-a-whole-and-still-there",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.seal_recording();
         meeting.erased({"recording"});
       }},
      {"key-of-nobody-erased",
       [](SyntheticMeeting& meeting) {
         approve_all(meeting);
         meeting.seal_recording();
         meeting.erased({"wrapped:" + std::string(64, '0')});
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
  };
}

}  // namespace unavoce::testing::second_implementation
