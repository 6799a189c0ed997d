// The verifier against a service that erases what nobody took back; and honest erasures in every order, which pass.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

std::string nobody_withdrew(const StatementId& approval) {
  return "says that the key of approval " + approval.hex().substr(0, 12) + " was erased, but nobody withdrew it";
}

/// The file of a person's that comes first is taken off the disk.
std::string remove_first_track(SyntheticMeeting& meeting, const Person& person) {
  const auto track = std::ranges::find_if(
      meeting.tracks, [&](const auto& one) { return one.second.statement.approval == *person.approval; });
  std::string name = track->first;
  meeting.tracks.erase(track);
  return name;
}

/// Everything that is recorded goes, as with `whole_takes`.
std::vector<std::string> remove_all_tracks(SyntheticMeeting& meeting) {
  std::vector<std::string> names;
  for (const auto& [name, track] : meeting.tracks) names.push_back(name);
  meeting.tracks.clear();
  return names;
}

void recorded(SyntheticMeeting& meeting) {
  approve_all(meeting);
  one_take(meeting);
  meeting.seal_recording();
}

void approve_all_with(SyntheticMeeting& meeting, WithdrawalErases extent) {
  meeting.add_person("Paula", Role::participant);
  meeting.add_room([=](Room& room) { room.withdrawal_erases = extent; });
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

/// What a service erases of one approval, tails included, and says so.
void erase_approval(SyntheticMeeting& meeting, const StatementId& approval) {
  must(meeting.ledger.erase_wrapped(approval));
  std::vector<std::string> what{"wrapped:" + approval.hex()};
  for (const auto& [name, track] : meeting.tracks) {
    if (track.statement.approval != approval) continue;
    what.push_back(name);
    if (track.tail) what.push_back(std::string(name, 0, name.size() - 4) + ".tail.age");
  }
  std::erase_if(meeting.tracks, [&](const auto& one) { return one.second.statement.approval == approval; });
  meeting.erased(std::move(what));
}

}  // namespace

// ---- what nobody took back

TEST_CASE("a person who is erased without a withdrawal is found, and by name") {
  Stage stage;
  recorded(*stage.meeting);
  const Person& person = stage->people.back();
  stage->erase_person(person);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", nobody_withdrew(*person.approval)));
  CHECK(found(report, "withdrawals", "but nobody withdrew approval " + person.approval->hex().substr(0, 12)));
  CHECK(report.participants.at(1).signature == Verdict::failed);
}

TEST_CASE("the same after a withdrawal that takes less than everything is found, too") {
  Stage stage;
  recorded(*stage.meeting);
  const Person& person = stage->people.back();
  stage->withdraw(stage->people.back(), [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
  stage->erase_person(person);
  CHECK(found(stage.verify(), "withdrawals", nobody_withdrew(*person.approval)));
}

TEST_CASE("the same after somebody else's withdrawal is found, too, and theirs is not") {
  Stage stage;
  recorded(*stage.meeting);
  const Person& person = stage->people.back();
  const StatementId hosts = *stage->host().approval;
  stage->withdraw(stage->host());
  stage->erase_person(stage->host());
  stage->erase_person(person);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", nobody_withdrew(*person.approval)));
  CHECK_FALSE(found(report, "withdrawals", nobody_withdrew(hosts)));
}

TEST_CASE("a key alone that is erased without a withdrawal is found, too") {
  Stage stage;
  recorded(*stage.meeting);
  const StatementId approval = *stage->people.back().approval;
  must(stage->ledger.erase_wrapped(approval));
  stage->erased({"wrapped:" + approval.hex()});
  CHECK(found(stage.verify(), "withdrawals", nobody_withdrew(approval)));
}

TEST_CASE("a file that is erased without a withdrawal, and without the key to it, is found") {
  Stage stage;
  recorded(*stage.meeting);
  const Person& person = stage->people.back();
  const std::string name = remove_first_track(*stage.meeting, person);
  stage->erased({name});
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals",
              "says that data/tracks/" + name + " was erased, but nobody withdrew approval " +
                  person.approval->hex().substr(0, 12)));
  CHECK(report.participants.at(1).signature == Verdict::failed);
}

TEST_CASE("somebody else's file that goes with a withdrawal is found, unless whole takes go") {
  const auto extent = GENERATE(WithdrawalErases::own_tracks, WithdrawalErases::whole_takes);
  Stage stage;
  approve_all_with(*stage.meeting, extent);
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->withdraw(stage->people.back());
  stage->erase_person(stage->people.back());
  stage->erased({remove_first_track(*stage.meeting, stage->host())});
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed() == (extent == WithdrawalErases::whole_takes));
  CHECK(report.notes.empty());
}

TEST_CASE("with whole takes a file of a take in which nobody withdrew is found") {
  Stage stage;
  approve_all_with(*stage.meeting, WithdrawalErases::whole_takes);
  Person& leaver = stage->people.back();
  const StatementId left = *leaver.approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left); });
  stage->track(stage->host(), 1000);
  stage->seal_take();
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->withdraw(leaver);
  stage->erase_person(leaver);
  const auto names = remove_all_tracks(*stage.meeting);
  REQUIRE(names.size() == 2);
  stage->erased(names);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "data/tracks/" + names.front() + " was erased, but nobody withdrew approval"));
  CHECK(findings(report).find(names.back()) == std::string::npos);
}

TEST_CASE("a reason for which no bundle would be left is found, also after a withdrawal") {
  const auto [reason, word] = GENERATE(table<ErasedReason, std::string>({
      {ErasedReason::retention, "retention"},
      {ErasedReason::room_deleted, "room_deleted"},
      {ErasedReason::recording_deleted, "recording_deleted"},
  }));
  const bool withdrawn = GENERATE(true, false);
  CAPTURE(word, withdrawn);
  Stage stage;
  recorded(*stage.meeting);
  if (withdrawn) stage->withdraw(stage->people.back());
  const std::string name = remove_first_track(*stage.meeting, stage->people.back());
  must(stage->ledger.erase_wrapped(*stage->people.back().approval));
  stage->erased({"wrapped:" + stage->people.back().approval->hex(), name},
                [why = reason](Erased& erased) { erased.reason = why; });
  CHECK(found(stage.verify(), "withdrawals", "gives the reason " + word));
}

TEST_CASE("what was never there cannot be erased") {
  Stage stage;
  recorded(*stage.meeting);
  stage->withdraw(stage->people.back());
  stage->erase_person(stage->people.back());
  const std::string nobodys = "wrapped:" + std::string(64, '0');
  stage->erased({"recording", nobodys, "wrapped:somebody", "t009-0000000000000000-f001.webm.age"});
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "names recording, and no statement says that it was begun"));
  CHECK(found(report, "withdrawals", "names t009-0000000000000000-f001.webm.age, and no statement"));
  CHECK(found(report, "withdrawals", "names " + nobodys + ", which is the key of no approval here"));
  CHECK(found(report, "withdrawals", "names wrapped:somebody, which is the key of no approval here"));
}

// ---- honest erasures

TEST_CASE("an erasure whose withdrawal came into the ledger after it is fine, though no service of ours writes it so") {
  Stage stage;
  recorded(*stage.meeting);
  stage->erase_person(stage->people.back());
  stage->withdraw(stage->people.back());
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(report.notes.empty());
}

TEST_CASE("an erasure after withdrawals that add up to everything is fine") {
  Stage stage;
  recorded(*stage.meeting);
  for (const Kind kind : {Kind::audio, Kind::video})
    stage->withdraw(stage->people.back(), [=](Withdrawal& withdrawal) { withdrawal.kinds = {kind}; });
  stage->erase_person(stage->people.back());
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(report.notes.empty());
}

TEST_CASE("a withdrawal of everything erases all approvals of its key, also of takes before and the tails of a crash") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  stage->seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
  Person& person = stage->people.back();
  const StatementId before = *person.approval;
  person.consent_key = crypto::Identity::generate();
  stage->approve(person);
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->withdraw(person, [](Withdrawal& withdrawal) { withdrawal.advance = true; });
  erase_approval(*stage.meeting, before);
  erase_approval(*stage.meeting, *person.approval);
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(report.notes.empty());
}

TEST_CASE("with whole takes the withdrawal of somebody who granted nothing erases their takes") {
  const bool has_row = GENERATE(true, false);
  CAPTURE(has_row);
  Stage stage;
  Person& quiet = stage->add_person("Quentin", Role::participant);
  quiet.scope = {};
  approve_all_with(*stage.meeting, WithdrawalErases::whole_takes);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->track(stage->people.back(), 1000);
  stage->seal_take();
  stage->seal_recording();
  if (has_row) stage->withdraw(quiet);
  const std::vector<std::string> names = remove_all_tracks(*stage.meeting);
  stage->erased(names);
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed() == has_row);
  if (!has_row) {
    for (const std::string& name : names) {
      CHECK(found(report, "withdrawals", "data/tracks/" + name + " was erased, but nobody withdrew approval"));
    }
  }
}
