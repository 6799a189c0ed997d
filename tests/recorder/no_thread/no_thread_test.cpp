// A track's writer has a thread of its own. Where there is none to be had, that track is not recorded, and nothing else
// is harmed.
#include "no_thread.hpp"

#include <catch2/catch.hpp>
#include <ranges>

#include "../opened.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

TEST_CASE("a take without a thread for each of its tracks is not prepared, leaves no file, and can be tried again") {
  Stage stage;
  const Person ada, bob;
  const TakeOrder order{stage.recording, stage.take, {ada.order(both), bob.order(both)}};
  for (const int left : {0, 1}) {
    CAPTURE(left);
    threads_left = left;
    const auto refused = stage.recorder->prepare_take(order);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::busy);
    CHECK(refused.error().text.find("TasksMax") != std::string::npos);
    CHECK(stage.files().empty());
  }
  threads_left = 1000;
  const auto camera = stage.join(ada);
  CHECK(stage.prepare(order.tracks).size() == 2);
  stage.open({{ada.approval, both}, {bob.approval, both}});
  stage.events.await<FirstFrameSealed>();
  stage.close();
  CHECK(stage.end().size() == 2);
}

TEST_CASE("a screen without a thread for its track is not recorded; what runs goes on, and a later screen has one") {
  Stage stage;
  const Person ada;
  const consent::Scope all{consent::Kind::audio, consent::Kind::video, consent::Kind::screen};
  const auto camera = stage.join(ada);
  stage.prepare({ada.order(all)});
  stage.open({{ada.approval, all}});
  stage.events.await<FirstFrameSealed>();
  const auto before = stage.files();
  PublisherOptions picture;
  picture.audio = Has::no;
  threads_left = 0;
  {
    const auto screen = stage.join(ada, picture, {consent::Kind::screen}, PublishKind::screen);
    const auto given_up = stage.events.await<TrackGivenUp>();
    CHECK(given_up.approval == ada.approval);
    CHECK(stage.files() == before);
  }
  threads_left = 1000;
  const auto later = stage.join(ada, picture, {consent::Kind::screen}, PublishKind::screen);
  const auto prepared = stage.events.await<TrackPrepared>();
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, prepared.track.file);
  stage.events.await<FirstFrameSealed>();
  CHECK(stage.events.count<Fault>() == 0);
  stage.close();
  const auto sealed = stage.end();
  CHECK(sealed.size() == 2);
  for (const SealedTrackFile& file : sealed) CHECK(complaints(open_with_age(stage, file.name, ada)) == "");
}
