// What is done about one recording waits for nothing that is done about another.

#include "server/recording_queues.hpp"

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/recording_marks.hpp"

using namespace unavoce;
using namespace unavoce::server;

namespace {

struct Queues {
  asio::io_context control;
  std::vector<std::string> done;
  int failed = 0;
  RecordingQueues queues{control, [this](std::exception_ptr) { ++failed; }};
  consent::RecordingId one = consent::RecordingId::random();
  consent::RecordingId other = consent::RecordingId::random();

  void add(const consent::RecordingId& recording, const std::string& name) {
    queues.add(recording, [this, name]() -> Task<void> {
      done.push_back(name);
      co_return;
    });
  }
};

}  // namespace

TEST_CASE("a job that takes as long as it likes keeps those of its recording waiting, and no other's", "[queues]") {
  Queues test;
  Signal goes_on(test.control);
  test.queues.add(test.one, [&]() -> Task<void> {
    co_await goes_on.wait();
    test.done.emplace_back("slow");
  });
  test.add(test.one, "behind it");
  test.add(test.other, "elsewhere");
  auto watch = [&]() -> Task<void> {
    co_await test.queues.drained(test.other);
    CHECK(test.done == std::vector<std::string>{"elsewhere"});
    goes_on.set();
    co_await test.queues.all_drained();
    CHECK(test.done == std::vector<std::string>{"elsewhere", "slow", "behind it"});
  };
  asio::co_spawn(test.control, watch, asio::detached);
  test.control.run();
  CHECK(test.done.size() == 3);
}

TEST_CASE("a job that throws is reported, and the next one of its recording goes on", "[queues]") {
  Queues test;
  test.queues.add(test.one, []() -> Task<void> {
    throw std::runtime_error("broken");
    co_return;
  });
  test.add(test.one, "next");
  test.control.run();
  CHECK(test.failed == 1);
  CHECK(test.done == std::vector<std::string>{"next"});
}

TEST_CASE("a recording is marked for as long as anybody holds a mark of it", "[queues]") {
  const auto one = consent::RecordingId::random();
  const auto other = consent::RecordingId::random();
  RecordingMarks marks;
  std::optional<RecordingMarks::Mark> first = marks.set(one);
  std::optional<RecordingMarks::Mark> second = marks.set(one);
  CHECK(marks.has(one));
  CHECK_FALSE(marks.has(other));
  first.reset();
  CHECK(marks.has(one));
  second.reset();
  CHECK_FALSE(marks.has(one));
}
