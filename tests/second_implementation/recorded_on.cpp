#include <algorithm>

#include "cases.hpp"

namespace unavoce::testing::second_implementation {
namespace {

using Step = std::function<TimeMs(SyntheticMeeting&)>;

constexpr SpanMs kAnHour{3'600'000};

/// One take of a host and of Paula, who grants picture and screen in two files. In its middle comes `end`, which gives
/// the time of it; every frame that is written afterwards arrived no later than `going_on` after that.
std::function<void(SyntheticMeeting&)> meeting_with(const Step& end, SpanMs going_on,
                                                    const Change<Request>& change = {}) {
  return [=](SyntheticMeeting& meeting) {
    Person& paula = meeting.add_person("Paula", Role::participant);
    paula.scope = {Kind::video, Kind::screen};
    meeting.add_room();
    meeting.request(change);
    for (Person& person : meeting.people) meeting.approve(person);
    meeting.take();
    meeting.track(meeting.host(), 1000);
    for (const Kind kind : {Kind::video, Kind::screen}) {
      meeting.track(paula, 1000, Ending::finished, [=](Track& track) { track.kinds = {kind}; });
    }
    const TimeMs last = end(meeting) + going_on;
    meeting.now = std::max(meeting.now, last);
    meeting.seal_take([&](Seal& seal) {
      for (SealedTrack& track : seal.tracks) track.last_arrival_ms = last.value;
    });
    meeting.seal_recording();
  };
}

TimeMs withdraw_all(SyntheticMeeting& meeting) {
  Person& paula = meeting.people.back();
  const TimeMs at = meeting.withdraw(paula).received;
  std::erase_if(meeting.unsealed, [&](const SealedTrack& track) { return track.approval == *paula.approval; });
  meeting.erase_person(paula);
  return at;
}

TimeMs withdraw_screen(SyntheticMeeting& meeting) {
  return meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::screen}; })
      .received;
}

TimeMs withdraw_sound(SyntheticMeeting& meeting) {
  return meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; })
      .received;
}

TimeMs refuse(SyntheticMeeting& meeting) {
  return meeting.refuse(meeting.people.back()).received;
}

TimeMs nothing_of_me(SyntheticMeeting& meeting) {
  meeting.people.back().scope = {};
  return meeting.approve(meeting.people.back()).received;
}

/// Less here, more there: another approval under another key.
TimeMs approve_anew(SyntheticMeeting& meeting) {
  Person& paula = meeting.people.back();
  paula.scope = {Kind::audio, Kind::video};
  paula.consent_key = crypto::Identity::generate();
  return meeting.approve(paula).received;
}

TimeMs approve_at_the_door(SyntheticMeeting& meeting) {
  return meeting.approve(meeting.add_person("Dora", Role::participant)).received;
}

TimeMs change_room(SyntheticMeeting& meeting) {
  return meeting.add_room().received;
}

TimeMs request_expires(SyntheticMeeting& meeting) {
  return meeting.asked->body.expires_ms;
}

void for_a_minute(Request& request) {
  request.expires_ms = request.issued_ms + SpanMs{60'000};
}

void needs_picture(Request& request) {
  request.minimum_scope = {Kind::video};
}

/// Taken back although the request needs it.
TimeMs withdraw_picture(SyntheticMeeting& meeting) {
  return meeting.withdraw(meeting.people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::video}; })
      .received;
}

}  // namespace

std::vector<Case> honest_endings() {
  return {
      {"withdrawn-and-the-clock-two-seconds-off", meeting_with(withdraw_all, SpanMs{2000})},
      {"refused-during-the-take", meeting_with(refuse, SpanMs{0})},
      {"approved-anew-and-the-row-fifteen-seconds-late", meeting_with(approve_anew, SpanMs{15'000})},
      {"room-changed-and-the-row-fifteen-seconds-late", meeting_with(change_room, SpanMs{15'000})},
      {"approved-at-the-door-during-the-take", meeting_with(approve_at_the_door, kAnHour)},
      {"sound-withdrawn-that-was-not-granted", meeting_with(withdraw_sound, kAnHour)},
      {"request-expired-and-noticed-within-a-minute", meeting_with(request_expires, SpanMs{62'000}, for_a_minute)},
  };
}

std::vector<Case> recorded_on_cases() {
  return {
      {"recorded-on-in-the-take-after-a-withdrawal", meeting_with(withdraw_all, kAnHour)},
      {"recorded-on-for-more-than-two-seconds-after-a-withdrawal", meeting_with(withdraw_all, SpanMs{2001})},
      {"recorded-on-in-the-take-after-a-refusal", meeting_with(refuse, kAnHour)},
      {"recorded-on-after-nothing-of-me", meeting_with(nothing_of_me, kAnHour)},
      {"recorded-on-for-more-than-fifteen-seconds-after-a-newer-approval", meeting_with(approve_anew, SpanMs{15'001})},
      {"recorded-on-after-the-room-changed", meeting_with(change_room, SpanMs{15'001})},
      {"recorded-on-after-the-request-expired", meeting_with(request_expires, SpanMs{62'001}, for_a_minute)},
      {"screen-recorded-on-after-its-withdrawal", meeting_with(withdraw_screen, kAnHour)},
      {"recorded-on-below-the-minimum-scope", meeting_with(withdraw_picture, kAnHour, needs_picture)},
  };
}

}  // namespace unavoce::testing::second_implementation
