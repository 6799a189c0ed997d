// The double of recorder/whip_session.cpp: whoever links it first has sessions that answer every offer, are never
// silent, and hang when a key frame is asked for.
#include "hung_session.hpp"

#include <gst/gst.h>

#include "recorder/monotonic.hpp"
#include "recorder/whip_session.hpp"

namespace unavoce::recorder {

namespace test {

HungRequests& hung_requests() {
  static HungRequests requests;
  return requests;
}

}  // namespace test

struct WhipSession::State {
  std::string sdp = "an answer";
};

WhipSession::WhipSession(std::shared_ptr<State> state) : state_(std::move(state)) {
  ++test::hung_requests().sessions;
}

WhipSession::~WhipSession() {
  test::HungRequests& requests = test::hung_requests();
  if (requests.watcher.load() == std::this_thread::get_id()) ++requests.ended_by_watcher;
  --requests.sessions;
}

Result<std::unique_ptr<WhipSession>> WhipSession::answer(const Config&, const OfferPlan&, std::string_view,
                                                         SessionHooks) {
  return std::make_unique<WhipSession>(std::make_shared<State>());
}

const std::string& WhipSession::sdp() const {
  return state_->sdp;
}

Result<void> WhipSession::trickle(std::string_view) {
  return boost::outcome_v2::success();
}

void WhipSession::request_keyframe() {
  test::HungRequests& requests = test::hung_requests();
  if (!requests.asked.test_and_set()) {
    requests.watcher = std::this_thread::get_id();
    requests.begun.set_value();
  }
  requests.until_over.wait();
}

std::int64_t WhipSession::last_packet_ns() const noexcept {
  return monotonic_ns();
}

void start_gstreamer() {
  gst_init(nullptr, nullptr);  // offers are read with its help
}

}  // namespace unavoce::recorder
