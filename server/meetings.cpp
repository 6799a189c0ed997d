#include "server/meetings.hpp"

#include <algorithm>

#include "server/clock.hpp"
#include "server/erasure.hpp"
#include "server/evidence.hpp"
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
      answers.push_back(consent::Refused{refusal.body.request, refusal.body.participant});
    } else if (entry.kind == "withdrawal") {
      BOOST_OUTCOME_TRY(auto withdrawal, consent::parse_statement<consent::Withdrawal>(entry.envelope));
      answers.push_back(consent::withdrawn_by(withdrawal));
    }
  }
  return answers;
}

}  // namespace

Meetings::Meetings(Services& services)
    : services_(services),
      afterwards_(std::make_shared<JobQueue>(services.executors.control, [&log = services.log](std::exception_ptr) {
        log.error("a withdrawal after a session failed; it is finished at the next start");
      })) {}

Task<Result<OpenWebSocket>> Meetings::open_socket(Context context) {
  const std::string room = context.path[0];
  auto found = co_await services_.in_database([&]() -> Result<std::optional<std::string>> {
    BOOST_OUTCOME_TRY(present_room(services_, room));
    return services_.rooms.owner(room);
  });
  BOOST_OUTCOME_CO_TRY(auto owner, std::move(found));
  const HostRight right =
      owner && !context.user.empty() && *owner == context.user ? HostRight::granted : HostRight::denied;
  co_return OpenWebSocket([this, room, right](std::shared_ptr<WebSocketPeer> peer) {
    return open_room_socket(*this, room, right, std::move(peer));
  });
}

Task<Result<std::shared_ptr<Meeting>>> Meetings::meeting_in(std::string room) {
  for (;;) {
    const auto found = meetings_.find(room);
    if (found == meetings_.end()) break;
    const std::shared_ptr<Meeting> meeting = found->second;
    if (!meeting->nobody_is_here()) co_return meeting;
    // The last one left; what they leave behind is finished before a new session begins.
    co_await meeting->end();
    const auto still = meetings_.find(room);
    if (still != meetings_.end() && still->second == meeting && meeting->nobody_is_here()) meetings_.erase(still);
  }
  auto loaded = co_await services_.in_database([&] { return present_room(services_, room); });
  BOOST_OUTCOME_CO_TRY(auto statement, std::move(loaded));
  auto reopened = co_await open_request(statement);
  BOOST_OUTCOME_CO_TRY(auto open, std::move(reopened));
  // What happened while we looked: the recording was given up, or somebody else was faster.
  if (open && given_up_.contains(open->request.body.recording)) open.reset();
  auto& place = meetings_[room];
  if (!place) place = std::make_shared<Meeting>(services_, std::move(statement), std::move(open));
  co_return place;
}

Task<Result<std::optional<OpenRequest>>> Meetings::open_request(const consent::Signed<consent::Room>& room) {
  co_return co_await services_.in_database([&]() -> Result<std::optional<OpenRequest>> {
    BOOST_OUTCOME_TRY(auto recordings, services_.rooms.recordings_in(room.body.room.hex()));
    if (recordings.empty()) return std::optional<OpenRequest>();
    BOOST_OUTCOME_TRY(auto id, consent::RecordingId::parse(recordings.front()));
    BOOST_OUTCOME_TRY(auto evidence, read_evidence(services_, id));
    if (evidence.finished || !evidence.request) return std::optional<OpenRequest>();
    auto& request = *evidence.request;
    if (request.body.room_statement != room.id || request.body.expires_ms <= wall_time()) {
      return std::optional<OpenRequest>();
    }
    BOOST_OUTCOME_TRY(auto answers, answers_to(services_, id));
    std::uint32_t next_take = 1;
    for (const auto& take : evidence.takes) next_take = std::max(next_take, take.body.take + 1);
    OpenRequest open{request, consent::restored(terms_of(request, evidence.extent), answers, next_take), {}};
    for (auto& approval : evidence.approvals) open.approvals.emplace(approval.id, std::move(approval));
    return std::optional<OpenRequest>(std::move(open));
  });
}

std::shared_ptr<Meeting> Meetings::meeting_about(const consent::RecordingId& recording) const {
  for (const auto& [room, meeting] : meetings_) {
    if (meeting->is_about(recording)) return meeting;
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

bool Meetings::was_place(std::string_view path, const crypto::Digest& token) const {
  return std::ranges::any_of(meetings_, [&](const auto& item) { return item.second->was_place(path, token); });
}

void Meetings::room_changed(const consent::Signed<consent::Room>& room) {
  const auto found = meetings_.find(room.body.room.hex());
  if (found != meetings_.end()) found->second->room_changed(room);
}

void Meetings::hear(const recorder::Event& event) {
  for (const auto& [room, meeting] : meetings_) meeting->hear(event);
}

Task<Result<Accepted>> Meetings::withdraw_afterwards(consent::Signed<consent::Withdrawal> withdrawal) {
  const consent::RecordingId recording = withdrawal.body.recording;
  std::optional<Result<consent::Entry>> row;
  std::optional<Result<void>> erased;
  afterwards_->add([&]() -> Task<void> {
    auto named = co_await services_.in_database([&] { return withdrawn_by_this(services_, withdrawal.body); });
    if (!named) {
      row.emplace(std::move(named).error());
      co_return;
    }
    row.emplace(co_await services_.in_database([&]() -> Result<consent::Entry> {
      const auto entry = consent::new_entry(withdrawal);
      BOOST_OUTCOME_TRY(auto appended, append(services_, {&entry, 1}));
      return std::move(appended.front());
    }));
    // Also when the row could not be written: erase anyway, the proof follows.
    erased.emplace(co_await erase_withdrawn(services_, recording, std::move(named).value()));
  });
  co_await afterwards_->drained();
  if (!row) co_return Error(Errc::unavailable, "send the withdrawal again in a moment", "proof_follows");
  if (!row->has_value() && !erased) co_return std::move(*row).error();
  if (!row->has_value() || !erased->has_value()) {
    co_return Error(Errc::unavailable, "your withdrawal is in effect; the proof follows: send it again in a moment",
                    "proof_follows");
  }
  co_return Accepted{std::move(row->value()), std::nullopt};
}

Task<Result<void>> Meetings::erase_recording(std::string recording) {
  // Keys first: from then on the files are noise, whatever happens to the rest.
  auto erased = co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.ledger.erase_recording(recording));
    return boost::outcome_v2::success();
  });
  BOOST_OUTCOME_CO_TRY(std::move(erased));
  auto files = co_await on(services_.executors.workers, [&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.blobs.erase_recording(recording));
    return boost::outcome_v2::success();
  });
  BOOST_OUTCOME_CO_TRY(std::move(files));
  co_return co_await services_.in_database([&] { return services_.rooms.remove_recording(recording); });
}

Task<Result<void>> Meetings::erase_room(std::string room) {
  if (const auto found = meetings_.find(room); found != meetings_.end()) {
    const std::shared_ptr<Meeting> meeting = found->second;
    co_await meeting->end();
    meetings_.erase(room);
  }
  auto recordings = co_await services_.in_database([&] { return services_.rooms.recordings_in(room); });
  BOOST_OUTCOME_CO_TRY(auto list, std::move(recordings));
  for (const std::string& recording : list) {
    auto erased = co_await erase_recording(recording);
    BOOST_OUTCOME_CO_TRY(std::move(erased));
  }
  co_return co_await services_.in_database([&]() -> Result<void> {
    BOOST_OUTCOME_TRY(services_.ledger.erase_recording(room));
    return services_.rooms.remove_room(room);
  });
}

Task<void> Meetings::end_all() {
  std::vector<std::shared_ptr<Meeting>> all;
  for (const auto& [room, meeting] : meetings_) all.push_back(meeting);
  for (const auto& meeting : all) co_await meeting->end();
  co_await afterwards_->drained();
}

}  // namespace unavoce::server
