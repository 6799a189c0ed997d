// Everything that the service does to its disk, failing once at a place of a whole meeting: each case plays the script
// of scripted_meeting.cpp with one fault, at the first, the second or the last time that it comes by the place. An
// ordinary run plays one fault of each operation on each class of file in each part of the meeting at its first time,
// and of each operation that changes something one in the whole meeting at a later time; chosen by a hash and so always
// the same, whatever else is there. With UNAVOCE_LONG in the environment (scripts/test --long) all of them.
// UNAVOCE_FAULT=text plays those whose name holds the text. What need not be met and told: allowances.cpp.

#include "matrix.hpp"

#include <catch2/catch.hpp>

#include "scripted_meeting.hpp"

using namespace unavoce::faults;

namespace {

/// Its good day is played once per process.
const Matrix& meeting() {
  static const Matrix one(play_meeting);
  return one;
}

}  // namespace

TEST_CASE("a meeting on a sound disk") {
  const Played& played = meeting().good_day();
  INFO(played.log);
  CHECK(played.complaints == std::vector<std::string>{});
  CHECK(played.places.size() > 100);
}

TEST_CASE("a disk that fails while the service starts", "[matrix]") {
  meeting().check({"start", "restart"});
}

TEST_CASE("a disk that fails while people come in", "[matrix]") {
  meeting().check({"account", "room", "join"});
}

TEST_CASE("a disk that fails while they are asked and answer", "[matrix]") {
  meeting().check({"request", "approval", "last approval"});
}

TEST_CASE("a disk that fails while it is recorded", "[matrix]") {
  meeting().check({"media", "leaving", "next take"});
}

TEST_CASE("a disk that fails while somebody withdraws", "[matrix]") {
  meeting().check({"withdrawal", "withdrawal, afterwards"});
}

TEST_CASE("a disk that fails when it is over", "[matrix]") {
  meeting().check({"stop", "end", "closing", "after the restart"});
}
