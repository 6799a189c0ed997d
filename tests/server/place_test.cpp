// Which WHIP sessions a place to publish remembers.
#include <catch2/catch.hpp>

#include "server/person.hpp"

using namespace unavoce;
using namespace unavoce::server;
using recorder::PublishKind;

namespace {

PublishPlace empty_place() {
  return {"/whip/0", Token::random(), {consent::Kind::video, consent::Kind::screen}, {}};
}

}  // namespace

TEST_CASE("however often a screen is shared anew, the camera that goes on is not ended for it", "[place]") {
  PublishPlace place = empty_place();
  CHECK_FALSE(place.remember("camera", PublishKind::camera));
  std::size_t forgotten = 0;
  for (int i = 0; i < 100; ++i) {
    const auto dropped = place.remember("screen " + std::to_string(i), PublishKind::screen);
    if (dropped) CHECK(*dropped == "screen " + std::to_string(forgotten++));
  }
  CHECK(forgotten == 100 - PublishPlace::max_sessions_of_kind);
  CHECK(place.has("camera"));
  CHECK(place.has("screen 99"));
  CHECK_FALSE(place.has("screen 0"));
}

TEST_CASE("sessions of a place are kept in the order of their answers", "[place]") {
  PublishPlace place = empty_place();
  place.remember("a", PublishKind::camera);
  place.remember("b", PublishKind::screen);
  place.remember("c", PublishKind::camera);
  REQUIRE(place.sessions.size() == 3);
  CHECK(place.sessions[0].resource == "a");
  CHECK(place.sessions[1].kind == PublishKind::screen);
  CHECK(place.sessions[2].resource == "c");
}
