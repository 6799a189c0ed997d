#include "server/meetings.hpp"

#include <algorithm>
#include <utility>

#include "server/client_address.hpp"
#include "server/clock.hpp"
#include "server/evidence.hpp"
#include "server/exception_text.hpp"
#include "server/room_socket.hpp"

namespace unavoce::server {
namespace {

/// The room's present statement, from the ledger. Database thread.
Result<consent::Signed<consent::Room>> present_room(Services& services, std::string_view room) {
  BOOST_OUTCOME_TRY(auto id, consent::RoomId::parse(room));
  BOOST_OUTCOME_TRY(auto entry, services.ledger.latest_room(id));
  if (!entry) return Error(Errc::not_found, "there is no such room");
  BOOST_OUTCOME_TRY(auto statement, consent::parse_statement<consent::Room>(entry->envelope));
  return statement;
}

consent::RequestTerms terms_of(const consent::Signed<consent::Request>& request, consent::WithdrawalErases extent) {
  const auto& body = request.body;
  return {request.id,          body.recording, body.room_statement, body.scope, body.minimum_scope,
          body.names_refusals, extent,         body.expires_ms};
}

/// What people answered to a request, as the ledger has it, in its order.
Result<std::vector<consent::Event>> answers_to(Services& services, const consent::RecordingId& recording) {
  BOOST_OUTCOME_TRY(auto entries, services.ledger.entries(recording.hex()));
  std::vector<consent::Event> answers;
  for (const auto& entry : entries) {
    if (entry.kind == "approval") {
      BOOST_OUTCOME_TRY(auto signed_approval, consent::parse_statement<consent::Approval>(entry.envelope));
      const auto& body = signed_approval.body;
      answers.push_back(consent::Approved{signed_approval.id, body.request, body.participant, body.key, body.scope,
                                          body.expires_ms, 0});
    } else if (entry.kind == "refusal") {
      BOOST_OUTCOME_TRY(auto refusal, consent::parse_statement<consent::Refusal>(entry.envelope));
      answers.push_back(consent::Refused{refusal.body.request, refusal.body.participant, refusal.body.key});
    } else if (entry.kind == "withdrawal") {
      BOOST_OUTCOME_TRY(auto withdrawal, consent::parse_statement<consent::Withdrawal>(entry.envelope));
      answers.push_back(consent::withdrawn_by(withdrawal));
    }
  }
  return answers;
}

/// The recording that was requested last in a room, with its evidence. One that is listed without a request was cut off
/// before its request was durable, and never was.
Result<std::optional<std::pair<consent::RecordingId, Evidence>>> last_recording(Services& services,
                                                                                const consent::RoomId& room) {
  using Found = std::optional<std::pair<consent::RecordingId, Evidence>>;
  BOOST_OUTCOME_TRY(auto recordings, services.rooms.recordings_in(room.hex()));
  for (const std::string& text : recordings) {
    BOOST_OUTCOME_TRY(auto id, consent::RecordingId::parse(text));
    BOOST_OUTCOME_TRY(auto evidence, read_evidence(services, id));
    if (evidence.request) return Found(std::in_place, id, std::move(evidence));
  }
  return Found();
}

/// The request that is still in force in a room: a recording that has no final seal, of this very room statement.
Result<std::optional<OpenRequest>> open_request(Services& services, const consent::Signed<consent::Room>& room) {
  BOOST_OUTCOME_TRY(auto last, last_recording(services, room.body.room));
  if (!last || last->second.finished) return std::optional<OpenRequest>();
  auto& [id, evidence] = *last;
  auto& request = *evidence.request;
  if (request.body.room_statement != room.id || request.body.expires_ms <= wall_time()) {
    return std::optional<OpenRequest>();
  }
  BOOST_OUTCOME_TRY(const auto erasure, services.ledger.erasure_begun(id.hex()));
  BOOST_OUTCOME_TRY(const auto over, services.rooms.over(id));
  if (erasure || over) return std::optional<OpenRequest>();
  BOOST_OUTCOME_TRY(auto answers, answers_to(services, id));
  std::uint32_t next_take = 1;
  for (const auto& take : evidence.takes) next_take = std::max(next_take, take.body.take + 1);
  OpenRequest open{request, consent::restored(terms_of(request, evidence.extent), answers, next_take), {}, {}};
  for (auto& approval : evidence.approvals) open.approvals.emplace(approval.id, std::move(approval));
  for (const auto& row : evidence.withdrawal_ids) open.withdrawals.insert(row);
  return std::optional<OpenRequest>(std::move(open));
}

struct OpenedRoom {
  consent::Signed<consent::Room> room;
  std::optional<OpenRequest> request;
};

/// What a meeting begins with. Database thread.
Result<OpenedRoom> open_room(Services& services, std::string_view room) {
  BOOST_OUTCOME_TRY(auto statement, present_room(services, room));
  BOOST_OUTCOME_TRY(auto request, open_request(services, statement));
  return OpenedRoom{std::move(statement), std::move(request)};
}

}  // namespace

Meetings::Meetings(Services& services)
    : services_(services),
      unproven_(
          services, [this](consent::Signed<consent::Withdrawal> late) { return finish(std::move(late)); },
          [this](consent::RecordingId recording) { return erase_again(recording); }),
      seals_(services),
      afterwards_(services.executors.control, [&log = services.log](const std::exception_ptr& failure) {
        log.error(
            "an erasure failed; it is tried again when it is asked for again, by a sweep, or at the next start: " +
            exception_text(failure));
      }) {}

Result<void> Meetings::check_serving() const {
  if (phase_ == Phase::serving) return boost::outcome_v2::success();
  return Error(Errc::unavailable, "the service is stopping; come back when it runs again");
}

Result<void> Meetings::check_one_more(const std::string& room, const Opener& opener) {
  if (meetings_.contains(room)) return boost::outcome_v2::success();
  if (meetings_.size() >= services_.config.max_sessions) {
    return Error(Errc::unavailable, "as many meetings as this service takes are under way; try again later",
                 "too_many_sessions");
  }
  std::erase_if(openers_, [&](const auto& item) { return !meetings_.contains(item.first); });
  const auto count = [&](std::string Opener::*of) {
    return std::ranges::count_if(openers_, [&](const auto& item) { return item.second.*of == opener.*of; });
  };
  if (std::cmp_greater_equal(count(&Opener::account), services_.config.max_sessions_per_account)) {
    return Error(
        Errc::unavailable,
        "as many meetings as one account may hold are under way in the rooms of this one; end one, or try later",
        "too_many_sessions_of_account");
  }
  if (std::cmp_less(count(&Opener::address), services_.config.max_sessions_per_address))
    return boost::outcome_v2::success();
  return Error(Errc::rate_limited,
               "as many meetings as one address may open are under way from yours; end one, or try again later",
               "too_many_sessions_of_address");
}

Task<Result<OpenWebSocket>> Meetings::open_socket(Context context) {
  BOOST_OUTCOME_CO_TRY(check_serving());
  const std::string room = context.path[0];
  auto found = co_await services_.in_database([&]() -> Result<std::optional<std::string>> {
    BOOST_OUTCOME_TRY(present_room(services_, room));
    return services_.rooms.owner(room);
  });
  BOOST_OUTCOME_CO_TRY(auto owner, std::move(found));
  std::optional<crypto::Digest> host_login;
  if (owner && !context.user.empty() && *owner == context.user)
    host_login = token_sha256(context.request.cookie(kLoginCookie));
  const std::string address = address_group(context.request.remote_address);
  co_return OpenWebSocket([this, room, host_login, address](std::shared_ptr<WebSocketPeer> peer) {
    // Whoever opens a connection and says nothing does not keep it.
    auto deadline = std::make_shared<asio::steady_timer>(services_.executors.control, services_.config.join_within);
    deadline->async_wait([deadline, to = std::weak_ptr<WebSocketPeer>(peer)](boost::system::error_code cancelled) {
      const auto silent = to.lock();
      if (cancelled || !silent) return;
      silent->send(problem_message(Error(Errc::conflict, "nobody joined in time; connect again", "join_first")));
      silent->close();
    });
    return open_room_socket(*this, {room, host_login, address}, std::move(peer), std::move(deadline));
  });
}

Task<Result<std::shared_ptr<Meeting>>> Meetings::meeting_in(std::string room, std::string address) {
  for (;;) {
    BOOST_OUTCOME_CO_TRY(check_serving());
    const auto found = meetings_.find(room);
    if (found == meetings_.end()) break;
    const std::shared_ptr<Meeting> meeting = found->second;
    if (!meeting->nobody_is_here()) co_return meeting;
    // The last one left; what they leave behind is finished before a new session begins.
    co_await meeting->end();
    const auto still = meetings_.find(room);
    if (still != meetings_.end() && still->second == meeting && meeting->nobody_is_here()) meetings_.erase(still);
  }
  auto looked = co_await services_.in_database([&] { return services_.rooms.owner(room); });
  BOOST_OUTCOME_CO_TRY(const auto owner, std::move(looked));
  const Opener opener{owner.value_or(std::string()), std::move(address)};
  if (!check_one_more(room, opener)) co_await sweep_empty_meetings();
  BOOST_OUTCOME_CO_TRY(check_one_more(room, opener));
  // Statement and request in one job: whatever is written before it is seen, and whoever writes after it finds the
  // meeting here when they are done.
  auto loaded = co_await services_.in_database([&] { return open_room(services_, room); });
  BOOST_OUTCOME_CO_TRY(auto opened, std::move(loaded));
  BOOST_OUTCOME_CO_TRY(check_serving());
  // The recording has ended, though the ledger does not say so yet; or somebody else was faster.
  if (opened.request && seals_.is_over(opened.request->request.body.recording)) opened.request.reset();
  BOOST_OUTCOME_CO_TRY(check_one_more(room, opener));  // many may have come here at once
  auto& place = meetings_[room];
  if (place) co_return place;
  openers_.insert_or_assign(room, opener);
  std::optional<consent::RecordingId> goes_on;
  std::vector<consent::Signed<consent::Withdrawal>> late;
  if (opened.request) goes_on = opened.request->request.body.recording;
  if (goes_on) late = unproven_.of(*goes_on);
  place = std::make_shared<Meeting>(services_, unproven_, seals_, answers_, std::move(opened.room),
                                    std::move(opened.request));
  for (const auto& withdrawal : late) place->hear(withdrawal);
  end_left_open(room, goes_on);
  co_return place;
}

Task<Result<std::optional<consent::RecordingId>>> Meetings::to_go_on_in(std::string room) {
  auto loaded = co_await services_.in_database([&] { return open_room(services_, room); });
  BOOST_OUTCOME_CO_TRY(const auto opened, std::move(loaded));
  std::optional<consent::RecordingId> recording;
  if (opened.request) recording = opened.request->request.body.recording;
  co_return recording;
}

std::shared_ptr<Meeting> Meetings::meeting_about(const consent::RecordingId& recording) const {
  for (const auto& [room, meeting] : meetings_) {
    if (meeting->is_about(recording)) return meeting;
  }
  return nullptr;
}

std::shared_ptr<Meeting> Meetings::meeting_concerned_by(const consent::Withdrawal& withdrawal) const {
  for (const auto& [room, meeting] : meetings_) {
    if (meeting->concerns(withdrawal)) return meeting;
  }
  return nullptr;
}

std::shared_ptr<Meeting> Meetings::meeting_of_session(const consent::SessionId& session) const {
  for (const auto& [room, meeting] : meetings_) {
    if (meeting->session() == session && !meeting->nobody_is_here()) return meeting;
  }
  return nullptr;
}

std::optional<Meetings::Place> Meetings::find_place(std::string_view path) const {
  for (const auto& [room, meeting] : meetings_) {
    Place found{meeting, {}, nullptr};
    found.place = meeting->find_place(path, found.owner);
    if (found.place != nullptr) return found;
  }
  return std::nullopt;
}

std::vector<consent::Signed<consent::Withdrawal>> Meetings::withdrawals_in_effect(std::string_view recording) const {
  const auto id = consent::RecordingId::parse(recording);
  if (!id) return {};
  return unproven_.of(id.value());
}

bool Meetings::was_place(std::string_view path, const crypto::Digest& token) const {
  return std::ranges::any_of(meetings_, [&](const auto& item) { return item.second->was_place(path, token); });
}

void Meetings::room_changed(const consent::Signed<consent::Room>& room) {
  const std::string id = room.body.room.hex();
  const auto found = meetings_.find(id);
  if (found != meetings_.end()) return found->second->room_changed(room);
  end_left_open(id, std::nullopt);
}

void Meetings::hear(const recorder::Event& event) {
  for (const auto& [room, meeting] : meetings_) meeting->hear(event);
}

void Meetings::disk_is_low() {
  for (const auto& [room, meeting] : meetings_) meeting->disk_is_low();
}

void Meetings::stop_at_once(const consent::RecordingId& recording, const crypto::Digest& login) {
  if (const auto running = meeting_about(recording)) running->stop_at_once(recording, login);
}

void Meetings::forget_login(const crypto::Digest& login) {
  for (const auto& [room, meeting] : meetings_) meeting->forget_login(login);
}

Task<Result<void>> Meetings::stop(consent::RecordingId recording) {
  // What closes the gate waits for no disk.
  if (const auto running = meeting_about(recording)) co_await running->stop(recording);
  auto read = co_await services_.in_database([&] { return read_evidence(services_, recording); });
  BOOST_OUTCOME_CO_TRY(auto evidence, std::move(read));
  if (evidence.finished || !evidence.request) co_return boost::outcome_v2::success();
  const auto found = meetings_.find(evidence.request->body.room.hex());
  const std::shared_ptr<Meeting> meeting = found == meetings_.end() ? nullptr : found->second;
  // From here on no session takes it up again.
  seals_.mark_over(recording);
  if (meeting) co_await meeting->stop(recording);
  // Nobody came back to it since the service was started, or the meeting could not write the seal.
  SealOrder last{recording, std::nullopt, consent::EndReason::stopped};
  auto sealed = co_await seals_.write(std::move(last));
  if (sealed) co_return boost::outcome_v2::success();
  const std::string why = sealed.error().text;
  co_return Error(Errc::unavailable, "the recording has ended; its seal follows by itself (" + why + ")",
                  "seal_follows");
}

Task<void> Meetings::close_room(std::string room) {
  for (;;) {
    const auto found = meetings_.find(room);
    if (found == meetings_.end()) co_return;
    const std::shared_ptr<Meeting> meeting = found->second;
    co_await meeting->end();
    const auto still = meetings_.find(room);
    if (still != meetings_.end() && still->second == meeting && meeting->nobody_is_here()) meetings_.erase(still);
  }
}

Task<void> Meetings::end_all() {
  phase_ = Phase::ending;
  seals_.end();
  std::vector<std::shared_ptr<Meeting>> all;
  for (const auto& [room, meeting] : meetings_) all.push_back(meeting);
  // Every gate is closed before any disk is waited for.
  for (const auto& meeting : all) meeting->everybody_out();
  for (const auto& meeting : all) co_await meeting->end();
  // A withdrawal that has arrived is looked up, then written: after two turns of the one thread that does both it is in
  // a queue, kept, or answered.
  for (int turn = 0; turn < 2; ++turn) (void)co_await services_.in_database([] { return true; });
  co_await afterwards_.all_drained();
  co_await unproven_.try_all();
  co_await seals_.settle_all();
}

}  // namespace unavoce::server
