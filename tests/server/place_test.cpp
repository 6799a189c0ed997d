// Where somebody publishes: which of many sessions is forgotten, when a page starts new ones and ends none.

#include <algorithm>
#include <catch2/catch.hpp>

#include "server/person.hpp"

using namespace unavoce;
using namespace unavoce::server;
using recorder::PublishKind;

namespace {

PublishPlace new_place() {
  return {"/whip/0", Token::random(), consent::Scope::all(), {}};
}

bool has(const PublishPlace& place, const std::string& resource) {
  return std::ranges::count(place.resources, resource) == 1;
}

}  // namespace

TEST_CASE("however often a screen is shared anew, the camera beside it is not ended for it", "[whip]") {
  PublishPlace place = new_place();
  CHECK_FALSE(place.add(PublishKind::camera, "camera"));
  std::vector<std::string> ended;
  for (int i = 0; i < 40; ++i) {
    if (const auto one = place.add(PublishKind::screen, "screen " + std::to_string(i))) ended.push_back(*one);
  }
  CHECK(has(place, "camera"));
  CHECK(has(place, "screen 39"));
  CHECK(place.resources.size() == 16);
  REQUIRE_FALSE(ended.empty());
  CHECK(ended.front() == "screen 0");
  CHECK(ended.back() == "screen 24");
}

TEST_CASE("a camera that was published anew is forgotten before the screen that still runs", "[whip]") {
  PublishPlace place = new_place();
  place.add(PublishKind::screen, "screen");
  for (int i = 0; i < 17; ++i) place.add(PublishKind::camera, "camera " + std::to_string(i));
  CHECK(has(place, "screen"));
  CHECK(has(place, "camera 16"));
  CHECK_FALSE(has(place, "camera 0"));
}
