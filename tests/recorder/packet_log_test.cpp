// When packets arrived, what the sender's clock says about ours, and which handles may be owned.
#include "recorder/packet_log.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>

#include "recorder/gst_ptr.hpp"

using namespace unavoce::recorder;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

PacketName packet(std::uint16_t seq, std::uint32_t ssrc = 7) {
  return {96, seq, 0, ssrc};
}

void arrive(PacketLog& log, std::initializer_list<std::uint16_t> numbers, std::int64_t at_ns) {
  for (const std::uint16_t seq : numbers) log.arrived(packet(seq), at_ns);
}

}  // namespace

// An unlisted type must not compile: a GstBuffer released with g_object_unref corrupts memory.
static_assert(GstOwnable<GstElement> && GstOwnable<GstCaps>);
static_assert(!GstOwnable<GstBuffer> && !GstOwnable<GstStructure> && !GstOwnable<int>);

TEST_CASE("a packet's arrival is its first one; a copy changes nothing, a wrapped sequence number does") {
  PacketLog log;
  CHECK(log.arrived(packet(1), 10 * ms) == Noted::first_ever);
  CHECK(log.arrived(packet(1), 30 * ms) == Noted::known);
  CHECK(log.ring(7)->at(1) == 10 * ms);
  log.arrived(packet(1), 60 * second);
  CHECK(log.ring(7)->at(1) == 60 * second);
  CHECK(log.last_packet_ns() == 60 * second);
}

TEST_CASE("who skips numbers and so uses one again gets no older packet's arrival") {
  PacketLog log;
  arrive(log, {10, 11, 60000}, second);
  log.arrived(packet(13), 2 * second);  // round again, after four packets
  CHECK(log.ring(7)->at(13) == 2 * second);
  CHECK(log.ring(7)->at(11) == 0);  // the one that is skipped now may still come
  log.arrived(packet(10), 3 * second);
  CHECK(log.ring(7)->at(10) == 3 * second);
  log.arrived(packet(60001), 4 * second);
  log.arrived(packet(13), 5 * second);
  CHECK(log.ring(7)->at(13) == 5 * second);
}

TEST_CASE("a packet that comes late, or again, is no other one") {
  PacketLog log;
  arrive(log, {65534, 65535, 1, 2}, second);
  CHECK(log.ring(7)->at(0) == 0);
  arrive(log, {0, 65534, 65535, 1, 2}, second + 40 * ms);
  CHECK(log.ring(7)->at(0) == second + 40 * ms);
  for (const unsigned seq : {65534u, 65535u, 1u, 2u}) CHECK(log.ring(7)->at(static_cast<std::uint16_t>(seq)) == second);
  // As far behind as SRTP lets through.
  log.arrived(packet(128), 2 * second);
  log.arrived(packet(2), 2 * second);
  CHECK(log.ring(7)->at(2) == second);
}

TEST_CASE("a packet that never arrived has no arrival, and an unknown source no ring") {
  PacketLog log;
  log.arrived(packet(1), 10 * ms);
  CHECK(log.ring(7)->at(2) == 0);
  CHECK_FALSE(log.ring(8));
}

TEST_CASE("a sender that invents sources is noticed before it costs rings") {
  PacketLog log;
  Noted noted = Noted::known;
  for (std::uint32_t ssrc = 0; ssrc < 100; ++ssrc) noted = log.arrived(packet(1, ssrc), second);
  CHECK(noted == Noted::too_many_sources);
  CHECK_FALSE(log.ring(99));
}

TEST_CASE("the fastest packet gives the offset between two clocks, jitter does not move it") {
  PacketLog log;
  constexpr std::int64_t ahead = 1000 * second;  // the sender's clock
  CHECK(log.capture_time(ahead + 1 * second, 1 * second + 5 * ms) == 1 * second + 5 * ms);
  CHECK(log.capture_time(ahead + 2 * second, 2 * second + 2 * ms) == 2 * second + 2 * ms);
  CHECK(log.capture_time(ahead + 3 * second, 3 * second + 40 * ms) == 3 * second + 2 * ms);
}

TEST_CASE("a sender whose clock was set is followed, and a slow drift too") {
  PacketLog log;
  log.capture_time(1 * second, 1 * second);
  CHECK(log.capture_time(11 * second, 2 * second) == 2 * second);
  std::int64_t error_ns = 0;
  for (std::int64_t s = 3; s < 3600; ++s) {
    const std::int64_t drifted = s * second + 9 * second - s * ms / 10;  // 100 ppm slow
    error_ns = std::max(error_ns, std::abs(log.capture_time(drifted, s * second) - s * second));
  }
  CHECK(error_ns < 10 * ms);
}
