// The verifier against a service that goes on recording or keeps what was withdrawn, and signs it all.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

TEST_CASE("recording on after a withdrawal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  Person& leaver = stage->people.back();
  stage->withdraw(leaver);
  stage->take();
  stage->track(leaver, 1000);
  stage->seal_take();
  stage->seal_recording();
  stage->erase_person(leaver);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "records with it"));
  CHECK(found(report, "withdrawals", "begins a track of it"));
}

TEST_CASE("after a withdrawal of sound a track with sound is found, one with pictures only is fine") {
  const bool with_sound = GENERATE(true, false);
  Stage stage;
  approve_all(*stage.meeting);
  Person& person = stage->people.back();
  stage->withdraw(person, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
  stage->take();
  stage->track(person, 1000, Ending::finished, [&](Track& track) {
    if (!with_sound) track.kinds = {Kind::video};
  });
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(with_sound, findings(report));
  CHECK(report.passed() == !with_sound);
}

TEST_CASE("what should have been erased after a withdrawal and is still there is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  Person& leaver = stage->people.back();
  stage->withdraw(leaver);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "data/keys/" + leaver.approval->hex() + ".age is still here"));
  CHECK(found(report, "withdrawals", "no statement says that its wrapped key was erased"));
  CHECK(found(report, "withdrawals", "data/tracks/t001-"));
}

TEST_CASE("what some kinds were withdrawn from counts by what is left of it") {
  const auto withdraw_one = [](SyntheticMeeting& meeting, Kind kind) {
    meeting.withdraw(meeting.people.back(), [=](Withdrawal& withdrawal) { withdrawal.kinds = {kind}; });
  };
  Stage stage;
  SECTION("kind by kind until nothing is left: it has to be erased") {
    approve_all(*stage.meeting);
    one_take(*stage.meeting);
    stage->seal_recording();
    withdraw_one(*stage.meeting, Kind::audio);
    CHECK(stage.verify().passed());
    withdraw_one(*stage.meeting, Kind::video);
    CHECK(found(stage.verify(), "withdrawals", "is still here"));
  }
  SECTION("less than the request needs: no take") {
    stage->add_person("Paula", Role::participant);
    stage->add_room();
    stage->request([](Request& request) { request.minimum_scope = {Kind::audio}; });
    for (Person& person : stage->people) stage->approve(person);
    withdraw_one(*stage.meeting, Kind::audio);
    stage->take();
    stage->seal_take();
    stage->seal_recording();
    CHECK(found(stage.verify(), "order", "grants less"));
  }
  SECTION("a new approval gives it back") {
    approve_all(*stage.meeting);
    withdraw_one(*stage.meeting, Kind::audio);
    stage->people.back().consent_key = crypto::Identity::generate();
    stage->approve(stage->people.back());
    one_take(*stage.meeting);
    stage->seal_recording();
    const Report report = stage.verify();
    INFO(findings(report));
    CHECK(report.passed());
  }
  SECTION("who granted nothing stays in") {
    stage->add_person("Quentin", Role::participant).scope = {};
    stage->add_room();
    stage->request();
    for (Person& person : stage->people) stage->approve(person);
    withdraw_one(*stage.meeting, Kind::audio);
    stage->take();
    stage->track(stage->host(), 1000);
    stage->seal_take();
    stage->seal_recording();
    const Report report = stage.verify();
    INFO(findings(report));
    CHECK(report.passed());
  }
  SECTION("who granted nothing stays in, also when they take everything back in parts") {
    Person& quiet = stage->add_person("Quentin", Role::participant);
    quiet.scope = {};
    stage->add_room();
    stage->request();
    for (Person& person : stage->people) stage->approve(person);
    for (const Scope& part : {Scope{Kind::audio, Kind::video}, Scope{Kind::screen, Kind::chat}})
      stage->withdraw(quiet, [&](Withdrawal& withdrawal) { withdrawal.kinds = part; });
    stage->take();
    stage->track(stage->host(), 1000);
    stage->seal_take();
    stage->seal_recording();
    const Report report = stage.verify();
    INFO(findings(report));
    CHECK(report.passed());
    CHECK(report.participants.at(1).answer == "approved");
  }
}

TEST_CASE("what is said to be erased and is still there is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  const std::string name = stage->tracks.begin()->first;
  stage->erased({name});
  CHECK(found(stage.verify(), "withdrawals", "data/tracks/" + name));
}
