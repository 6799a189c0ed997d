// Who waits for whom: offers for each other and nobody else; of two offers of one publisher the newer one stays.
#include <catch2/catch.hpp>
#include <future>
#include <latch>

#include "recorder/port.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

/// Keeps both threads that answer offers from going on, as pipelines that hang do, until it goes.
class Hang {
 public:
  explicit Hang(Stage& stage) {
    // An offer that nobody can read is answered on those threads, too.
    for (const char* publisher : {"one", "two"}) {
      stage.recorder->publish(publisher, PublishKind::camera, both, "no offer",
                              [state = state_](const Result<Answer>&) {
                                state->hanging.count_down();
                                state->over.wait();
                              });
    }
    state_->hanging.wait();
  }
  ~Hang() { state_->over.count_down(); }
  Hang(const Hang&) = delete;
  Hang& operator=(const Hang&) = delete;

 private:
  struct State {
    std::latch hanging{2};
    std::latch over{1};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using Answered = std::promise<Result<Answer>>;

}  // namespace

TEST_CASE("a take ends, is erased, and its publishers go, while offers hang", "[queues]") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  {
    Hang hang(stage);
    stage.close();
    const auto ended = std::make_shared<std::promise<std::size_t>>();
    stage.recorder->end_take(stage.recording, stage.take,
                             [ended](const auto& files) { ended->set_value(files ? files.value().size() : 0); });
    auto files = ended->get_future();
    REQUIRE(files.wait_for(testing::patience(10s)) == std::future_status::ready);
    CHECK(files.get() == 1);

    const auto erased = std::make_shared<std::promise<std::size_t>>();
    stage.recorder->abort_track(stage.recording, ada.approval,
                                [erased](const auto& names) { erased->set_value(names ? names.value().size() : 0); });
    auto names = erased->get_future();
    REQUIRE(names.wait_for(testing::patience(10s)) == std::future_status::ready);
    CHECK(names.get() == 1);

    stage.recorder->unpublish(stage.resource);
    CHECK(stage.events.await<PublisherDisconnected>(10s).reason == "unpublished");
  }
  CHECK(stage.files().empty());
}

TEST_CASE("one publisher's offers leave room for another's", "[queues]") {
  auto config = Stage::loopback();
  config.max_publishers = 6;
  Stage stage(config);
  Publisher ada({}), bob({});
  std::vector<std::shared_ptr<Answered>> answers;
  for (int i = 0; i < 20; ++i) {
    const auto answered = answers.emplace_back(std::make_shared<Answered>());
    stage.recorder->publish("ada", PublishKind::camera, both, ada.offer(),
                            [answered](Result<Answer> given) { answered->set_value(std::move(given)); });
  }
  CHECK(stage.publish("bob", bob.offer(), both));
  std::size_t refused = 0;
  for (const auto& answered : answers) {
    const auto given = answered->get_future().get();
    refused += !given && given.error().code == Errc::busy ? 1 : 0;
  }
  CHECK(refused > 0);
}

TEST_CASE("an offer that was overtaken takes nothing from the newer one", "[queues]") {
  Port port([] {});
  CHECK(port.connect(2, Codec::opus, Codec::vp8) == Port::Connected::yes);
  CHECK(port.connect(1, Codec::opus, std::nullopt) == Port::Connected::overtaken);
  port.disconnect(1);
  CHECK(port.publishes(Stream::video) == Codec::vp8);
  port.disconnect(2);
  CHECK_FALSE(port.publishes(Stream::video));
  // Also when the newer one is over: whoever ended it wants nothing older.
  CHECK(port.connect(1, Codec::opus, std::nullopt) == Port::Connected::overtaken);
}

TEST_CASE("of two offers at once the newer one is recorded", "[queues]") {
  Stage stage;
  const Person ada;
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  for (int round = 0; round < 5; ++round) {
    Publisher older({}), newer({});
    Answered first, second;
    stage.recorder->publish(ada.publisher, PublishKind::camera, both, older.offer(),
                            [&](Result<Answer> given) { first.set_value(std::move(given)); });
    stage.recorder->publish(ada.publisher, PublishKind::camera, both, newer.offer(),
                            [&](Result<Answer> given) { second.set_value(std::move(given)); });
    const auto overtaken = first.get_future().get();
    const auto answer = second.get_future().get();
    REQUIRE(answer);
    if (!overtaken) CHECK(overtaken.error().code == Errc::conflict);
    newer.accept(answer.value().sdp);
    CHECK(stage.events.await<PublisherConnected>().resource == answer.value().resource);
    if (round == 0) stage.events.await<FirstFrameSealed>();
    const auto goal = newer.sent().video + 45;
    await([&] { return newer.sent().video >= goal; });
  }
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].frames_video >= 100);
}

TEST_CASE("a recorder ends while offers are being answered; each is told how it went", "[queues]") {
  Publisher publisher({});
  const std::string offer = publisher.offer();
  for (int round = 0; round < 5; ++round) {
    Stage stage;
    Answered first, second;
    stage.recorder->publish("one", PublishKind::camera, both, offer,
                            [&](Result<Answer> given) { first.set_value(std::move(given)); });
    stage.recorder->publish("two", PublishKind::camera, both, offer,
                            [&](Result<Answer> given) { second.set_value(std::move(given)); });
    stage.recorder.reset();
    CHECK(first.get_future().wait_for(0s) == std::future_status::ready);
    CHECK(second.get_future().wait_for(0s) == std::future_status::ready);
  }
}
