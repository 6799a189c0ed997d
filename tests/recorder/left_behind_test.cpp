// Sessions that are over leave nothing behind: no thread, no descriptor, however they ended.
#include <glib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <iterator>
#include <thread>

#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

struct Held {
  std::ptrdiff_t threads = 0;
  std::ptrdiff_t descriptors = 0;
};

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

Held held_now() {
  return {entries("/proc/self/task"), entries("/proc/self/fd")};
}

/// Fewer than would stay if each of the fewest rounds left one behind.
constexpr Held slack{4, 4};

/// The least that is held within a second: pipelines go down after their sessions' end is told.
Held held_at_rest() {
  Held least = held_now();
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(20ms);
    const Held now = held_now();
    least = {std::min(least.threads, now.threads), std::min(least.descriptors, now.descriptors)};
  }
  return least;
}

/// Does it some times to warm up, then so many times more, and waits until what that took has been given back.
void check_nothing_stays(int times, const std::function<void()>& once) {
  g_thread_pool_set_max_unused_threads(0);  // GLib would keep up to eight that have nothing to do
  for (int i = 0; i < 3; ++i) once();
  const Held before = held_at_rest();
  for (int i = 0; i < times; ++i) once();
  Held after = held_now();
  const auto is_more = [&] {
    return after.threads > before.threads + slack.threads || after.descriptors > before.descriptors + slack.descriptors;
  };
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (is_more() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(20ms);
    after = held_now();
  }
  CHECK(after.threads <= before.threads + slack.threads);
  CHECK(after.descriptors <= before.descriptors + slack.descriptors);
}

}  // namespace

TEST_CASE("sessions that were answered and ended leave no thread and no descriptor behind", "[left]") {
  Stage stage;
  const Publisher publisher({});
  const std::string offer = publisher.offer();
  check_nothing_stays(30, [&] {
    const auto answer = stage.publish("ada", offer, both);
    REQUIRE(answer);
    stage.recorder->unpublish(answer.value().resource);
    stage.events.await<PublisherDisconnected>();
  });
}

TEST_CASE("sessions whose media came leave no thread and no descriptor behind", "[left]") {
  Stage stage;
  const Person ada;
  check_nothing_stays(9, [&] {
    const auto publisher = stage.join(ada);
    stage.recorder->unpublish(stage.resource);
    stage.events.await<PublisherDisconnected>();
  });
}

TEST_CASE("offers that are refused leave no thread and no descriptor behind", "[left]") {
  Stage stage;
  const Publisher publisher({});
  const std::string offer = publisher.offer();
  check_nothing_stays(30, [&] {
    const auto unreadable = stage.publish("ada", "no offer", both);
    REQUIRE_FALSE(unreadable);
    CHECK(unreadable.error().code == Errc::bad_offer);
    const auto unwanted = stage.publish("ada", offer, {consent::Kind::screen});
    REQUIRE_FALSE(unwanted);
    CHECK(unwanted.error().code == Errc::unsupported);
  });
}

TEST_CASE("sessions whose pipeline fails leave no thread and no descriptor behind", "[left]") {
  auto config = Stage::loopback();
  config.addresses = {"not-an-address"};
  Stage stage(config);
  const Publisher publisher({});
  const std::string offer = publisher.offer();
  check_nothing_stays(30, [&] {
    const auto failed = stage.publish("ada", offer, both);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::pipeline);
  });
}
