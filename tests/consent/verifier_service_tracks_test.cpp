// The verifier against a service that records more than its take allows, or seals it to others, and signs it all.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

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

TEST_CASE("more recorded than was granted is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000, Ending::finished, [](Track& track) { track.kinds = {Kind::audio, Kind::screen}; });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "were not granted"));
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
