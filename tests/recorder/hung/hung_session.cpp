// The double of recorder/whip_session.cpp: whoever links it first has sessions that answer every offer, are never
// silent, and hang where HungSessions says so.
#include "hung_session.hpp"

#include <gst/gst.h>

#include <chrono>
#include <utility>

#include "recorder/monotonic.hpp"

namespace unavoce::recorder {

namespace test {

using namespace std::chrono_literals;

std::string offer_of(const std::string& name, Stream stream) {
  const std::string media = stream == Stream::audio
                                ? "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
                                : "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n";
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=" + name + "\r\nt=0 0\r\n" + media;
}

HungSessions& hung_sessions() {
  static HungSessions sessions;
  return sessions;
}

void HungSessions::let_hang(const std::string& name, Step step) {
  const std::scoped_lock lock(mutex_);
  told_.emplace(name, step);
}

void HungSessions::let_go_on() {
  const std::scoped_lock lock(mutex_);
  told_.clear();
  changed_.notify_all();
}

bool HungSessions::await_hanging(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, 10s, [&] { return hanging_ == count; });
}

bool HungSessions::await_all_gone() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, 10s, [&] { return sessions_ == 0; });
}

bool HungSessions::await_keyframe_request(const std::string& name) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, 10s, [&] { return asked_.contains(name); });
}

std::shared_ptr<const SessionHooks> HungSessions::hooks_of(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return hooks_.at(name);
}

int HungSessions::looks_at(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return looks_[name];
}

void HungSessions::made(const std::string& name, SessionHooks hooks) {
  const std::scoped_lock lock(mutex_);
  hooks_[name] = std::make_shared<const SessionHooks>(std::move(hooks));
  ++sessions_;
}

void HungSessions::gone() {
  const std::scoped_lock lock(mutex_);
  --sessions_;
  changed_.notify_all();
}

void HungSessions::looked(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  ++looks_[name];
}

void HungSessions::asked(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  asked_.insert(name);
  changed_.notify_all();
}

bool HungSessions::is_to(const std::string& name, Step step) {
  const std::scoped_lock lock(mutex_);
  return told_.contains({name, step});
}

void HungSessions::hang_if_told(const std::string& name, Step step) {
  std::unique_lock lock(mutex_);
  if (!told_.contains({name, step})) return;
  ++hanging_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !told_.contains({name, step}); });
  --hanging_;
  changed_.notify_all();
}

}  // namespace test

struct WhipSession::State {
  std::string name;  // empty: it has not come to an answer
  SessionHooks hooks;
  std::string sdp = "an answer";
};

WhipSession::WhipSession(const OfferPlan&, SessionHooks hooks) : state_(std::make_shared<State>()) {
  state_->hooks = std::move(hooks);
}

WhipSession::~WhipSession() {
  if (state_->name.empty()) return;
  test::hung_sessions().hang_if_told(state_->name, test::Step::going_down);
  test::hung_sessions().gone();
}

Result<void> WhipSession::answer(const Config&, std::string_view offer) {
  const std::size_t begin = offer.find("s=") + 2;
  state_->name = offer.substr(begin, offer.find('\r', begin) - begin);
  test::hung_sessions().made(state_->name, state_->hooks);
  if (test::hung_sessions().is_to(state_->name, test::Step::answer_fails)) return Error{Errc::pipeline, "as told"};
  return boost::outcome_v2::success();
}

const std::string& WhipSession::sdp() const {
  return state_->sdp;
}

Result<void> WhipSession::trickle(std::string_view) {
  test::hung_sessions().hang_if_told(state_->name, test::Step::candidates);
  return boost::outcome_v2::success();
}

void WhipSession::request_keyframe() {
  test::hung_sessions().asked(state_->name);
  test::hung_sessions().hang_if_told(state_->name, test::Step::key_frame);
}

std::int64_t WhipSession::last_packet_ns() const noexcept {
  test::hung_sessions().looked(state_->name);
  return monotonic_ns();
}

void start_gstreamer() {
  gst_init(nullptr, nullptr);  // offers are read with its help
}

}  // namespace unavoce::recorder
