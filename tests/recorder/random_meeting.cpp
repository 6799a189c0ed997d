#include "random_meeting.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "recorder/monotonic.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

using consent::Kind;
using consent::test::Observer;
using consent::test::RandomEvents;

namespace {

/// A meeting goes on until so many takes were opened and the last of them has ended, or so much has happened.
constexpr std::size_t kTakes = 2;
constexpr int kMostEvents = 200;

Observer::Strictness strictness_of(std::uint64_t seed) {
  return seed % 2 == 1 ? Observer::Strictness::exact : Observer::Strictness::sound;
}

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(result.value());
}

}  // namespace

RandomMeeting::RandomMeeting(House& house, std::uint64_t seed)
    : house_(house),
      recorder_(*house.recorder),
      name_("meeting " + std::to_string(seed)),
      events_(seed, strictness_of(seed)),
      observer_(RandomEvents::empty_room(), strictness_of(seed)),
      random_(static_cast<std::mt19937::result_type>(seed)) {}

RandomMeeting::~RandomMeeting() = default;

std::int64_t RandomMeeting::people(std::uint64_t seed) {
  return RandomEvents(seed, strictness_of(seed)).people();
}

// ---- what happens

void RandomMeeting::play() {
  for (int i = 0; i < kMostEvents && wrong_.empty() && (opened_.size() < kTakes || observer_.open()); ++i) {
    const consent::test::Happening happening = events_.next(observer_.state());
    if (const auto* crashed = std::get_if<consent::test::Crash>(&happening))
      crash(*crashed);
    else if (std::holds_alternative<consent::test::Written>(happening))
      write_take();
    else
      happens(std::get<consent::Event>(happening));
    // A connection that is lost: the roster does not know yet.
    if (!people_.empty() && pick(0, 79) == 0)
      drop(std::next(people_.begin(), pick(0, static_cast<int>(people_.size()) - 1))->second);
    linger();
  }
  if (const auto& recording = observer_.state().recording) tell(consent::Stopped{recording->terms.recording});
  if (due_) happens(consent::TakeDurable{due_->order.recording, due_->order.take});
  for (auto& [id, who] : people_) drop(who);
  for (const Opened& take : opened_) {
    for (const auto& seat : take.roster) compare(take, seat);
  }
  compared_.takes = opened_.size();
}

/// Media takes its time only while it may be written; some takes are long enough to be compared from inside.
void RandomMeeting::linger() {
  if (!observer_.open() && pick(0, 19) != 0) return;
  const int ms = observer_.open() && pick(0, 3) == 0 ? testing::kSlower * pick(1000, 1600) : pick(20, 300);
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

/// The files are there before the ledger says so.
void RandomMeeting::write_take() {
  if (due_) prepare();
  observer_.write_take();
  check();
}

void RandomMeeting::happens(const consent::Event& claimed) {
  const consent::Event event = observer_.as_told(claimed, events_.now());
  if (const auto* approved = std::get_if<consent::Approved>(&event)) {
    approve(*approved);
    return;
  }
  make_true(event);
  tell(event);
  // Who left may go on sending, as somebody who is on no roster.
  if (const auto* left = std::get_if<consent::Left>(&event); left && pick(0, 3) == 0) drop(someone(left->participant));
}

void RandomMeeting::approve(const consent::Approved& approved) {
  Someone& who = remember(approved);
  const bool sends = !approved.scope.common(both).empty() && observer_.state().members.contains(approved.participant);
  if (sends && pick(0, 1) == 0) publish(who);
  tell(approved);
  if (sends) publish(who);
}

/// What an answer to PrepareTake says is so before it is told: the files are there, or nothing of them is.
void RandomMeeting::make_true(const consent::Event& event) {
  if (!due_) return;
  const auto is_meant = [&](const auto* answer) {
    return answer && answer->recording == due_->order.recording && answer->take == due_->order.take;
  };
  if (is_meant(std::get_if<consent::TakeFailed>(&event))) give_up_preparation();
  if (!is_meant(std::get_if<consent::TakeDurable>(&event))) return;
  prepare();
  for (const auto& seat : due_->order.roster)  // mostly: now and then the gate opens before somebody's media comes
    if (pick(0, 3) != 0) await_connected(someone(seat.participant));
  // So that the first gate opens before full buffers, too: for a later one they filled while the take before drained.
  if (house_.has_long_buffers() && opened_.empty())
    std::this_thread::sleep_for(std::chrono::nanoseconds(house_.buffer_ns()));
  due_.reset();
}

/// The service begins anew, the recorder does not: tests/crash kills it. What was told here was durable at once, so
/// that no last word is lost, and what was to be erased is.
void RandomMeeting::crash(consent::test::Crash crash) {
  crash.last_word_lost = false;
  ++compared_.crashes;
  gate_.close(monotonic_ns);
  for (const auto& approved : crash.in_ledger) remember(approved);
  const consent::Erase withdrawn = observer_.crash(crash, events_.now());
  if (running_) finish(*running_);
  running_.reset();
  if (due_) give_up_preparation();
  note_withdrawn(withdrawn.approvals);
  erase(withdrawn);
  check();
}

void RandomMeeting::tell(const consent::Event& event) {
  const auto effects = observer_.tell(event, events_.now());
  for (const auto& effect : effects)
    if (const auto* gone = std::get_if<consent::Erase>(&effect)) note_withdrawn(gone->approvals);
  for (const auto& effect : effects) carry_out(effect);
  ++compared_.events;
  check();
}

void RandomMeeting::check() {
  if (!wrong_.empty()) return;
  if (!observer_.explain().empty()) wrong_.push_back(name_ + ": a promise is broken: " + observer_.explain());
  if (gate_.is_open() != observer_.open()) wrong_.push_back(name_ + ": the gate is not as the rules say");
}

// ---- what the rules order, carried out as the server does

void RandomMeeting::carry_out(const consent::Effect& effect) {
  if (std::holds_alternative<consent::CloseGate>(effect)) {
    gate_.close(monotonic_ns);
  } else if (const auto* kinds = std::get_if<consent::RevokeKinds>(&effect)) {
    revoke(*kinds);
  } else if (const auto* end = std::get_if<consent::EndTake>(&effect)) {
    end_take(*end);
  } else if (const auto* gone = std::get_if<consent::Erase>(&effect)) {
    erase(*gone);
  } else if (const auto* order = std::get_if<consent::PrepareTake>(&effect)) {
    due_ = Due{*order};
    if (pick(0, 1) == 0) prepare();  // or only when the ledger has it: all is one to the rules
  } else if (const auto* now = std::get_if<consent::OpenGate>(&effect)) {
    open(*now);
  }
}

void RandomMeeting::revoke(const consent::RevokeKinds& effect) {
  gate_.revoke(effect.approval, effect.kinds);
  for (const Kind kind : {Kind::audio, Kind::video}) {
    if (effect.kinds.contains(kind)) given_.at(effect.approval).revoked_ns.try_emplace(kind, monotonic_ns());
  }
}

void RandomMeeting::prepare() {
  if (std::exchange(due_->on_disk, true)) return;
  TakeOrder order{due_->order.recording, due_->order.take, {}};
  for (const auto& seat : due_->order.roster) {
    const consent::Scope kinds = seat.scope.common(both);  // nobody here shares a screen
    if (kinds.empty()) continue;
    order.tracks.push_back(
        {seat.approval, someone(seat.participant).name, given_.at(seat.approval).identity.recipient(), kinds});
  }
  (void)value_of(recorder_.prepare_take(order));
}

/// Files of a take that never began are empty, and go when it ends.
void RandomMeeting::give_up_preparation() {
  if (due_->on_disk) finish({due_->order.recording, due_->order.take});
  due_.reset();
}

void RandomMeeting::open(const consent::OpenGate& effect) {
  opened_.push_back({gate_.prepare(effect.recording, effect.take, effect.roster, monotonic_ns()), effect.roster});
  running_.emplace(effect.recording, effect.take);
  recorder_.start_take(opened_.back().permit);
  gate_.begin(monotonic_ns);
}

void RandomMeeting::end_take(const consent::EndTake& effect) {
  const TakeName take{effect.recording, effect.take};
  if (running_ == take) running_.reset();
  for (const auto& approval : effect.abort) {
    std::promise<Result<std::vector<std::string>>> aborted;
    recorder_.abort_track_of_take(take.first, take.second, approval,
                                  [&](auto names) { aborted.set_value(std::move(names)); });
    (void)value_of(aborted.get_future().get());
    erased_.emplace(take.first, take.second, approval);
  }
  finish(take);
}

void RandomMeeting::finish(const TakeName& take) {
  std::promise<Result<std::vector<SealedTrackFile>>> ended;
  recorder_.end_take(take.first, take.second, [&](auto files) { ended.set_value(std::move(files)); });
  (void)value_of(ended.get_future().get());
}

void RandomMeeting::erase(const consent::Erase& effect) {
  for (const auto& approval : effect.approvals) abort(effect.recording, approval);
  if (effect.extent != consent::WithdrawalErases::whole_takes) return;
  const auto is_taken_back = [&](const consent::Granted& seat) {
    return std::ranges::count(effect.approvals, seat.approval) != 0;
  };
  for (const Opened& take : opened_) {
    if (take.permit.recording() != effect.recording || std::ranges::none_of(take.roster, is_taken_back)) continue;
    for (const auto& seat : take.roster)
      if (!given_.at(seat.approval).withdrawn) erase_of_take({effect.recording, take.permit.take()}, seat.approval);
  }
}

void RandomMeeting::abort(const consent::RecordingId& recording, const consent::StatementId& approval) {
  std::promise<Result<std::vector<std::string>>> aborted;
  recorder_.abort_track(recording, approval, [&](auto names) { aborted.set_value(std::move(names)); });
  (void)value_of(aborted.get_future().get());
}

/// Of a take that has ended; what the same approval allowed in other takes stays.
void RandomMeeting::erase_of_take(const TakeName& take, const consent::StatementId& approval) {
  for (const std::string& name : files_of(take, approval)) {
    const auto erased = house_.blobs.erase(take.first.hex(), name);
    if (!erased) throw std::runtime_error(erased.error().text);
  }
  erased_.emplace(take.first, take.second, approval);
}

void RandomMeeting::note_withdrawn(const std::vector<consent::StatementId>& approvals) {
  for (const auto& approval : approvals) given_.at(approval).withdrawn = true;
}

// ---- people and their media

RandomMeeting::Someone& RandomMeeting::someone(const consent::ParticipantId& id) {
  Someone& who = people_[id];
  if (who.name.empty()) who.name = name_ + ", " + id.hex();
  return who;
}

RandomMeeting::Someone& RandomMeeting::remember(const consent::Approved& approved) {
  Someone& who = someone(approved.participant);
  given_[approved.id].who = &who;
  return who;
}

void RandomMeeting::publish(Someone& who) {
  if (who.publisher) return;
  PublisherOptions options;
  options.frames = Frames::numbered;
  who.publisher = std::make_unique<Publisher>(options);
  std::promise<Result<Answer>> answered;
  recorder_.publish(who.name, PublishKind::camera, both, who.publisher->offer(),
                    [&](Result<Answer> answer) { answered.set_value(std::move(answer)); });
  const Answer answer = value_of(answered.get_future().get());
  who.resource = answer.resource;
  who.publisher->accept(answer.sdp);
  who.connected = false;
}

void RandomMeeting::await_connected(Someone& who) {
  if (!who.publisher || who.connected) return;
  house_.await_connected(who.resource);
  who.connected = true;
  who.live.push_back({monotonic_ns(), INT64_MAX});
}

void RandomMeeting::drop(Someone& who) {
  if (!who.publisher) return;
  await_connected(who);
  who.live.back().until_ns = monotonic_ns();
  if (pick(0, 1) == 0) recorder_.unpublish(who.resource);
  who.publisher->close();
  const auto sent = who.publisher->numbered();
  who.sent.insert(who.sent.end(), sent.begin(), sent.end());
  who.publisher.reset();
}

std::vector<SentFrame> RandomMeeting::Someone::all_sent() const {
  auto all = sent;
  if (publisher) {
    const auto more = publisher->numbered();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace unavoce::recorder::test
