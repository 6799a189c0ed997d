#include "consent/meeting.hpp"

#include <algorithm>

namespace unavoce::consent {
namespace {

bool host_in_room(const MeetingState& state) noexcept {
  return std::ranges::any_of(state.members, [](const auto& entry) {
    return entry.second.place == Place::room && entry.second.role == Role::host;
  });
}

}  // namespace

bool gate_is_open(const MeetingState& state) noexcept {
  return state.recording && state.recording->running;
}

void forget_resting(Recording& recording, const crypto::PublicKey& key) {
  std::erase_if(recording.resting, [&](const auto& entry) {
    const auto approval = recording.approvals.find(entry.second);
    return approval != recording.approvals.end() && approval->second.key == key;
  });
}

Scope may_be_recorded(const MeetingState& state, const RecordingId& recording, std::uint32_t take,
                      const StatementId& approval) {
  if (!gate_is_open(state) || state.recording->terms.recording != recording) return {};
  const RunningTake& running = *state.recording->running;
  const auto seat = std::ranges::find(running.roster, approval, &Seat::approval);
  return running.take == take && seat != running.roster.end() ? seat->scope : Scope{};
}

bool answers_at_the_door(const MeetingState& state, const Room& room, Role role) noexcept {
  return room.lobby && state.recording.has_value() && role != Role::host;
}

std::vector<ParticipantId> may_enter(const MeetingState& state) {
  std::vector<ParticipantId> entering;
  for (const auto& [participant, member] : state.members)
    if (member.place == Place::lobby && (!state.recording || has_live_approval(state, member)))
      entering.push_back(participant);
  return entering;
}

bool is_in_room(const MeetingState& state, const ParticipantId& participant) noexcept {
  const auto found = state.members.find(participant);
  return found != state.members.end() && found->second.place == Place::room;
}

bool has_live_approval(const MeetingState& state, const Member& member) noexcept {
  if (!state.recording || member.answer != Answer::approved || !member.approval) return false;
  const auto found = state.recording->approvals.find(*member.approval);
  return found != state.recording->approvals.end() && found->second.expires > state.now &&
         state.recording->terms.minimum_scope.subset_of(found->second.scope);
}

std::optional<std::vector<Seat>> complete_roster(const MeetingState& state) {
  if (!state.recording || !state.faults.empty() || !host_in_room(state)) return std::nullopt;
  std::vector<Seat> seats;
  for (const auto& [participant, member] : state.members) {
    if (member.place == Place::lobby) continue;
    if (!has_live_approval(state, member)) return std::nullopt;
    seats.push_back({participant, *member.approval, member.key, state.recording->approvals.at(*member.approval).scope});
  }
  std::ranges::sort(seats, {}, &Seat::approval);
  return seats;
}

std::vector<ParticipantId> waiting_for(const MeetingState& state) {
  std::vector<ParticipantId> waiting;
  if (!state.recording) return waiting;
  for (const auto& [participant, member] : state.members)
    if (member.place == Place::room && !has_live_approval(state, member)) waiting.push_back(participant);
  return waiting;
}

bool only_counts_are_shown(const MeetingState& state) {
  return state.recording && !state.recording->terms.names_refusals && !waiting_for(state).empty();
}

AnswerCounts count_answers(const MeetingState& state) noexcept {
  AnswerCounts counts;
  if (!state.recording) return counts;
  for (const auto& [participant, member] : state.members) {
    if (member.place == Place::lobby) continue;
    ++counts.people;
    if (has_live_approval(state, member)) ++counts.approved;
    if (member.answer == Answer::refused) ++counts.refused;
  }
  return counts;
}

std::vector<ParticipantId> shown_waiting(const MeetingState& state, const ParticipantId& viewer) {
  auto waiting = waiting_for(state);
  if (only_counts_are_shown(state)) std::erase_if(waiting, [&](const auto& who) { return who != viewer; });
  return waiting;
}

bool somebody_refused(const MeetingState& state) noexcept {
  return std::ranges::any_of(state.members, [](const auto& entry) {
    return entry.second.place == Place::room && entry.second.answer == Answer::refused;
  });
}

std::optional<ClosedReason> closed_reason(const MeetingState& state) {
  if (gate_is_open(state)) return std::nullopt;
  if (!state.recording) return ClosedReason::no_request;
  if (state.faults.contains(Part::ledger)) return ClosedReason::ledger_fault;
  if (state.faults.contains(Part::recorder)) return ClosedReason::recorder_fault;
  if (!host_in_room(state)) return ClosedReason::no_host;
  if (somebody_refused(state) && state.recording->terms.names_refusals) return ClosedReason::refused;
  if (!waiting_for(state).empty()) return ClosedReason::waiting;
  return ClosedReason::preparing;
}

ShownAnswer shown_answer(const MeetingState& state, const ParticipantId& participant, const ParticipantId& viewer) {
  const auto found = state.members.find(participant);
  if (!state.recording || found == state.members.end()) return ShownAnswer::none;
  // Everybody's, not only the refusal itself: whoever is left over when the others' answers are known is known too.
  const bool unnamed_at_the_door = found->second.place == Place::lobby && !state.recording->terms.names_refusals;
  if (participant != viewer && (only_counts_are_shown(state) || unnamed_at_the_door)) return ShownAnswer::hidden;
  switch (found->second.answer) {
    case Answer::approved:
      return ShownAnswer::approved;
    case Answer::refused:
      return ShownAnswer::refused;
    case Answer::withdrawn:
      return ShownAnswer::withdrawn;
    case Answer::none:
      break;
  }
  return ShownAnswer::none;
}

std::string_view name_of(ClosedReason reason) noexcept {
  switch (reason) {
    case ClosedReason::no_request:
      return "no_request";
    case ClosedReason::ledger_fault:
      return "ledger_fault";
    case ClosedReason::recorder_fault:
      return "recorder_fault";
    case ClosedReason::no_host:
      return "no_host";
    case ClosedReason::refused:
      return "refused";
    case ClosedReason::waiting:
      return "waiting";
    case ClosedReason::preparing:
      return "preparing";
  }
  return "unknown";
}

std::string_view name_of(ShownAnswer answer) noexcept {
  switch (answer) {
    case ShownAnswer::none:
      return "none";
    case ShownAnswer::approved:
      return "approved";
    case ShownAnswer::refused:
      return "refused";
    case ShownAnswer::withdrawn:
      return "withdrawn";
    case ShownAnswer::hidden:
      return "hidden";
  }
  return "unknown";
}

}  // namespace unavoce::consent
