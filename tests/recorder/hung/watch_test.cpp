// A pipeline that hangs when it is asked for a key frame, or given candidates, is nobody else's trouble; and whoever
// looks after all sessions rests in between.
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "../numbered_frames.hpp"
#include "hung_session.hpp"
#include "recorder/ingest.hpp"
#include "recorder/monotonic.hpp"
#include "tests/patience.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

/// No session ends here because its pipeline hangs (in_session_test.cpp).
Config patient() {
  Config config;
  config.pipeline_patience = 1h;
  return config;
}

/// Sessions as the recorder keeps them, without takes.
class House {
 public:
  House() { start_gstreamer(); }
  ~House() {
    hung_sessions().let_go_on();
    ingest_->stop();
    answers_.reset();
    ends_.reset();
    pipelines_.finish(10s);
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  /// A session's resource.
  std::string publish(const std::string& publisher) {
    const auto answered = std::make_shared<std::promise<Result<Answer>>>();
    auto given = answered->get_future();
    ingest_->publish(publisher, PublishKind::camera, {consent::Kind::video}, offer_of(publisher, Stream::video),
                     [answered](Result<Answer> answer) { answered->set_value(std::move(answer)); });
    REQUIRE(given.wait_for(testing::patience(10s)) == std::future_status::ready);
    const auto answer = given.get();
    REQUIRE(answer);
    return answer.value().resource;
  }
  void unpublish(const std::string& resource) { ingest_->unpublish(resource); }
  void want_keyframe(const std::string& publisher) { ingest_->port(publisher, PublishKind::camera)->want_keyframe(); }
  std::future<Result<void>> trickle(const std::string& resource) {
    const auto taken = std::make_shared<std::promise<Result<void>>>();
    ingest_->trickle(resource, "candidates", [taken](Result<void> how) { taken->set_value(std::move(how)); });
    return taken->get_future();
  }
  void stop() { ingest_->stop(); }

  /// Whether it is told that this session is gone.
  bool is_gone(const std::string& resource) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, testing::patience(10s), [&] { return gone_.contains(resource); });
  }

 private:
  void note(const Event& event) {
    const auto* gone = std::get_if<PublisherDisconnected>(&event);
    if (gone == nullptr) return;
    const std::scoped_lock lock(mutex_);
    gone_.insert(gone->resource);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> gone_;
  const Config config_ = patient();
  PipelineQueue pipelines_;
  std::unique_ptr<WorkQueue> answers_ = std::make_unique<WorkQueue>(2);
  std::unique_ptr<WorkQueue> ends_ = std::make_unique<WorkQueue>(2);
  std::unique_ptr<Ingest> ingest_ = std::make_unique<Ingest>(
      config_, *answers_, *ends_, pipelines_, [this](const Event& event) { note(event); },
      [](const std::string&, PublishKind) {});
};

}  // namespace

TEST_CASE("while a pipeline hangs that is asked for a key frame, others are asked, end and are replaced", "[hung]") {
  {
    hung_sessions().let_hang("ada", Step::key_frame);
    House house;
    const std::string ada = house.publish("ada");
    const std::string bob = house.publish("bob");
    const std::string eve = house.publish("eve");
    house.want_keyframe("ada");
    REQUIRE(hung_sessions().await_hanging(1));

    house.want_keyframe("bob");
    CHECK(hung_sessions().await_keyframe_request("bob"));
    house.unpublish(bob);
    CHECK(house.is_gone(bob));
    house.publish("eve");  // is answered
    CHECK(house.is_gone(eve));
    house.unpublish(ada);  // the one that hangs
    CHECK(house.is_gone(ada));
  }
  CHECK(hung_sessions().await_all_gone());
}

TEST_CASE("candidates that a pipeline hangs on keep nobody waiting, and are told when their session or all ends",
          "[hung]") {
  const LetGoOn afterwards;
  hung_sessions().let_hang("ada", Step::candidates);
  House house;
  const std::string ada = house.publish("ada");
  const std::string bob = house.publish("bob");
  std::vector<std::future<Result<void>>> hanging;
  for (unsigned i = 0; i < Ingest::max_trickling_each; ++i) hanging.push_back(house.trickle(ada));
  REQUIRE(hung_sessions().await_hanging(Ingest::max_trickling_each));

  auto more = house.trickle(ada);
  REQUIRE(more.wait_for(10s) == std::future_status::ready);
  CHECK(more.get().error().code == Errc::busy);
  auto others = house.trickle(bob);
  REQUIRE(others.wait_for(10s) == std::future_status::ready);
  CHECK(others.get());
  house.unpublish(ada);
  CHECK(house.is_gone(ada));
  for (auto& taken : hanging) {
    REQUIRE(taken.wait_for(10s) == std::future_status::ready);
    CHECK(taken.get().error().code == Errc::not_found);
  }

  hung_sessions().let_hang("bob", Step::candidates);
  auto last = house.trickle(bob);
  REQUIRE(hung_sessions().await_hanging(Ingest::max_trickling_each + 1));  // ada's still do
  house.stop();
  REQUIRE(last.wait_for(10s) == std::future_status::ready);
  CHECK(last.get().error().code == Errc::busy);
}

TEST_CASE("losses and key frames that alternate do not keep the watch from resting", "[hung]") {
  House house;
  house.publish("ada");
  const auto hooks = hung_sessions().hooks_of("ada");
  const auto start = std::chrono::steady_clock::now();
  const int before = hung_sessions().looks_at("ada");
  for (int number = 0; std::chrono::steady_clock::now() < start + 400ms; ++number) {
    const std::int64_t now_ns = monotonic_ns();
    hooks->on_loss();
    hooks->on_frame(numbered_frame(Stream::video, number, FrameType::key, now_ns, now_ns));
    std::this_thread::sleep_for(1ms);
  }
  const int looks = hung_sessions().looks_at("ada") - before;
  const auto rounds = (std::chrono::steady_clock::now() - start) / 20ms;
  CHECK(looks >= 1);
  CHECK(looks <= rounds + 2);
}
