// A session whose pipeline hangs ends, so that its publisher can begin anew, and what is told of it is true.
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "../stage.hpp"
#include "hung_session.hpp"
#include "recorder/pipeline_queue.hpp"
#include "tests/patience.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

constexpr auto short_patience = testing::patience(700ms);

Config of_short_patience(std::chrono::milliseconds limit = short_patience) {
  Config config = Stage::loopback();
  config.pipeline_patience = limit;
  config.stop_limit = 300ms;
  return config;
}

/// The resource of a new session with a picture.
std::string begin_session(Stage& stage, const std::string& publisher, const std::string& name) {
  const auto answer = stage.publish(publisher, offer_of(name, Stream::video), {consent::Kind::video});
  REQUIRE(answer);
  return answer.value().resource;
}

void check_ended_as_it_hangs(Stage& stage, const std::string& resource) {
  const auto hangs = stage.events.await<PipelineHangs>(10s);
  CHECK(hangs.resource == resource);
  CHECK(hangs.seen == PipelineHangs::Seen::in_session);
  const auto gone = stage.events.await<PublisherDisconnected>(10s);
  CHECK(gone.resource == resource);
  CHECK(gone.ending == Ending::lost);
}

}  // namespace

TEST_CASE("a session that hangs on a key frame request ends, and its publisher's next one gets key frames", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(of_short_patience(testing::patience(1500ms)));  // the second session, too, begins within it
  hung_sessions().let_hang("ada", Step::key_frame);
  const std::string resource = begin_session(stage, "ada", "ada");
  hung_sessions().hooks_of("ada")->on_loss();
  check_ended_as_it_hangs(stage, resource);

  begin_session(stage, "ada", "ada once more");
  hung_sessions().hooks_of("ada once more")->on_loss();
  CHECK(hung_sessions().await_keyframe_request("ada once more"));
  CHECK(stage.events.count<PipelineWentDown>() == 0);
  hung_sessions().let_go_on();
  CHECK(stage.events.await<PipelineWentDown>(10s).resource == resource);
  CHECK(stage.events.count<PipelineHangs>() == 0);  // told once
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
}

TEST_CASE("a session that hangs on candidates ends, and who sent them is told so", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(of_short_patience());
  hung_sessions().let_hang("ada", Step::candidates);
  const std::string resource = begin_session(stage, "ada", "ada");
  const auto taken = std::make_shared<std::promise<Result<void>>>();
  auto told = taken->get_future();
  stage.recorder->trickle(resource, "candidates", [taken](Result<void> how) { taken->set_value(std::move(how)); });
  check_ended_as_it_hangs(stage, resource);
  REQUIRE(told.wait_for(10s) == std::future_status::ready);
  CHECK(told.get().error().code == Errc::not_found);
}

TEST_CASE("a pipeline that hung as it went down and does so after all is told", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(of_short_patience());
  hung_sessions().let_hang("ada", Step::going_down);
  const std::string resource = begin_session(stage, "ada", "ada");
  stage.recorder->unpublish(resource);
  CHECK(stage.events.await<PipelineHangs>(10s).seen == PipelineHangs::Seen::going_down);
  CHECK(stage.events.count<PipelineWentDown>() == 0);
  hung_sessions().let_go_on();
  CHECK(stage.events.await<PipelineWentDown>(10s).resource == resource);
}

TEST_CASE("a session that only waits for a thread, because too many others hang, goes on", "[hung]") {
  const LetGoOn afterwards;
  Stage stage(of_short_patience());
  constexpr int threads = PipelineQueue::max_threads;
  for (int i = 0; i < threads; ++i) {
    const std::string name = "hung" + std::to_string(i);
    hung_sessions().let_hang(name, Step::going_down);
    stage.recorder->unpublish(begin_session(stage, name, name));
    stage.events.await<PublisherDisconnected>(10s);
  }
  REQUIRE(hung_sessions().await_hanging(threads));
  const std::string resource = begin_session(stage, "ada", "ada");
  hung_sessions().hooks_of("ada")->on_loss();
  std::this_thread::sleep_for(short_patience + 500ms);  // the watch looked more than once
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
  while (stage.events.count<PipelineHangs>() != 0) {
    CHECK(stage.events.await<PipelineHangs>(10s).resource != resource);
  }
  hung_sessions().let_go_on();
  CHECK(hung_sessions().await_keyframe_request("ada"));
}
