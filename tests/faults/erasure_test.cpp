// Everything that the service does to its disk while a recording that has ended is erased, and after it, failing once:
// the scripts of erasure_play.cpp, chosen and run as matrix_test.cpp has it.

#include <catch2/catch.hpp>

#include "erasure_play.hpp"
#include "matrix.hpp"

using namespace unavoce::faults;

namespace {

const Matrix& erasures() {
  static const Matrix one(play_erasure);
  return one;
}

}  // namespace

TEST_CASE("a disk that fails while a recording is erased for its host, and when it is asked for afterwards",
          "[matrix][erasure]") {
  erasures().check({"erasing", "erased"});
}

TEST_CASE("a disk that fails while a recording is erased after a withdrawal, or with its room", "[matrix][erasure]") {
  erasures().check(
      {"erasing after a withdrawal", "erased after a withdrawal", "erasing with its room", "erased with its room"});
}

TEST_CASE("a disk that fails while the sweep erases what has reached the end of its retention", "[matrix][erasure]") {
  Matrix(play_retention).check({"erasing at the end", "erased at the end"});
}
