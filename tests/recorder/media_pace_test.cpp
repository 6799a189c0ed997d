// How much one publisher may send.
#include "recorder/media_pace.hpp"

#include <catch2/catch.hpp>
#include <optional>

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
    if (pace.add(bytes, now_ns) == Brings::too_much) return (now_ns - hour_ns) / (10 * hundred_ms_ns);
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("whoever sends what they may sends it for ever; whoever sends a tenth more is noticed", "[pace]") {
  MediaPace fair(1000), fast(1000), flood(1000);
  CHECK_FALSE(given_up_after_s(fair, 100));
  CHECK(given_up_after_s(fast, 110) == 19);
  CHECK(given_up_after_s(flood, 2500) == 0);
}

TEST_CASE("two seconds' worth may come at once, and again after a pause, but no more", "[pace]") {
  MediaPace pace(1000);
  CHECK(pace.add(2000, hour_ns) == Brings::bearable);
  CHECK(pace.add(2000, 2 * hour_ns) == Brings::bearable);
  CHECK(pace.add(1, 2 * hour_ns) == Brings::too_much);
  CHECK(pace.add(1, 3 * hour_ns) == Brings::too_much);  // once is enough
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
