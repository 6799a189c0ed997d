#include "server/meeting.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>

#include "consent/checks.hpp"
#include "crypto/random.hpp"
#include "server/clock.hpp"
#include "server/exception_text.hpp"

namespace unavoce::server {
namespace {

/// An answer must carry a challenge that is younger than this; a new one comes when it is used or was too old.
constexpr consent::SpanMs kChallengeLasts{60 * 60 * 1000};

}  // namespace

Meeting::Meeting(Services& services, Unproven& unproven, Seals& seals, AnswerLimit& answers,
                 consent::Signed<consent::Room> room, std::optional<OpenRequest> open)
    : services_(services),
      unproven_(unproven),
      seals_(seals),
      answers_(answers),
      room_(std::move(room)),
      queue_(std::make_shared<JobQueue>(services.executors.control,
                                        [&log = services.log](const std::exception_ptr& failure) {
                                          log.error("a job of a meeting failed: " + exception_text(failure));
                                        })),
      tick_(services.executors.control) {
  state_.room_statement = room_.id;
  if (!open) return;
  session_ = open->request.body.session;
  state_ = std::move(open->state);
  approvals_ = std::move(open->approvals);
  heard_ = std::move(open->withdrawals);
  request_ = std::move(open->request);
}

bool Meeting::is_about(const consent::RecordingId& recording) const noexcept {
  return request_ && request_->body.recording == recording;
}

Person* Meeting::find(const consent::ParticipantId& participant) {
  const auto found = people_.find(participant);
  return found == people_.end() ? nullptr : &found->second;
}

MeetingView Meeting::view() const {
  return {state_, people_, room_, request_, session_, opened_};
}

// ---- events and effects

void Meeting::apply(const consent::Event& event, JobQueue::Job first) {
  try {
    auto done = consent::step(state_, event, wall_time());
    state_ = std::move(done.state);
    // The rules put CloseGate first. Jobs run after this function, so that the gate closes before any of them begins.
    if (first) queue_->add(std::move(first));
    for (const auto& effect : done.effects) carry_out(effect);
  } catch (...) {
    gate_.close(monotonic_ns);  // whatever went wrong: closed
    throw;
  }
  if (state_.preparation && state_.preparation->outdated) {  // no need to wait any longer
    if (proposal_) proposal_->answered->set();
    prepare_settled();
  }
  let_in();
  tell_everybody();
  schedule_tick();
}

void Meeting::let_in() {
  for (const auto& id : consent::may_enter(state_)) {
    const Person* person = find(id);
    if (person == nullptr || consent::is_in_room(state_, id)) continue;  // let in by an event of this very loop
    apply(consent::Joined{id, person->key, person->role});
    if ((person = find(id)) != nullptr) person->send(entered_message(view(), *person, ice_servers_for(id)));
  }
}

void Meeting::carry_out(const consent::Effect& effect) {
  const auto self = shared_from_this();
  if (std::holds_alternative<consent::CloseGate>(effect)) {
    gate_.close(monotonic_ns);
    if (opened_) services_.log.info("gate closed after " + std::to_string(wall_time().value - opened_->value) + " ms");
    opened_.reset();
  } else if (const auto* revoke = std::get_if<consent::RevokeKinds>(&effect)) {
    gate_.revoke(revoke->approval, revoke->kinds);
  } else if (const auto* open = std::get_if<consent::OpenGate>(&effect)) {
    open_gate(*open);
  } else if (const auto* refused = std::get_if<consent::TellHostRefused>(&effect)) {
    tell_refused(*refused);
  } else if (const auto* prepare_take = std::get_if<consent::PrepareTake>(&effect)) {
    queue_->add([self, order = *prepare_take] { return self->prepare(order, Settled::no); });
  } else if (const auto* end = std::get_if<consent::EndTake>(&effect)) {
    queue_->add([self, order = *end] { return self->end_take(order); });
  } else if (const auto* erase_order = std::get_if<consent::Erase>(&effect)) {
    queue_->add([self, order = *erase_order] { return self->erase(order); });
  } else if (const auto* over = std::get_if<consent::EndRecording>(&effect)) {
    queue_->add([self, order = *over] { return self->end_recording(order); });
  }
}

void Meeting::open_gate(const consent::OpenGate& effect) {
  services_.recorder.start_take(gate_.prepare(effect.recording, effect.take, effect.roster, monotonic_ns()));
  gate_.begin(monotonic_ns);  // every writer is in its place: no frame from this instant on is missed
  opened_ = wall_time();
  const auto since_ms = (monotonic_ns() - last_approval_ns_) / 1'000'000;
  services_.log.info("gate open " + std::to_string(since_ms) + " ms after the last approval");
  send_to_room(take_message(take_envelope_));
}

void Meeting::tell_refused(const consent::TellHostRefused& effect) {
  for (const auto& [id, person] : people_) {
    if (person.role == consent::Role::host && consent::is_in_room(state_, id))
      person.send(refused_message(effect.participant));
  }
}

void Meeting::tell_everybody() {
  for (auto& [id, person] : people_) {
    if (!consent::is_in_room(state_, id)) continue;
    std::string roster = roster_message(view(), person);
    if (roster != person.last_roster) person.send(roster);
    person.last_roster = std::move(roster);
    std::string gate = gate_message(view(), person);
    if (gate != person.last_gate) person.send(gate);
    person.last_gate = std::move(gate);
  }
}

void Meeting::send_to_all(const std::string& text) {
  for (const auto& [id, person] : people_) person.send(text);
}

void Meeting::send_to_room(const std::string& text) {
  for (const auto& [id, person] : people_)
    if (consent::is_in_room(state_, id)) person.send(text);
}

void Meeting::schedule_tick() {
  tick_.cancel();
  const auto due = consent::next_deadline(state_);
  if (!due) return;
  // Never longer than a minute: the wall clock may be set meanwhile.
  const auto wait = std::clamp<std::int64_t>(due->value - wall_time().value, 1, 60'000);
  tick_.expires_after(std::chrono::milliseconds(wait));
  tick_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    try {
      self->apply(consent::Tick{});
    } catch (const std::exception& failure) {  // what throws here would end the service
      self->services_.log.error(std::string("what was due in a meeting could not be done: ") + failure.what());
    }
  });
}

// ---- what can break

void Meeting::report_fault(consent::Part part, const std::string& text) {
  services_.log.error(text);
  keep_closed(part);
}

void Meeting::disk_is_low() {
  if (!nobody_is_here() && !recovering_.contains(consent::Part::recorder)) keep_closed(consent::Part::recorder);
}

void Meeting::keep_closed(consent::Part part) {
  apply(consent::Fault{part});
  if (!recovering_.insert(part).second) return;
  asio::co_spawn(
      services_.executors.control, [self = shared_from_this(), part] { return self->recover(part); }, asio::detached);
}

Task<void> Meeting::recover(consent::Part part) {
  const auto self = shared_from_this();
  asio::steady_timer pause(services_.executors.control);
  for (bool well = false; !well && !state_.members.empty();) {
    // Each attempt of the recorder's makes files anew.
    pause.expires_after(services_.config.try_again_after * (part == consent::Part::ledger ? 2 : 5) / 2);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    // Whether a file can be written shows the next take, but none begins on a disk that is low.
    well = part == consent::Part::recorder && !services_.reserve.is_reached();
    if (part == consent::Part::recorder) continue;
    // Whether the ledger can be written again is only known by writing.
    const std::string probe = crypto::to_base64url(crypto::random_array<32>());
    const auto written = co_await services_.in_database([&]() -> Result<void> {
      BOOST_OUTCOME_TRY(services_.ledger.add_challenge(probe, wall_time() + consent::SpanMs{1000}, wall_time()));
      return boost::outcome_v2::success();
    });
    // Nothing goes on before the withdrawals and seals that were refused are in.
    well = written.has_value() && co_await store_grants();
    if (!well || !request_) continue;
    const consent::RecordingId recording = request_->body.recording;
    const auto settled = co_await seals_.settle(recording);
    well = settled.has_value() && !unproven_.lacks_row(recording);
  }
  recovering_.erase(part);
  apply(consent::Recovered{part});
  if (part != consent::Part::ledger) co_return;
  const std::vector<consent::ParticipantId> waiting(unchallenged_.begin(), unchallenged_.end());
  for (const auto& id : waiting) {
    if (find(id) == nullptr) unchallenged_.erase(id);
    if (find(id) != nullptr) (void)co_await renew_challenge(id, Tell::now);
  }
}

void Meeting::hear(const recorder::Event& event) {
  if (const auto* fault = std::get_if<recorder::Fault>(&event)) {
    if (is_about(fault->recording)) report_fault(consent::Part::recorder, "recorder: " + fault->text);
  } else if (const auto* prepared = std::get_if<recorder::TrackPrepared>(&event)) {
    if (!is_about(prepared->recording)) return;
    queue_->add([self = shared_from_this(), order = *prepared] { return self->add_track(order); });
  } else if (const auto* first = std::get_if<recorder::FirstFrameSealed>(&event)) {
    if (!is_about(first->recording)) return;
    const auto since_ms = (first->at_ns - last_approval_ns_) / 1'000'000;
    services_.log.info("first frame of a track sealed " + std::to_string(since_ms) + " ms after the last approval");
  } else if (const auto* used_up = std::get_if<recorder::FilesUsedUp>(&event)) {
    if (!is_about(used_up->recording)) return;
    services_.log.error("a participant changed codecs so often that the rest of a take is without what they send now");
  } else if (const auto* given_up = std::get_if<recorder::TrackGivenUp>(&event)) {
    if (!is_about(given_up->recording)) return;
    services_.log.error("what a participant sends can be written in no file, and the rest of a take is without it: " +
                        given_up->text);
  } else if (const auto* connected = std::get_if<recorder::PublisherConnected>(&event)) {
    media_arrives(*connected);
  } else if (const auto* disconnected = std::get_if<recorder::PublisherDisconnected>(&event)) {
    media_ended(*disconnected);
  } else if (const auto* left_out = std::get_if<recorder::PacketsLeftOut>(&event)) {
    if (find_publisher(left_out->publisher) == nullptr) return;
    const bool is_screen = left_out->kind == recorder::PublishKind::screen;
    services_.log.error(std::string("packets that came for a participant's ") + (is_screen ? "screen" : "camera") +
                        " are dropped, because they name too many sources; the rest of it goes on");
  }
}

Person* Meeting::find_publisher(const std::string& publisher) {
  const auto id = consent::ParticipantId::parse(publisher);
  return id ? find(id.value()) : nullptr;
}

void Meeting::media_arrives(const recorder::PublisherConnected& event) {
  Person* person = find_publisher(event.publisher);
  if (person == nullptr || !person->place) return;
  person->place->arriving.insert_or_assign(event.kind, event.resource);
  if (person->place->lost.erase(event.kind) == 0) return;
  services_.log.info("a participant's media arrives again");
  tell_everybody();
}

void Meeting::media_ended(const recorder::PublisherDisconnected& event) {
  Person* person = find_publisher(event.publisher);
  if (person == nullptr) return;
  if (event.ending != recorder::Ending::lost)
    return services_.log.debug("a participant's media ended: " + event.reason);
  // Whoever left, or ended this session, meanwhile is not missed.
  if (!person->place) return;
  const auto& sessions = person->place->sessions;
  const auto ended = std::ranges::find(sessions, event.resource, &PublishedSession::resource);
  if (ended == sessions.end()) return;
  // Nor is a session whose end is heard of when the media of a newer one is there already.
  const auto arriving = person->place->arriving.find(event.kind);
  const bool is_overtaken = arriving != person->place->arriving.end() &&
                            std::ranges::any_of(ended + 1, sessions.end(), [&](const PublishedSession& newer) {
                              return newer.resource == arriving->second;
                            });
  if (is_overtaken) return;
  services_.log.info("a participant's media ended without a word: " + event.reason);
  person->place->lost.insert_or_assign(event.kind, event.resource);
  tell_everybody();
}

bool Meeting::end_publishing(const consent::ParticipantId& owner, const std::string& resource) {
  Person* person = find(owner);
  const auto is_meant = [&](const PublishedSession& session) { return session.resource == resource; };
  if (person == nullptr || !person->place || std::erase_if(person->place->sessions, is_meant) == 0) return false;
  services_.recorder.unpublish(resource);
  if (std::erase_if(person->place->lost, [&](const auto& item) { return item.second == resource; }) != 0)
    tell_everybody();
  return true;
}

// ---- challenges

Task<Result<void>> Meeting::renew_challenge(consent::ParticipantId participant, Tell tell) {
  const auto self = shared_from_this();
  const std::string challenge = crypto::to_base64url(crypto::random_array<32>());
  auto added = co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.ledger.add_challenge(challenge, wall_time() + kChallengeLasts, wall_time()));
    return boost::outcome_v2::success();
  });
  if (!added) {
    unchallenged_.insert(participant);
    report_fault(consent::Part::ledger, "no challenge can be stored: " + added.error().text);
    co_return std::move(added).error();
  }
  unchallenged_.erase(participant);
  Person* person = find(participant);
  if (person == nullptr) co_return boost::outcome_v2::success();
  person->challenge = challenge;
  if (tell == Tell::now) person->send(challenge_message(challenge));
  co_return boost::outcome_v2::success();
}

Task<void> Meeting::ask_everybody() {
  const auto self = shared_from_this();
  std::vector<consent::ParticipantId> ids;
  for (const auto& [id, member] : state_.members) ids.push_back(id);
  for (const auto& id : ids) {
    // Without a fresh one they are asked all the same: the one they have may be good, or a fresh one follows.
    (void)co_await renew_challenge(id, Tell::with_another_message);
    const Person* person = find(id);
    if (person != nullptr && request_) person->send(request_message(*request_, person->challenge));
  }
}

// ---- the host and the service

void Meeting::stop_at_once(const consent::RecordingId& recording, const crypto::Digest& login) {
  const bool is_of_host_here = std::ranges::any_of(people_, [&](const auto& entry) {
    const auto& known = entry.second.login;
    return known && crypto::equal_constant_time(*known, login) && state_.members.contains(entry.first);
  });
  if (is_about(recording) && is_of_host_here) apply(consent::Stopped{recording});
}

void Meeting::forget_login(const crypto::Digest& login) {
  for (auto& [id, person] : people_) {
    if (person.login == login) person.login.reset();
  }
}

Task<void> Meeting::stop(consent::RecordingId recording) {
  const auto self = shared_from_this();
  apply(consent::Stopped{recording});
  while (!queue_->idle()) co_await queue_->drained();  // a take that was being prepared orders its own end
}

void Meeting::room_changed(const consent::Signed<consent::Room>& room) {
  room_ = room;
  apply(consent::RoomChanged{room.id});
  // After the gate has closed, and before any request under the new statement.
  send_to_all(room_changed_message(room.envelope));
}

void Meeting::everybody_out() {
  std::vector<consent::ParticipantId> ids;
  for (const auto& [id, member] : state_.members) ids.push_back(id);
  for (const auto& id : ids) {
    Person* person = find(id);
    if (person == nullptr) continue;
    const std::shared_ptr<WebSocketPeer> peer = person->peer;
    if (peer) peer->close();
    left(id, peer.get());
  }
}

Task<void> Meeting::end() {
  const auto self = shared_from_this();
  everybody_out();
  while (!queue_->idle()) co_await queue_->drained();
  if (co_await store_grants()) co_return;
  services_.log.error("the right to read their own tracks is lost for " + std::to_string(ungranted_.size()) +
                      " approvals: the disk refuses it, and their meeting has ended");
}

}  // namespace unavoce::server
