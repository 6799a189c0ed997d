#include "random_meeting.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include "crypto/age.hpp"
#include "crypto/ed25519.hpp"
#include "recorder/monotonic.hpp"

namespace unavoce::recorder::test {

using namespace std::chrono_literals;
using consent::Kind;

namespace {

/// A frame is on its way over loopback for no longer than this, even on a machine with too much to do: frames sent
/// this long before the gate opened must not be in the file, frames sent this long before it closed must be.
constexpr std::int64_t kOnTheWay = 1'000'000'000;

consent::TimeMs now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(result.value());
}

storage::BlobStore open_store(const std::filesystem::path& path) {
  auto store = storage::BlobStore::open(path);
  if (!store) throw std::runtime_error(store.error().text);
  return std::move(store.value());
}

Config patient() {
  Config config = Stage::loopback();
  config.header_wait = 10s;  // a second stream always comes: nothing here needs a second file
  config.latency = 400ms;    // a jitter buffer drops what is later than this, also on a machine with too much to do
  return config;
}

}  // namespace

// ---- the house

House::House()
    : blobs(open_store(folder_.path() / "blobs")),
      recorder(std::make_unique<Recorder>(patient(), blobs,
                                          [this](Event event) {
                                            const std::scoped_lock lock(mutex_);
                                            events_.push_back(std::move(event));
                                            changed_.notify_all();
                                          })),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

House::~House() {
  thread_ = std::jthread();
  recorder.reset();
}

void House::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !events_.empty(); })) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    if (const auto* here = std::get_if<PublisherConnected>(&event)) {
      connected_.insert(here->resource);
      changed_.notify_all();
    } else if (const auto* file = std::get_if<TrackPrepared>(&event)) {
      lock.unlock();
      recorder->release_track(file->recording, file->take, file->track.approval, file->track.file);
      lock.lock();
    }
  }
}

void House::await_connected(const std::string& resource) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, 30s, [&] { return connected_.contains(resource); })) {
    throw std::runtime_error("a publisher does not connect");
  }
}

std::filesystem::path House::path_of(const consent::RecordingId& recording, const std::string& name) const {
  return folder_.path() / "blobs" / recording.hex() / name;
}

// ---- people

struct RandomMeeting::Someone {
  consent::ParticipantId id = consent::ParticipantId::random();
  crypto::SigningKey key = crypto::SigningKey::generate();
  consent::Role role = consent::Role::participant;
  bool here = true;
  std::unique_ptr<Publisher> publisher;
  std::string resource;
  std::vector<SentFrame> sent;  // of publishers that are gone
  /// Between the arrival of a publisher's media and the moment it was told to stop.
  struct Live {
    std::int64_t from_ns, until_ns;
  };
  std::vector<Live> live;
  bool connected = false;

  std::vector<SentFrame> all_sent() const {
    auto all = sent;
    if (publisher) {
      const auto more = publisher->numbered();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }
};

struct RandomMeeting::Given {
  Someone* who = nullptr;
  crypto::Identity identity = crypto::Identity::generate();
  consent::Scope scope;
  std::map<Kind, std::int64_t> revoked_ns;
  bool erased = false;
};

struct RandomMeeting::Opened {
  std::uint32_t take = 0;
  consent::Permit permit;
  std::vector<consent::Granted> roster;
};

RandomMeeting::RandomMeeting(House& house, unsigned seed)
    : house_(house), recorder_(*house.recorder), random_(seed), name_("meeting " + std::to_string(seed)) {
  state_.room_statement = consent::StatementId::random();
}

RandomMeeting::~RandomMeeting() = default;

// ---- the rules decide, their effects are carried out as the server does

void RandomMeeting::tell(const consent::Event& event) {
  auto done = consent::step(std::move(state_), event, now());
  state_ = std::move(done.state);
  for (const auto& effect : done.effects) carry_out(effect);
  ++compared_.events;
}

void RandomMeeting::carry_out(const consent::Effect& effect) {
  if (std::holds_alternative<consent::CloseGate>(effect)) {
    gate_.close(monotonic_ns);
  } else if (const auto* revoke = std::get_if<consent::RevokeKinds>(&effect)) {
    gate_.revoke(revoke->approval, revoke->kinds);
    for (const Kind kind : {Kind::audio, Kind::video}) {
      if (revoke->kinds.contains(kind)) given_.at(revoke->approval).revoked_ns.try_emplace(kind, monotonic_ns());
    }
  } else if (const auto* end = std::get_if<consent::EndTake>(&effect)) {
    end_take(*end);
  } else if (const auto* gone = std::get_if<consent::Erase>(&effect)) {
    erase(*gone);
  } else if (const auto* prepare = std::get_if<consent::PrepareTake>(&effect)) {
    due_.push_back(*prepare);
  } else if (const auto* open = std::get_if<consent::OpenGate>(&effect)) {
    opened_.push_back(
        {open->take, gate_.prepare(open->recording, open->take, open->roster, monotonic_ns()), open->roster});
    recorder_.start_take(opened_.back().permit);
    gate_.begin(monotonic_ns());
  }
}

void RandomMeeting::end_take(const consent::EndTake& effect) {
  for (const auto& approval : effect.abort) erase({effect.recording, {approval}, {}});
  std::promise<Result<std::vector<SealedTrackFile>>> ended;
  recorder_.end_take(effect.recording, effect.take, [&](auto files) { ended.set_value(std::move(files)); });
  (void)value_of(ended.get_future().get());
}

void RandomMeeting::erase(const consent::Erase& effect) {
  for (const auto& approval : effect.approvals) {
    std::promise<Result<std::vector<std::string>>> aborted;
    recorder_.abort_track(effect.recording, approval, [&](auto names) { aborted.set_value(std::move(names)); });
    (void)value_of(aborted.get_future().get());
    given_.at(approval).erased = true;
  }
}

/// The ledger of this meeting needs no time, or some: now and then something happens in between.
void RandomMeeting::prepare_what_is_due() {
  while (!due_.empty()) {
    const consent::PrepareTake effect = due_.front();
    due_.erase(due_.begin());
    TakeOrder order{effect.recording, effect.take, {}};
    for (const auto& seat : effect.roster) {
      const Given& given = given_.at(seat.approval);
      const consent::Scope kinds = seat.scope.without({Kind::chat});
      if (!kinds.empty()) {
        order.tracks.push_back({seat.approval, given.who->id.hex(), given.identity.recipient(), kinds});
      }
    }
    (void)value_of(recorder_.prepare_take(order));
    if (pick(0, 4) == 0) something_happens();
    tell(consent::TakeDurable{effect.recording, effect.take});
  }
}

// ---- what happens

void RandomMeeting::join() {
  auto someone = std::make_unique<Someone>();
  if (people_.empty()) someone->role = consent::Role::host;
  tell(consent::Joined{someone->id, someone->key.public_key(), someone->role});
  people_.push_back(std::move(someone));
}

void RandomMeeting::publish(Someone& who) {
  if (who.publisher) return;
  PublisherOptions options;
  options.frames = Frames::numbered;
  who.publisher = std::make_unique<Publisher>(options);
  std::promise<Result<Answer>> answered;
  recorder_.publish(who.id.hex(), PublishKind::camera, both, who.publisher->offer(),
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

void RandomMeeting::approve(Someone& who, consent::Scope scope) {
  if (!state_.recording || !who.here) return;
  const auto& terms = state_.recording->terms;
  if (state_.recording->withdrawn.contains(who.key.public_key())) return;
  const auto id = consent::StatementId::random();
  Given given;
  given.who = &who;
  given.scope = scope;
  given_.emplace(id, std::move(given));
  const consent::Approved approved{id,    terms.request, who.id,       who.key.public_key(),
                                   scope, terms.expires, state_.moment};
  if (pick(0, 1) == 0) publish(who);
  if (pick(0, 1) == 0) await_connected(who);
  tell(approved);
  if (!scope.empty()) publish(who);
  await_connected(who);
}

RandomMeeting::Someone& RandomMeeting::anybody() {
  return *people_.at(static_cast<std::size_t>(pick(0, static_cast<int>(people_.size()) - 1)));
}

void RandomMeeting::something_happens() {
  Someone& who = anybody();
  const int what = pick(0, 11);
  if (what == 0 && people_.size() < 4) {
    join();
    if (pick(0, 3) != 0) approve(*people_.back(), both);
  } else if (what <= 1 && who.here && who.role != consent::Role::host) {
    who.here = false;
    tell(consent::Left{who.id});
    drop(who);
  } else if (what == 2) {
    drop(who);  // the roster does not know yet
  } else if (what == 3 && who.here && state_.recording) {
    tell(consent::Refused{state_.recording->terms.request, who.id});
  } else if (what == 4 && state_.recording) {
    const consent::Scope taken = std::array{consent::Scope::all(), consent::Scope{Kind::audio},
                                            consent::Scope{Kind::video}}[static_cast<std::size_t>(pick(0, 2))];
    tell(consent::Withdrawn{recording_, who.key.public_key(), taken});
  } else if (what <= 8) {
    for (const auto& one : people_) {
      const bool answered = one->here && state_.members.at(one->id).answer == consent::Answer::approved;
      if (one->here && !answered) approve(*one, both);
    }
  } else if (what == 9) {
    approve(who, std::array{consent::Scope{}, consent::Scope{Kind::audio}, consent::Scope{Kind::video},
                            both}[static_cast<std::size_t>(pick(0, 3))]);
  }
}

void RandomMeeting::play() {
  const int begin_with = pick(1, 3);
  for (int i = 0; i < begin_with; ++i) join();
  tell(consent::Requested{{consent::StatementId::random(),
                           recording_,
                           state_.room_statement,
                           consent::Scope::all(),
                           {},
                           true,
                           consent::WithdrawalErases::own_tracks,
                           now() + consent::SpanMs{3'600'000}}});
  for (const auto& one : people_) {
    approve(*one, pick(0, 3) != 0 ? both : consent::Scope{pick(0, 1) == 0 ? Kind::audio : Kind::video});
    if (pick(0, 1) == 0) prepare_what_is_due();
  }
  const int steps = pick(3, 8);
  for (int i = 0; i < steps; ++i) {
    prepare_what_is_due();
    std::this_thread::sleep_for(std::chrono::milliseconds(pick(50, 900)));
    something_happens();
  }
  prepare_what_is_due();
  tell(consent::Stopped{recording_});
  prepare_what_is_due();
  for (const auto& one : people_) drop(*one);
  for (const Opened& take : opened_) {
    for (const auto& seat : take.roster) compare(take, seat);
  }
  compared_.takes = opened_.size();
}

// ---- the comparison

std::set<FrameName> RandomMeeting::written_in(const std::string& name, const Given& given) {
  const auto sealed = read_file(house_.path_of(recording_, name));
  const auto plain = crypto::open(sealed, std::span(&given.identity, 1));
  if (!plain) {
    wrong_.push_back(name_ + ": " + name + " does not open: " + plain.error().text);
    return {};
  }
  ++compared_.files;
  const auto view = plain.value().view();
  return frames_in({view.begin(), view.end()});
}

void RandomMeeting::compare(const Opened& take, const consent::Granted& seat) {
  const Given& given = given_.at(seat.approval);
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "t%03u-%s", take.take, seat.approval.hex().substr(0, 16).c_str());
  std::set<FrameName> written;
  const auto names = house_.blobs.list(recording_.hex());
  for (const std::string& name : names ? names.value() : std::vector<std::string>{}) {
    if (!name.starts_with(prefix)) continue;
    if (given.erased) wrong_.push_back(name_ + ": " + name + " is still there after the withdrawal");
    written.merge(written_in(name, given));
  }
  compared_.frames += written.size();
  if (given.erased) {
    ++compared_.erased;
    return;
  }
  for (const Stream stream : {Stream::audio, Stream::video}) compare_stream(take, seat, stream, written);
}

void RandomMeeting::compare_stream(const Opened& take, const consent::Granted& seat, Stream stream,
                                   const std::set<FrameName>& written) {
  const Given& given = given_.at(seat.approval);
  const Kind kind = stream == Stream::audio ? Kind::audio : Kind::video;
  const auto say = [&](const std::string& what) {
    const std::string_view which = stream == Stream::audio ? ", sound: " : ", picture: ";
    wrong_.push_back(name_ + ", take " + std::to_string(take.take) + std::string(which) + what);
  };
  std::vector<SentFrame> sent;
  for (const SentFrame& frame : given.who->all_sent()) {
    if (frame.name.first == stream) sent.push_back(frame);
  }
  const auto is_written = [&](const SentFrame& frame) { return written.contains(frame.name); };
  const auto of_stream = [&](const FrameName& frame) { return frame.first == stream; };
  if (std::ranges::count_if(sent, is_written) != std::ranges::count_if(written, of_stream)) {
    say("frames that this person never sent");
  }

  const std::int64_t opened_ns = take.permit.opened_at_ns();
  std::int64_t closed_ns = take.permit.closed_at_ns();
  std::int64_t until_ns = closed_ns - kOnTheWay;
  if (const auto revoked = given.revoked_ns.find(kind); revoked != given.revoked_ns.end()) {
    closed_ns = std::min(closed_ns, revoked->second);
    until_ns = std::min(until_ns, revoked->second - 3 * kOnTheWay);  // what still waited in the queue is dropped, too
  }
  for (const SentFrame& frame : sent) {
    if (!is_written(frame)) continue;
    const std::string which = names({frame.name});
    const std::size_t before = wrong_.size();
    if (!seat.scope.contains(kind)) say("not approved, but written:" + which);
    if (frame.sent_ns > closed_ns) say("sent after the gate closed, but written:" + which);
    if (frame.sent_ns < opened_ns - kOnTheWay) say("sent before the gate opened, but written:" + which);
    if (wrong_.size() > before) ++compared_.outside;
  }
  if (!seat.scope.contains(kind)) return;

  // From the first key frame on, nothing is missing as long as the publisher went on and the gate was open.
  for (const auto& live : given.who->live) {
    const std::int64_t since_ns = std::max(opened_ns, live.from_ns);
    const std::int64_t end_ns = std::min(until_ns, live.until_ns - kOnTheWay);
    auto frame = std::ranges::find_if(
        sent, [&](const SentFrame& f) { return f.sent_ns >= since_ns && f.type == FrameType::key; });
    for (; frame != sent.end() && frame->sent_ns < end_ns; ++frame) {
      if (is_written(*frame)) continue;
      const auto ms = [](std::int64_t span_ns) { return std::to_string(span_ns / 1'000'000) + " ms "; };
      say("arrived inside the permit, but missing:" + names({frame->name}) + " (sent " +
          ms(frame->sent_ns - opened_ns) + "after the gate opened and " + ms(closed_ns - frame->sent_ns) +
          "before it closed, " + ms(frame->sent_ns - live.from_ns) + "after the publisher came and " +
          ms(live.until_ns - frame->sent_ns) + "before it went)");
    }
  }
}

}  // namespace unavoce::recorder::test
