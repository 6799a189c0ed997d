// A pipeline that hangs when it is asked for a key frame is nobody else's trouble.
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "hung_session.hpp"
#include "recorder/ingest.hpp"
#include "tests/patience.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

const std::string offer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n";

/// Sessions as the recorder keeps them, without takes.
class House {
 public:
  House() { start_gstreamer(); }
  ~House() {
    end_hanging();
    ingest_->stop();
    answers_.reset();
    ends_.reset();
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  /// A session's resource.
  std::string publish(const std::string& publisher) {
    const auto answered = std::make_shared<std::promise<Result<Answer>>>();
    auto given = answered->get_future();
    ingest_->publish(publisher, PublishKind::camera, {consent::Kind::video}, offer,
                     [answered](Result<Answer> answer) { answered->set_value(std::move(answer)); });
    REQUIRE(given.wait_for(testing::patience(10s)) == std::future_status::ready);
    const auto answer = given.get();
    REQUIRE(answer);
    return answer.value().resource;
  }
  void unpublish(const std::string& resource) { ingest_->unpublish(resource); }
  void want_keyframe(const std::string& publisher) { ingest_->port(publisher, PublishKind::camera)->want_keyframe(); }

  /// Whether it is told that this session is gone.
  bool is_gone(const std::string& resource) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, testing::patience(10s), [&] { return gone_.contains(resource); });
  }

  void end_hanging() {
    if (!std::exchange(is_over_, true)) hung_requests().over.set_value();
  }

 private:
  void note(const Event& event) {
    const auto* gone = std::get_if<PublisherDisconnected>(&event);
    if (gone == nullptr) return;
    const std::scoped_lock lock(mutex_);
    gone_.insert(gone->resource);
    changed_.notify_all();
  }

  bool is_over_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> gone_;
  const Config config_{};
  std::unique_ptr<WorkQueue> answers_ = std::make_unique<WorkQueue>(2);
  std::unique_ptr<WorkQueue> ends_ = std::make_unique<WorkQueue>(2);
  std::unique_ptr<Ingest> ingest_ = std::make_unique<Ingest>(
      config_, *answers_, *ends_, [this](const Event& event) { note(event); }, [](const std::string&, PublishKind) {});
};

}  // namespace

TEST_CASE("while a pipeline hangs that is asked for a key frame, sessions end and are replaced, and it ends later") {
  HungRequests& requests = hung_requests();
  {
    House house;
    const std::string ada = house.publish("ada");
    const std::string bob = house.publish("bob");
    const std::string eve = house.publish("eve");
    house.want_keyframe("ada");
    REQUIRE(requests.begun.get_future().wait_for(testing::patience(10s)) == std::future_status::ready);

    house.unpublish(bob);
    CHECK(house.is_gone(bob));
    house.publish("eve");  // is answered
    CHECK(house.is_gone(eve));
    house.unpublish(ada);  // the one that hangs
    CHECK(house.is_gone(ada));
    house.end_hanging();
  }
  CHECK(requests.sessions == 0);
  CHECK(requests.ended_by_watcher == 0);
}
