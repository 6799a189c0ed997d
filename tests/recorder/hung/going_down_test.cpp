// A pipeline that hangs when it goes down silences nobody: others begin, are recorded, take back, and the recorder
// ends.
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "../numbered_frames.hpp"
#include "../stage.hpp"
#include "hung_session.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/pipeline_queue.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

constexpr consent::Scope sound{consent::Kind::audio};

/// More than any queue has threads, but for the one that is made for them.
constexpr int many = 5;

Config impatient() {
  Config config = Stage::loopback();
  config.pipeline_patience = 300ms;
  config.stop_limit = 300ms;
  return config;
}

Result<Answer> publish(Stage& stage, const std::string& publisher, const std::string& name) {
  const auto answered = std::make_shared<std::promise<Result<Answer>>>();
  auto given = answered->get_future();
  stage.recorder->publish(publisher, PublishKind::camera, sound, offer_of(name, Stream::audio),
                          [answered](Result<Answer> answer) { answered->set_value(std::move(answer)); });
  if (given.wait_for(10s) != std::future_status::ready) throw std::runtime_error("an offer is not answered");
  return given.get();
}

/// So many sessions hang as they go down; each is told to be gone.
void let_many_hang(Stage& stage) {
  for (int i = 0; i < many; ++i) {
    const std::string name = "hung" + std::to_string(i);
    hung_sessions().let_hang(name, Step::going_down);
    const auto answer = publish(stage, name, name);
    REQUIRE(answer);
    stage.recorder->unpublish(answer.value().resource);
    CHECK(stage.events.await<PublisherDisconnected>(10s).resource == answer.value().resource);
  }
  REQUIRE(hung_sessions().await_hanging(many));
}

/// 20 ms of sound, as packets bring it. Numbers count up.
void speak(const SessionHooks& hooks, int number) {
  const std::int64_t now_ns = monotonic_ns();
  hooks.on_frame(numbered_frame(Stream::audio, number, FrameType::key, now_ns, now_ns));
}

/// Speaks until it is on the disk; how many frames that took.
int speak_until_sealed(Stage& stage, const SessionHooks& hooks) {
  int number = 0;
  await([&] {
    speak(hooks, number++);
    std::this_thread::sleep_for(15ms);
    return stage.events.count<FirstFrameSealed>() != 0;
  });
  return number;
}

}  // namespace

TEST_CASE("while pipelines hang as they go down, another session begins, is recorded and taken back", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(impatient());
  let_many_hang(stage);
  for (int i = 0; i < many; ++i) {
    CHECK(stage.events.await<PipelineHangs>(10s).seen == PipelineHangs::Seen::going_down);
  }

  const Person ada;
  REQUIRE(publish(stage, ada.publisher, "ada"));
  stage.prepare({ada.order(sound)});
  stage.open({{ada.approval, sound}});
  speak_until_sealed(stage, *hung_sessions().hooks_of("ada"));
  stage.close();
  CHECK(stage.end().size() == 1);
  CHECK(stage.files().size() == 1);
  CHECK(stage.abort(ada.approval).size() == 1);
  CHECK(stage.files().empty());
}

TEST_CASE("offers that fail, and whose pipelines hang then, keep no other offer waiting", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(impatient());
  for (int i = 0; i < many; ++i) {
    const std::string name = "failing" + std::to_string(i);
    hung_sessions().let_hang(name, Step::answer_fails);
    hung_sessions().let_hang(name, Step::going_down);
    const auto answer = publish(stage, name, name);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::pipeline);
  }
  CHECK(hung_sessions().await_hanging(many));
  CHECK(publish(stage, "ada", "ada"));
}

TEST_CASE("a session is replaced though the older one's pipeline hangs, and is so once more", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(impatient());
  hung_sessions().let_hang("ada", Step::going_down);
  for (int i = 0; i < many; ++i) REQUIRE(publish(stage, "ada", "ada"));
  CHECK(hung_sessions().await_hanging(many - 1));
  const auto gone = stage.events.await<PublisherDisconnected>(10s);
  CHECK(gone.ending == Ending::replaced);
}

TEST_CASE("pipelines that hang count as publishers: their ports are not free", "[hung]") {
  const LetGoOn afterwards;
  auto config = impatient();
  config.max_publishers = many;
  Stage stage(config);
  let_many_hang(stage);
  for (int i = 0; i < many; ++i) stage.events.await<PipelineHangs>(10s);
  const auto refused = publish(stage, "ada", "ada");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  hung_sessions().let_go_on();
  await([&] { return publish(stage, "ada", "ada").has_value(); }, 10s);
}

TEST_CASE("frames of a session that has ended are dropped even though its pipeline still delivers", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(impatient());
  const Person ada;
  const auto answer = publish(stage, ada.publisher, "ada");
  REQUIRE(answer);
  const auto hooks = hung_sessions().hooks_of("ada");
  stage.prepare({ada.order(sound)});
  stage.open({{ada.approval, sound}});
  const int spoken = speak_until_sealed(stage, *hooks);

  hung_sessions().let_hang("ada", Step::going_down);
  stage.recorder->unpublish(answer.value().resource);
  stage.events.await<PublisherDisconnected>(10s);
  REQUIRE(hung_sessions().await_hanging(1));
  for (int i = 0; i < 20; ++i) speak(*hooks, spoken + i);
  hooks->on_loss();
  hooks->on_connected();
  hooks->on_gone(Ending::lost, "once more");
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].frames_audio == static_cast<std::uint64_t>(spoken));
  CHECK(stage.events.count<PublisherConnected>() == 0);
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
}

TEST_CASE("the recorder ends though a pipeline hangs, says which, and what it still brings harms nobody", "[hung]") {
  const LetGoOn afterwards;
  auto config = impatient();
  config.pipeline_patience = 1h;  // told at the end only
  Stage stage(config);
  REQUIRE(publish(stage, "bob", "bob"));
  hung_sessions().let_hang("ada", Step::going_down);
  const auto answer = publish(stage, "ada", "ada");
  REQUIRE(answer);
  const auto hooks = hung_sessions().hooks_of("ada");
  const auto start = std::chrono::steady_clock::now();
  stage.recorder.reset();
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took >= config.stop_limit);
  CHECK(took < config.stop_limit + 8s);
  const auto hangs = stage.events.await<PipelineHangs>(1s);
  CHECK(hangs.resource == answer.value().resource);
  CHECK(hangs.seen == PipelineHangs::Seen::at_the_end);
  CHECK(stage.events.count<PipelineHangs>() == 0);
  CHECK(pipelines_left_behind());

  speak(*hooks, 0);
  hooks->on_loss();
  hooks->on_connected();
  hooks->on_gone(Ending::lost, "after the end");
  hung_sessions().let_go_on();
  CHECK(hung_sessions().await_all_gone());
}

TEST_CASE("jobs that hang keep others waiting only when there are as many as threads", "[hung]") {
  std::promise<void> over;
  const std::shared_future<void> until_over = over.get_future().share();
  PipelineQueue queue;
  for (std::size_t i = 0; i < PipelineQueue::max_threads; ++i) {
    std::promise<void> ran;
    auto begun = ran.get_future();
    queue.post("one", [until_over, ran = std::make_shared<std::promise<void>>(std::move(ran))] {
      ran->set_value();
      until_over.wait();
    });
    REQUIRE(begun.wait_for(10s) == std::future_status::ready);
  }
  const auto last = std::make_shared<std::promise<void>>();
  auto done = last->get_future();
  queue.post("two", [last] { last->set_value(); });
  CHECK(done.wait_for(100ms) == std::future_status::timeout);
  CHECK(queue.hanging(0s) == std::set<std::string>{"one", "two"});
  CHECK(queue.stuck(0s) == std::set<std::string>{"one"});
  CHECK(queue.finish(0s) == std::set<std::string>{"one", "two"});
  over.set_value();
  CHECK(done.wait_for(10s) == std::future_status::ready);  // left behind, but not forgotten
  CHECK(queue.finish(10s).empty());
}
