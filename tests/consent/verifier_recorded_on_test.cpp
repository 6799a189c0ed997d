// The verifier against a service that keeps the gate open inside a take: past a withdrawal, a refusal, a newer
// approval, a new statement of the room, an expiry. It seals, erases and signs as it should, and no further take is
// there to give it away; only when the last frame arrived does. And against honest recordings in which the same words
// fell.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

constexpr std::int64_t kHourMs = 3'600'000;

/// A take of everybody that is running, with a track of each.
void begin_take(SyntheticMeeting& meeting) {
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 1000);
}

/// Seals the take some time later; the last frame of the host's track arrived at `last`.
void seal_with_last_arrival(SyntheticMeeting& meeting, TimeMs last) {
  meeting.now = std::max(meeting.now, last);
  const StatementId host = *meeting.host().approval;
  meeting.seal_take([&](Seal& seal) {
    for (SealedTrack& track : seal.tracks) {
      if (track.approval == host) track.last_arrival_ms = last.value;
    }
  });
}

/// Takes the files of somebody whose tracks were aborted off the account that the seal gives.
void abort_tracks(SyntheticMeeting& meeting, const Person& person) {
  std::erase_if(meeting.unsealed, [&](const SealedTrack& track) { return track.approval == *person.approval; });
}

}  // namespace

TEST_CASE(
    "a gate kept open for an hour after a withdrawal is found, though the take is sealed and erased as it should") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  Person& leaver = stage->people.back();
  const TimeMs withdrawn = stage->withdraw(leaver).received;
  abort_tracks(*stage.meeting, leaver);
  stage->erase_person(leaver);
  seal_with_last_arrival(*stage.meeting, withdrawn + SpanMs{kHourMs});
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(found(report, "withdrawals", "arrived 3600 seconds after approval " + leaver.approval->hex().substr(0, 12)));
  CHECK(found(report, "withdrawals", "data/tracks/t001-" + stage->host().approval->hex().substr(0, 16)));
  CHECK(report.participants.at(1).signature == Verdict::failed);
}

TEST_CASE("after a withdrawal frames may have arrived for two seconds of the service's clock, and no longer") {
  const auto [late_ms, passes] = GENERATE(table<std::int64_t, bool>({{2000, true}, {2001, false}}));
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  Person& leaver = stage->people.back();
  const TimeMs withdrawn = stage->withdraw(leaver).received;
  abort_tracks(*stage.meeting, leaver);
  stage->erase_person(leaver);
  seal_with_last_arrival(*stage.meeting, withdrawn + SpanMs{late_ms});
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(late_ms, findings(report));
  CHECK(report.passed() == passes);
}

TEST_CASE("a gate kept open after a refusal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  const TimeMs refused = stage->refuse(stage->people.back()).received;
  seal_with_last_arrival(*stage.meeting, refused + SpanMs{kHourMs});
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "somebody in this take had refused"));
}

TEST_CASE("a gate that closed at a refusal is fine") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  const TimeMs refused = stage->refuse(stage->people.back()).received;
  seal_with_last_arrival(*stage.meeting, refused);
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("a gate kept open after somebody in the take approved anew is found; fifteen seconds are the disk's") {
  const auto [late_ms, passes] =
      GENERATE(table<std::int64_t, bool>({{0, true}, {15'000, true}, {15'001, false}, {kHourMs, false}}));
  const Scope granted = GENERATE(Scope{}, Scope{Kind::audio, Kind::video}, Scope{Kind::audio, Kind::screen});
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  Person& paula = stage->people.back();
  paula.scope = granted;
  paula.consent_key = crypto::Identity::generate();
  const TimeMs approved = stage->approve(paula).received;
  seal_with_last_arrival(*stage.meeting, approved + SpanMs{late_ms});
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(late_ms, findings(report));
  CHECK(report.passed() == passes);
  CHECK(found(report, "order", "seconds after somebody in this take had approved anew") == !passes);
}

TEST_CASE("who was not in the take ends nothing by approving, nor does who approves anew after its seal") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  stage->approve(stage->add_person("Dora at the door", Role::participant));
  seal_with_last_arrival(*stage.meeting, stage->now + SpanMs{kHourMs});
  stage->host().consent_key = crypto::Identity::generate();
  stage->approve(stage->host());
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("a gate kept open after the room has changed is found; fifteen seconds are the disk's") {
  const auto [late_ms, passes] = GENERATE(table<std::int64_t, bool>({{15'000, true}, {15'001, false}}));
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  const TimeMs changed = stage->add_room().received;
  seal_with_last_arrival(*stage.meeting, changed + SpanMs{late_ms});
  stage->seal_recording();
  stage->add_room();  // after the seal, as often as they like
  const Report report = stage.verify();
  CAPTURE(late_ms, findings(report));
  CHECK(report.passed() == passes);
  CHECK(found(report, "order", "seconds after the room had changed") == !passes);
}

TEST_CASE("recording on after an approval or the request has expired is found") {
  const bool of_request = GENERATE(true, false);
  Stage stage;
  Person& paula = stage->add_person("Paula", Role::participant);
  stage->add_room();
  stage->request([&](Request& request) {
    if (of_request) request.expires_ms = request.issued_ms + SpanMs{60'000};
  });
  stage->approve(stage->host());
  std::optional<TimeMs> expires;
  stage->approve(paula, [&](Approval& approval) {
    if (!of_request) approval.expires_ms = approval.issued_ms + SpanMs{60'000};
    expires = of_request ? stage->asked->body.expires_ms : approval.expires_ms;
  });
  begin_take(*stage.meeting);
  const bool too_long = GENERATE(true, false);
  seal_with_last_arrival(*stage.meeting, *expires + SpanMs{too_long ? 62'001 : 62'000});
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(of_request, too_long, findings(report));
  CHECK(report.passed() == !too_long);
  CHECK(found(report, "order", "had expired") == too_long);
}

TEST_CASE("who takes one kind back ends nobody's take: theirs and the others' go on") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  const TimeMs withdrawn =
      stage->withdraw(stage->people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; }).received;
  const TimeMs last = withdrawn + SpanMs{kHourMs};
  stage->now = last;
  stage->seal_take([&](Seal& seal) {
    for (SealedTrack& track : seal.tracks) track.last_arrival_ms = last.value;
  });
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("a track of which no kind is left, and which went on, is found; the others of its owner go on") {
  const Kind taken = GENERATE(Kind::screen, Kind::audio);  // another file of theirs, and one of two kinds of this one
  Stage stage;
  Person& paula = stage->add_person("Paula", Role::participant);
  paula.scope = {Kind::audio, Kind::video, Kind::screen};
  stage->add_room();
  stage->request();
  for (Person& person : stage->people) stage->approve(person);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->track(paula, 1000, Ending::finished, [](Track& track) { track.kinds = {Kind::audio, Kind::video}; });
  stage->track(paula, 1000, Ending::finished, [](Track& track) { track.kinds = {Kind::screen}; });
  const TimeMs withdrawn = stage->withdraw(paula, [&](Withdrawal& withdrawal) { withdrawal.kinds = {taken}; }).received;
  const TimeMs last = withdrawn + SpanMs{kHourMs};
  stage->now = last;
  stage->seal_take([&](Seal& seal) {
    for (SealedTrack& track : seal.tracks) track.last_arrival_ms = last.value;
  });
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(taken == Kind::screen, findings(report));
  CHECK(report.passed() == (taken != Kind::screen));
  CHECK(found(report, "withdrawals", "-f002.webm.age has frames") == (taken == Kind::screen));
  CHECK_FALSE(found(report, "withdrawals", "-f001.webm.age has frames"));
}

TEST_CASE("a withdrawal of one kind that the request needs ends the take for everybody") {
  Stage stage;
  stage->add_person("Paula", Role::participant);
  stage->add_room();
  stage->request([](Request& request) { request.minimum_scope = {Kind::audio}; });
  for (Person& person : stage->people) stage->approve(person);
  begin_take(*stage.meeting);
  const TimeMs withdrawn =
      stage->withdraw(stage->people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; }).received;
  seal_with_last_arrival(*stage.meeting, withdrawn + SpanMs{kHourMs});
  stage->seal_recording();
  CHECK(found(stage.verify(), "withdrawals", "was withdrawn"));
}

TEST_CASE("somebody who granted nothing ends the take by a withdrawal of everything") {
  Stage stage;
  Person& quiet = stage->add_person("Quentin", Role::participant);
  quiet.scope = {};
  stage->add_room();
  stage->request();
  for (Person& person : stage->people) stage->approve(person);
  stage->take();
  stage->track(stage->host(), 1000);
  const TimeMs withdrawn = stage->withdraw(quiet).received;
  seal_with_last_arrival(*stage.meeting, withdrawn + SpanMs{kHourMs});
  stage->seal_recording();
  CHECK(found(stage.verify(), "withdrawals", "was withdrawn"));
}

TEST_CASE("somebody who granted nothing ends no take by taking everything back in parts") {
  Stage stage;
  Person& quiet = stage->add_person("Quentin", Role::participant);
  quiet.scope = {};
  stage->add_room();
  stage->request();
  for (Person& person : stage->people) stage->approve(person);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->withdraw(quiet, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio, Kind::video}; });
  stage->withdraw(quiet, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::screen, Kind::chat}; });
  seal_with_last_arrival(*stage.meeting, stage->now + SpanMs{kHourMs});
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("a withdrawal whose row had to wait for the disk, and came after the seal, is fine") {
  Stage stage;
  approve_all(*stage.meeting);
  begin_take(*stage.meeting);
  seal_with_last_arrival(*stage.meeting, stage->now);
  for (int i = 0; i < 90; ++i) stage->tick();
  stage->withdraw(stage->people.back());
  stage->erase_person(stage->people.back());
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("of a take that was cut off nobody knows when the last frame arrived: that is fine after a withdrawal") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  Person& leaver = stage->people.back();
  stage->withdraw(leaver);
  abort_tracks(*stage.meeting, leaver);
  stage->erase_person(leaver);
  stage->now = stage->now + SpanMs{kHourMs};
  stage->seal_take([](Seal& seal) {
    seal.reason = EndReason::interrupted;
    for (SealedTrack& track : seal.tracks) track.last_arrival_ms = 0;
  });
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("a withdrawal by somebody who had left ends no later take of the others") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  Person& leaver = stage->people.back();
  const StatementId left = *leaver.approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left); });
  stage->track(stage->host(), 1000);
  const TimeMs withdrawn = stage->withdraw(leaver).received;
  stage->erase_person(leaver);
  seal_with_last_arrival(*stage.meeting, withdrawn + SpanMs{kHourMs});
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
}
