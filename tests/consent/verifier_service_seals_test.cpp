// The verifier against a service that seals its takes wrongly, or records on after the seal, and signs it all.
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

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

TEST_CASE("recording on between two final seals is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "came after the final seal"));
}
