// The verifier against a service that breaks the rules and signs it all: keys, ledger and manifests are its own.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

TEST_CASE("a take that began before somebody had approved is found") {
  Stage bad;
  Person& recorded = bad->add_person("Recorded first, asked later", Role::participant);
  bad->add_room();
  bad->request();
  bad->approve(bad->host());
  // The id of an approval is known as soon as it is signed, its place in the ledger is not.
  std::optional<Approval> body;
  const SeenCheckpoint seen{bad->ledger.checkpoint().size, bad->ledger.checkpoint().root};
  const crypto::Bytes wrapped = must(crypto::seal(crypto::as_bytes(bad->wrap(recorded)), bad->recipients));
  const std::string challenge(43, 'A');
  body.emplace(Approval{bad->asked->id, bad->recording, recorded.id, recorded.role, recorded.key.public_key(),
                        recorded.scope, recorded.consent_key.recipient(), crypto::sha256(wrapped), challenge, challenge,
                        seen, std::nullopt, std::nullopt, bad->now, bad->now + SpanMs{3'600'000}});
  recorded.approval = id_of(*body);
  bad->take();
  bad->track(recorded, 1000);
  must(bad->ledger.add_challenge(challenge, bad->now + SpanMs{3'600'000}, bad->now));
  const std::vector<NewEntry> late_entry{
      new_entry(must(parse_statement<Approval>(sign_statement(*body, recorded.key))), wrapped)};
  must(bad->ledger.append(late_entry, bad->tick()));
  bad->seal_take();
  bad->seal_recording();
  const Report report = bad.verify();
  INFO(findings(report));
  CHECK(found(report, "order", "came after the take began"));
  CHECK(report.participants.at(1).signature == Verdict::failed);
}

TEST_CASE("a take with somebody who never approved is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take(Countersigned::yes, [](Take& take) {
    take.approvals.emplace_back(crypto::sha256(crypto::as_bytes("nobody's")));
    std::ranges::sort(take.approvals);
  });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "which is not there"));
}

TEST_CASE("a track of somebody whom the take does not name is found") {
  Stage stage;
  approve_all(*stage.meeting);
  const StatementId left_out = *stage->people.back().approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left_out); });
  stage->track(stage->people.back(), 1000);
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "nobody agreed"));
}

TEST_CASE("a take without a host is found") {
  Stage stage;
  approve_all(*stage.meeting);
  const StatementId host = *stage->host().approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, host); });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "takes", "no host was there"));
}

TEST_CASE("a take signed by a key that is not the service's, or countersigned by no host, is found") {
  Stage stage;
  approve_all(*stage.meeting);
  std::swap(stage->host_key, stage->service_key);  // each signs in the place of the other
  stage->take();
  std::swap(stage->host_key, stage->service_key);
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  CHECK(found(report, "takes", "is not signed by the service"));
  CHECK(found(report, "takes", "countersigned by a key that is no host's"));
}

TEST_CASE("a request by somebody who is no host is found") {
  Stage stage;
  stage->add_room();
  std::swap(stage->host_key, stage->service_key);
  stage->request();
  std::swap(stage->host_key, stage->service_key);
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "request", "not signed by a host"));
}

TEST_CASE("an expired approval in a take is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->approve(stage->host(), [](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{3000}; });
  for (int i = 0; i < 5; ++i) stage->tick();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "had expired"));
}

TEST_CASE("a take after the room changed is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->add_room();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "the room had changed"));
}

TEST_CASE("an approval that was replaced by a refusal does not count any more") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->refuse(stage->people.back());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "replaced by a refusal"));
}

TEST_CASE("more recorded than was granted is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000, Ending::finished, [](Track& track) { track.kinds = {Kind::audio, Kind::screen}; });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "were not granted"));
}

TEST_CASE("an approval that grants more than was asked for is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->host().scope = Scope::all();
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "answers", "grants more"));
}

TEST_CASE("a second recipient of a track is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  const std::vector recipients{stage->host().consent_key.recipient(), crypto::Identity::generate().recipient()};
  const crypto::Bytes sealed = must(crypto::seal(crypto::as_bytes("somebody listens in"), recipients));
  // The service makes its own statements fit.
  stage->track(stage->host(), 1000, Ending::finished, [&](Track& track) {
    const auto header = must(crypto::parse_whole_header(sealed));
    track.header_sha256 = crypto::sha256(crypto::ByteView(sealed).first(header.size_bytes));
  });
  SyntheticTrack& track = stage->tracks.begin()->second;
  track.main = sealed;
  stage->seal_take([&](Seal& seal) {
    seal.tracks.front().header_sha256 = track.statement.header_sha256;
    seal.tracks.front().size_bytes = sealed.size();
    seal.tracks.front().sha256 = crypto::sha256(sealed);
  });
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "exactly one recipient"));
}

TEST_CASE("a wrapped key sealed to one more than the room announced is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->recipients.push_back(crypto::Identity::generate().recipient());  // after the room was signed
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "keys", "is sealed to 2 recipients"));
}

TEST_CASE("a wrapped key with another key inside is found with the room key") {
  Stage stage;
  stage->add_room();
  stage->request();
  Person& host = stage->host();
  stage->approve(host,
                 [](Approval& approval) { approval.consent_recipient = crypto::Identity::generate().recipient(); });
  one_take(*stage.meeting);
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  CHECK(found(report, "opening", "holds another key"));
}

TEST_CASE("a track sealed to somebody else's key is found with the room key") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  Person& host = stage->host();
  crypto::Identity own = std::exchange(host.consent_key, crypto::Identity::generate());
  stage->track(host, 1000);
  host.consent_key = std::move(own);
  stage->seal_take();
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  CHECK(found(report, "opening", stage->tracks.begin()->first));
}

TEST_CASE("a track that was never sealed is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->seal_take([](Seal& seal) { seal.tracks.clear(); });
  stage->seal_recording();
  const Report report = stage.verify();
  CHECK(found(report, "seals", "never sealed"));
  CHECK(found(report, "seals", stage->tracks.begin()->first));
}

TEST_CASE("a take without a seal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "sealed 0 times"));
}

TEST_CASE("a final seal that counts wrong is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording([](Seal& seal) { --*seal.entries; });
  CHECK(found(stage.verify(), "seals", "counts 7 entries"));
}

TEST_CASE("recording on after the final seal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  one_take(*stage.meeting);
  CHECK(found(stage.verify(), "seals", "came after the final seal"));
}

TEST_CASE("frames that arrived after the seal are found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->seal_take([](Seal& seal) { seal.tracks.front().last_arrival_ms = seal.issued_ms.value + 1; });
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "arrived after it was sealed"));
}

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

TEST_CASE("a tail that belongs to another track is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  auto& first = stage->tracks.begin()->second;
  auto& second = std::next(stage->tracks.begin())->second;
  std::swap(first.tail, second.tail);
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "belongs to another track"));
}

TEST_CASE("a take number that was left out is fine, one that comes again or earlier is found") {
  Stage good;
  approve_all(*good.meeting);
  one_take(*good.meeting);
  ++good->take_number;  // the preparation of the second take failed: a full disk
  one_take(*good.meeting);
  good->seal_recording();
  const Report report = good.verify();
  INFO(findings(report));
  CHECK(report.passed());

  Stage bad;
  approve_all(*bad.meeting);
  bad->take_number = 1;
  one_take(*bad.meeting);
  bad->take_number = 0;
  one_take(*bad.meeting);
  bad->seal_recording();
  CHECK(found(bad.verify(), "takes", "is take 1 after take 2"));
}

TEST_CASE("a take under a room statement that had been replaced before the request is found") {
  Stage stage;
  stage->add_room();
  const StatementId replaced = stage->room->id;
  stage->add_room();
  stage->request([&](Request& request) { request.room_statement = replaced; });
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "the room had changed"));
}

TEST_CASE("recording on between two final seals is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "came after the final seal"));
}

TEST_CASE("a track that was begun before its take is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take_number = 1;
  stage->track(stage->host(), 1000);
  std::vector<SealedTrack> sealed = stage->unsealed;
  stage->take_number = 0;
  stage->take();
  stage->unsealed = std::move(sealed);
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "was begun before its take"));
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
