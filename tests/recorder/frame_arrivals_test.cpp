// Which packets' arrivals a frame gets, with and without marker bits.
#include "recorder/frame_arrivals.hpp"

#include <catch2/catch.hpp>

using unavoce::recorder::FrameArrivals;
using enum FrameArrivals::Marker;

namespace {

void check(const FrameArrivals::Span& span, std::int64_t first_ns, std::int64_t last_ns) {
  CHECK(span.first_ns == first_ns);
  CHECK(span.last_ns == last_ns);
}

}  // namespace

TEST_CASE("a frame that ends with a marker has the arrivals of its own packets, in whatever order") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 20);
  arrivals.packet(1, absent, 10);
  arrivals.packet(1, present, 15);
  check(arrivals.frame(), 10, 20);
  arrivals.packet(2, present, 30);
  check(arrivals.frame(), 30, 30);
}

TEST_CASE("without markers a frame comes out with the next one's first packet, and spans both") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 10);
  for (std::uint32_t frame = 2; frame < 5; ++frame) {
    const std::int64_t before_ns = 10 * (frame - 1);
    arrivals.packet(frame, absent, before_ns + 10);
    check(arrivals.frame(), before_ns, before_ns + 10);
  }
}

TEST_CASE("a frame that was never completed widens the next one only") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 10);
  arrivals.packet(2, present, 20);
  check(arrivals.frame(), 10, 20);
  arrivals.packet(3, present, 30);
  check(arrivals.frame(), 30, 30);
}

TEST_CASE("a frame that goes on over several timestamps has the arrivals of all of them") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 10);  // the frame's start
  arrivals.packet(2, absent, 20);
  arrivals.packet(3, absent, 25);
  arrivals.packet(4, present, 30);
  check(arrivals.frame(), 10, 30);
  arrivals.packet(5, present, 40);
  check(arrivals.frame(), 40, 40);
}

TEST_CASE("a late frame and a complete one may come out with the same packet") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 10);
  arrivals.packet(2, present, 20);
  check(arrivals.frame(), 10, 20);
  check(arrivals.frame(), 20, 20);
  arrivals.packet(3, present, 30);
  check(arrivals.frame(), 30, 30);
}

TEST_CASE("what was dropped widens no frame: of other timestamps, or all of it and what follows of this one") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 10);
  arrivals.packet(2, absent, 20);
  SECTION("of other timestamps") {
    arrivals.drop_before();
    arrivals.packet(2, present, 25);
    check(arrivals.frame(), 20, 25);
  }
  SECTION("all of it") {
    arrivals.drop();
    arrivals.packet(2, present, 25);
    arrivals.packet(3, present, 30);
    check(arrivals.frame(), 30, 30);
  }
}

TEST_CASE("an unknown arrival makes the frame one from before everything; another source begins afresh") {
  FrameArrivals arrivals;
  arrivals.packet(1, absent, 0);
  arrivals.packet(1, absent, 10);
  check(arrivals.frame(), 0, 10);
  arrivals.packet(2, absent, 20);
  arrivals.restart();
  arrivals.packet(3, present, 30);
  check(arrivals.frame(), 30, 30);
}
