// A screen that is shared while a take runs, and whose kind has been taken back by the time it is there.
#include <catch2/catch.hpp>

#include "opened.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

TEST_CASE("a screen that comes after its kind was taken back gets no file") {
  Stage stage;
  const Person ada;
  const consent::Scope all{consent::Kind::audio, consent::Kind::video, consent::Kind::screen};
  const auto camera = stage.join(ada);
  stage.prepare({ada.order(all)});
  stage.open({{ada.approval, all}});
  stage.events.await<FirstFrameSealed>();
  // The offer may have been taken before that.
  stage.gate.revoke(ada.approval, {consent::Kind::screen});
  PublisherOptions picture;
  picture.audio = Has::no;
  const auto screen = stage.join(ada, picture, {consent::Kind::screen}, PublishKind::screen);
  await_video(*screen, 30);
  CHECK(stage.events.count<TrackPrepared>() == 0);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].file == 1);
}
