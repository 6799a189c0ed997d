// The verifier against a service that takes what nobody, or not everybody, agreed to, and signs it all: keys, ledger
// and manifests are its own. Its tracks, seals and withdrawals: the files beside this one.
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
