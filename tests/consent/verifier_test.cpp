// The verifier on good recordings, and what it says about them.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

TEST_CASE("a good recording passes every rule, from a folder and from a tar") {
  Stage stage;
  stage->complete();
  stage->write_tar(stage.folder / "bundle.tar");
  for (const fs::path& path : {stage.bag(), fs::path(stage.folder / "bundle.tar")}) {
    const Report report = verify(path);
    CAPTURE(path, findings(report));
    CHECK(report.passed());
    CHECK(report.fingerprint == room_fingerprint(stage->room_key.public_key()));
    REQUIRE(report.participants.size() == 3);
    for (const ParticipantLine& line : report.participants) {
      CHECK(line.answer == "approved");
      CHECK(line.takes == std::vector<std::uint32_t>{1, 2});
      CHECK(line.tracks == 2);
      CHECK(line.signature == Verdict::passed);
      CHECK(line.proof == Verdict::passed);
      CHECK(line.files == Verdict::passed);
      CHECK(line.countersigned == Verdict::passed);
      CHECK(line.opens == Verdict::not_checked);
    }
  }
}

TEST_CASE("with the room key every wrapped key and every track is opened, and names are known") {
  Stage stage;
  stage->complete();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(report.participants.at(1).name == "Paul <b>Participant</b>");
  for (const ParticipantLine& line : report.participants) CHECK(line.opens == Verdict::passed);
}

TEST_CASE("a key that is not the room's opens nothing, and the report says so") {
  Stage stage;
  stage->complete();
  const auto stranger = crypto::Identity::generate();
  const Report report = verify(stage.bag(), with_key(stranger));
  CHECK(found(report, "opening", stage->host().approval->hex()));
  for (const ParticipantLine& line : report.participants) CHECK(line.opens == Verdict::failed);
}

TEST_CASE("a room signed by another key than the one known is found") {
  Stage stage;
  stage->complete();
  VerifyOptions options;
  options.pinned_room_key = crypto::SigningKey::generate().public_key();
  CHECK(found(verify(stage.bag(), options), "room", "room-000001.json"));
}

TEST_CASE("an interrupted take passes with main and tail file, and opens") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  stage->seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("approvals with an empty scope, refusals and withdrawals are part of a good recording") {
  Stage stage;
  Person& quiet = stage->add_person("Quentin", Role::participant);
  quiet.scope = {};
  Person& leaver = stage->add_person("Lea", Role::participant);
  Person& refuser = stage->add_person("Rita", Role::participant);
  stage->add_room();
  stage->request();
  stage->refuse(refuser);
  for (Person* person : {&stage->host(), &quiet, &leaver}) stage->approve(*person);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->track(leaver, 1000);
  stage->seal_take();
  stage->seal_recording();
  stage->withdraw(leaver);
  stage->erase_person(leaver);
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  REQUIRE(report.participants.size() == 4);
  CHECK(report.participants.at(1).scope.empty());
  CHECK(report.participants.at(2).answer == "withdrawn");
  CHECK(report.participants.at(2).tracks == 0);
  CHECK(report.participants.at(3).answer == "refused");
}

TEST_CASE("a roster that no host countersigned passes, and is called the service's word only") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take(Countersigned::no);
  stage->track(stage->host(), 1000);
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes.front().find("the service's word only") != std::string::npos);
  CHECK(report.participants.front().countersigned == Verdict::failed);
}
