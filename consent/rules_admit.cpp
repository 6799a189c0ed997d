// From statements to events and back (admit, withdrawn_by, left_of, wholly_withdrawn, is_overruled, restored), and what
// a state means for what comes (is_wanted, next_deadline).
#include <algorithm>

#include "consent/rules.hpp"

namespace unavoce::consent {
namespace {

/// What an approval and a refusal have in common: the right request, by somebody who is here, under their own key.
template <class Answered>
Result<void> check_is_asked(const MeetingState& state, const Answered& body) {
  if (!state.recording || state.recording->terms.request != body.request)
    return Error(Errc::unknown_reference,
                 "the answer names a request that is not in force here; answer the present one");
  if (state.recording->terms.recording != body.recording)
    return Error(Errc::unknown_reference, "the answer names another recording than its request");
  const auto member = state.members.find(body.participant);
  if (member == state.members.end())
    return Error(Errc::not_permitted, "the answer is by somebody who is not in this session; join first");
  if (member->second.key != body.key)
    return Error(Errc::not_permitted, "the answer is signed by another key than this participant joined with");
  if (member->second.role != body.role)
    return Error(Errc::not_permitted, "the answer claims another role than this participant has in the session");
  return boost::outcome_v2::success();
}

}  // namespace

Result<Requested> admit(const MeetingState& state, const Signed<Request>& request, const Signed<Room>& room) {
  const auto& body = request.body;
  if (room.id != state.room_statement || body.room_statement != room.id)
    return Error(Errc::conflict,
                 "the request is about another room statement than the one in force; load it and ask again");
  if (state.ended.contains(body.recording))
    return Error(Errc::conflict, "this recording is over; a new one needs a new recording id");
  if (state.recording && state.recording->terms.recording == body.recording)
    return Error(Errc::conflict, "this recording is requested already");
  if (body.expires_ms <= state.now) return Error(Errc::expired, "the request has expired; ask again");
  return Requested{{request.id, body.recording, body.room_statement, body.scope, body.minimum_scope,
                    body.names_refusals, room.body.withdrawal_erases, body.expires_ms}};
}

Result<Approved> admit(const MeetingState& state, const Signed<Approval>& approval) {
  const auto& body = approval.body;
  BOOST_OUTCOME_TRY(check_is_asked(state, body));
  const auto& recording = *state.recording;
  if (recording.withdrawn.contains(body.key))
    return Error(Errc::not_permitted,
                 "this key has withdrawn everything from this recording, for good; join again with a fresh key");
  if (recording.approvals.contains(approval.id) || recording.gone.contains(approval.id))
    return Error(Errc::replayed, "this approval was given before; a new one needs a new challenge");
  if (body.expires_ms <= state.now) return Error(Errc::expired, "the approval has expired; approve again");
  return Approved{approval.id, body.request, body.participant, body.key, body.scope, body.expires_ms, state.moment};
}

Result<Refused> admit(const MeetingState& state, const Signed<Refusal>& refusal) {
  BOOST_OUTCOME_TRY(check_is_asked(state, refusal.body));
  return Refused{refusal.body.request, refusal.body.participant, refusal.body.key};
}

Result<Confirmed> admit(const MeetingState& state, const Signed<Confirmation>& confirmation) {
  const auto& body = confirmation.body;
  if (!state.recording || state.recording->terms.recording != body.recording)
    return Error(Errc::unknown_reference, "the confirmation is about a recording that is not asked for here now");
  const auto member = state.members.find(body.participant);
  if (member == state.members.end() || member->second.key != body.key)
    return Error(Errc::not_permitted, "the confirmation is by somebody who is not here under this key; join first");
  const auto resting = state.recording->resting.find(body.participant);
  if (resting == state.recording->resting.end() || resting->second != body.approval)
    return Error(
        Errc::unknown_reference,
        "there is no approval of yours to confirm: it was taken back, refused or replaced; answer the request");
  return Confirmed{body.participant, body.key};
}

Withdrawn withdrawn_by(const Signed<Withdrawal>& withdrawal) {
  return {withdrawal.body.recording, withdrawal.body.key, withdrawal.body.kinds};
}

bool leaves_nothing(Scope granted, Scope taken) noexcept {
  return !granted.empty() && granted.subset_of(taken);
}

std::optional<Scope> left_of(const ApprovalRow& approval, std::span<const WithdrawalRow> withdrawals) {
  Scope taken;
  for (const auto& withdrawal : withdrawals) {
    if (withdrawal.key != approval.key) continue;
    if (withdrawal.kinds == Scope::all()) return std::nullopt;
    if (withdrawal.sequence > approval.sequence) taken = taken.with(withdrawal.kinds);
  }
  if (leaves_nothing(approval.scope, taken)) return std::nullopt;
  return approval.scope.without(taken);
}

std::vector<StatementId> wholly_withdrawn(std::span<const ApprovalRow> approvals,
                                          std::span<const WithdrawalRow> withdrawals) {
  std::vector<StatementId> gone;
  for (const auto& approval : approvals)
    if (!left_of(approval, withdrawals)) gone.push_back(approval.id);
  return gone;
}

bool is_overruled(std::span<const StatementId> named, std::span<const AnswerRow> answers) {
  return std::ranges::any_of(named, [&](const StatementId& id) {
    const auto given = std::ranges::find(answers, id, &AnswerRow::id);
    return given == answers.end() || std::ranges::any_of(answers, [&](const AnswerRow& later) {
             return later.key == given->key && later.sequence > given->sequence;
           });
  });
}

bool is_wanted(const MeetingState& state, const RecordingId& recording, std::uint32_t take, TimeMs now) {
  const MeetingState then = step(state, Tick{}, now).state;
  const auto& preparation = then.preparation;
  return preparation && preparation->recording == recording && preparation->take == take && !preparation->outdated;
}

std::optional<TimeMs> next_deadline(const MeetingState& state) {
  if (!state.recording) return std::nullopt;
  auto deadline = state.recording->terms.expires;
  for (const auto& [participant, member] : state.members)
    if (has_live_approval(state, member))
      deadline = std::min(deadline, state.recording->approvals.at(*member.approval).expires);
  return deadline;
}

MeetingState restored(const RequestTerms& terms, std::span<const Event> answers, std::uint32_t next_take) {
  MeetingState state;
  state.room_statement = terms.room_statement;
  state.recording.emplace(terms);
  state.recording->next_take = next_take;
  for (const auto& event : answers) {
    if (const auto* refused = std::get_if<Refused>(&event)) {
      state.recording->resting.erase(refused->participant);
      forget_resting(*state.recording, refused->key);
    }
    if (const auto* withdrawn = std::get_if<Withdrawn>(&event)) state = step(std::move(state), *withdrawn, {}).state;
    if (const auto* approved = std::get_if<Approved>(&event)) {
      auto in_order = *approved;
      in_order.as_of = state.moment;  // the ledger's order is the order of arrival here
      state = step(std::move(state), in_order, {}).state;
      if (state.recording->approvals.contains(approved->id))
        state.recording->resting.insert_or_assign(approved->participant, approved->id);
    }
  }
  return state;
}

}  // namespace unavoce::consent
