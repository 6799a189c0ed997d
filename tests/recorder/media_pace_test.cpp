// How much one publisher may send.
#include "recorder/media_pace.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "recorder/arrival_ring.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

constexpr std::int64_t hundred_ms_ns = 100'000'000;
constexpr std::int64_t hour_ns = 36'000 * hundred_ms_ns;

/// When a sender of so many bytes every 100 ms is told that it is too much, in seconds; nothing within an hour.
std::optional<std::int64_t> given_up_after_s(MediaPace& pace, std::size_t bytes) {
  for (std::int64_t now_ns = hour_ns; now_ns < 2 * hour_ns; now_ns += hundred_ms_ns) {
    if (pace.add(bytes, now_ns) != Brings::bearable) return (now_ns - hour_ns) / (10 * hundred_ms_ns);
  }
  return std::nullopt;
}

constexpr std::uint64_t one_mbit = 125'000;  // bytes in a second

/// How many packets of 13 bytes, the least that RTP has with something in it, come before it is too much, or the time
/// is over.
std::uint64_t bearable_packets(MediaPace& pace, std::uint64_t in_a_second, std::int64_t for_ns) {
  const auto between_ns = static_cast<std::int64_t>(1'000'000'000 / in_a_second);
  std::uint64_t packets = 0;
  for (std::int64_t now_ns = hour_ns; now_ns <= hour_ns + for_ns; now_ns += between_ns) {
    if (pace.add(13, now_ns) != Brings::bearable) break;
    ++packets;
  }
  return packets;
}

Brings sent_for_a_minute(std::uint64_t limit, std::size_t bytes, std::uint64_t packets_in_a_second) {
  MediaPace pace(limit);
  for (std::uint64_t i = 0; i < 60 * packets_in_a_second; ++i) {
    const auto brings = pace.add(bytes, hour_ns + static_cast<std::int64_t>(i * 1'000'000'000 / packets_in_a_second));
    if (brings != Brings::bearable) return brings;
  }
  return Brings::bearable;
}

}  // namespace

TEST_CASE("whoever sends what they may sends it for ever; whoever sends a tenth more is noticed", "[pace]") {
  MediaPace fair(10'000), fast(10'000), flood(10'000);
  CHECK_FALSE(given_up_after_s(fair, 1000));
  CHECK(given_up_after_s(fast, 1100) == 19);
  CHECK(given_up_after_s(flood, 25'000) == 0);
}

TEST_CASE("two seconds' worth may come at once, and again after a pause, but no more", "[pace]") {
  MediaPace pace(10'000);
  CHECK(pace.add(20'000, hour_ns) == Brings::bearable);
  CHECK(pace.add(20'000, 2 * hour_ns) == Brings::bearable);
  CHECK(pace.add(1, 2 * hour_ns) == Brings::too_many_bytes);
  CHECK(pace.add(1, 3 * hour_ns) == Brings::too_many_bytes);  // once is enough
}

TEST_CASE("tiny packets count for more than their bytes, at any limit; their number alone may be too much", "[pace]") {
  CHECK(sent_for_a_minute(one_mbit, 13, 600) == Brings::bearable);
  CHECK(sent_for_a_minute(one_mbit, 13, 700) == Brings::too_many_bytes);
  for (const std::uint64_t limit : {20 * one_mbit, 10'000 * one_mbit}) {
    CAPTURE(limit);
    CHECK(sent_for_a_minute(limit, 13, 7900) == Brings::bearable);
    CHECK(sent_for_a_minute(limit, 13, 9000) == Brings::too_many_packets);
  }
}

TEST_CASE("no sender comes round to a number that a packet of the last five seconds has, whatever the limit",
          "[pace]") {
  // The most that is possible: what was saved up at once, then as many as may come. More are noticed in time.
  for (const std::uint64_t limit : {20 * one_mbit, 10'000 * one_mbit}) {
    CAPTURE(limit);
    for (const auto more : {std::uint64_t{0}, max_packets_per_second / 100, 4 * max_packets_per_second}) {
      MediaPace pace(limit);
      const auto saved_up = max_packets_per_second * media_pace_window_ns / 1'000'000'000 - 1;
      for (std::uint64_t i = 0; i < saved_up; ++i) REQUIRE(pace.add(13, hour_ns) == Brings::bearable);
      const auto came = saved_up + bearable_packets(pace, max_packets_per_second + more, ArrivalRing::wrap_ns);
      CHECK(came < 65'536);
    }
  }
}

TEST_CASE("what browsers send is far from being too many packets", "[pace]") {
  CHECK(sent_for_a_minute(20 * one_mbit, 1200, 833 + 50) == Brings::bearable);  // 8 Mbit/s, and sound
  CHECK(sent_for_a_minute(20 * one_mbit, 100, 2000) == Brings::bearable);       // a shared screen that changes a little
  CHECK(sent_for_a_minute(one_mbit, 100, 50) == Brings::bearable);              // sound alone
  // A key frame of 4 MB, at once.
  MediaPace pace(20 * one_mbit);
  for (int packet = 0; packet < 3333; ++packet) REQUIRE(pace.add(1200, hour_ns) == Brings::bearable);
}

TEST_CASE("a publisher that sends more than it may is gone, and nobody else", "[pace]") {
  auto config = Stage::loopback();
  config.max_bytes_per_second = 100'000;
  Stage stage(config);
  const Person ada, bob;
  PublisherOptions small;
  small.frames = Frames::numbered;
  PublisherOptions large = small;
  large.video_padding_bytes = 20'000;  // 600 kB in a second
  const auto fair = stage.join(bob, small);
  const auto flood = stage.join(ada, large);
  const auto gone = stage.events.await<PublisherDisconnected>();
  CHECK(gone.publisher == ada.publisher);
  CHECK(gone.ending == Ending::lost);
  CHECK(gone.reason == "it sent more than one publisher may (max_mbit_per_publisher)");
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
}

TEST_CASE("a publisher of packets with nothing in them is gone long before their bytes are too much", "[pace]") {
  auto config = Stage::loopback();
  config.max_bytes_per_second = 100'000;
  Stage stage(config);
  const Person ada, bob;
  PublisherOptions small;
  small.frames = Frames::numbered;
  const auto fair = stage.join(bob, small);
  const auto crumbling = stage.join(ada, small);
  crumbling->damage_sound(Damage::crumbs);  // two thousand in a second, of 13 bytes
  const auto gone = stage.events.await<PublisherDisconnected>();
  CHECK(gone.publisher == ada.publisher);
  CHECK(gone.reason == "it sent more than one publisher may (max_mbit_per_publisher)");
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
}
