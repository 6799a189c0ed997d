// Publishers that come, go, fall silent or send nonsense.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

TEST_CASE("a publisher that closes the connection is gone at once") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  publisher->hang_up();
  const auto gone = stage.events.await<PublisherDisconnected>(2s);
  CHECK(gone.resource == stage.resource);
  CHECK(gone.publisher == ada.publisher);
}

TEST_CASE("a publisher that falls silent is gone after the configured silence") {
  auto config = Stage::loopback();
  config.silence = testing::patience(500ms);
  Stage stage(config);
  const Person ada;
  const auto publisher = stage.join(ada);
  publisher->mute_audio(Has::yes);
  publisher->mute_video(Has::yes);
  CHECK(stage.events.await<PublisherDisconnected>(3s).reason == "the publisher fell silent");
}

/// The other half of the next test: publishes from a process of its own, until it is ended from outside.
TEST_CASE("a publisher in a process of its own", "[.process]") {
  const char* folder = std::getenv("UNAVOCE_TEST_EXCHANGE");
  if (folder == nullptr) return;
  const std::filesystem::path path(folder);
  Publisher publisher({});
  const std::string offer = publisher.offer();
  write_file(path / "offer.new", {offer.begin(), offer.end()});
  std::filesystem::rename(path / "offer.new", path / "offer");
  await([&] { return std::filesystem::exists(path / "answer"); });
  const auto answer = read_file(path / "answer");
  publisher.accept({answer.begin(), answer.end()});
  pause();
}

TEST_CASE("a publisher that is killed, and one whose network is gone, are noticed within 3 s") {
  const int signal = GENERATE(SIGKILL, SIGSTOP);  // stopped: no media, no RTCP, no STUN, no goodbye
  CAPTURE(signal);
  Stage stage;
  const TempFolder exchange;
  const pid_t child = fork();
  if (child == 0) {
    setenv("UNAVOCE_TEST_EXCHANGE", exchange.path().c_str(), 1);
    execl("/proc/self/exe", "test_recorder", "a publisher in a process of its own", nullptr);
    _exit(127);
  }
  await([&] { return std::filesystem::exists(exchange.path() / "offer"); });
  const auto offer = read_file(exchange.path() / "offer");
  const auto answer = stage.publish("somebody", {offer.begin(), offer.end()}, both);
  REQUIRE(answer);
  const std::string& sdp = answer.value().sdp;
  write_file(exchange.path() / "answer.new", {sdp.begin(), sdp.end()});
  std::filesystem::rename(exchange.path() / "answer.new", exchange.path() / "answer");
  stage.events.await<PublisherConnected>();
  kill(child, signal);
  std::optional<std::string> reason;
  try {
    reason = stage.events.await<PublisherDisconnected>(3s).reason;
  } catch (const std::runtime_error&) {  // the child must not stay
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(reason == "the publisher fell silent");
}

TEST_CASE("an offer that is answered but never followed by media is given up") {
  auto config = Stage::loopback();
  config.connect_timeout = 300ms;
  Stage stage(config);
  Publisher publisher({});
  REQUIRE(stage.publish("somebody", publisher.offer(), both));
  CHECK(stage.events.await<PublisherDisconnected>(3s).reason == "no media came after the answer");
}

TEST_CASE("unpublish ends the session; a second time does nothing") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  stage.recorder->unpublish(stage.resource);
  CHECK(stage.events.await<PublisherDisconnected>().reason == "unpublished");
  stage.recorder->unpublish(stage.resource);
  stage.recorder->unpublish("no such resource");
}

TEST_CASE("a new session of the same publisher replaces the old one, and the take goes on with it") {
  Stage stage;
  const Person ada;
  const auto first = stage.join(ada);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  const std::string old = stage.resource;
  const auto second = stage.join(ada);
  first->close();
  const auto goal = second->sent().video + 60;
  await([&] { return second->sent().video >= goal; });
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].frames_video >= 50);  // some are on their way when the gate closes
  CHECK(stage.files().size() == 1);
}

TEST_CASE("more publishers than configured are refused as busy") {
  auto config = Stage::loopback();
  config.max_publishers = 1;
  Stage stage(config);
  const Person ada;
  const auto publisher = stage.join(ada);
  Publisher other({});
  const auto refused = stage.publish("other", other.offer(), both);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
}

TEST_CASE("an address that is not the machine's own is told at the first publish") {
  Config config;
  config.addresses = {"not-an-address"};
  Stage stage(config);
  Publisher publisher({});
  const auto refused = stage.publish("somebody", publisher.offer(), both);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::pipeline);
}

TEST_CASE("media ports come from the configured range") {
  auto config = Stage::loopback();
  config.min_port = 43210;
  config.max_port = 43219;
  Stage stage(config);
  Publisher publisher({});
  const auto answer = stage.publish("somebody", publisher.offer(), both);
  REQUIRE(answer);
  CHECK(answer.value().sdp.find(" 127.0.0.1 4321") != std::string::npos);
}
