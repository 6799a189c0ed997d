#include "cases.hpp"

namespace unavoce::testing::second_implementation {

void approve_all(SyntheticMeeting& meeting) {
  meeting.add_person("Paula", Role::participant);
  meeting.add_room();
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

void one_take(SyntheticMeeting& meeting, Ending ending) {
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 70'000, ending);
  meeting.seal_take();
}

Script with_take(const Change<Take>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take(Countersigned::yes, change);
    meeting.track(meeting.host(), 1000);
    meeting.seal_take();
    meeting.seal_recording();
  };
}

Script with_track(const Change<Track>& change) {
  return [=](SyntheticMeeting& meeting) {
    approve_all(meeting);
    meeting.take();
    meeting.track(meeting.host(), 1000, Ending::finished, change);
    meeting.seal_take();
    meeting.seal_recording();
  };
}

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

}  // namespace unavoce::testing::second_implementation
