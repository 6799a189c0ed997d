// What the statements of the ledger say about files and keys, for an inspection.
#include <algorithm>

#include "consent/inspection_state.hpp"

namespace unavoce::consent {
namespace {

/// Reads a statement of kind S; nothing, and a fault, if it is none, or about something else than its entry.
template <class S>
std::optional<Signed<S>> read(InspectionState& state, const Entry& entry, const std::string& subject) {
  auto statement = parse_statement<S>(entry.envelope);
  if (!statement) {
    state.fault(DamageKind::changed, subject, "its statement is not good: " + statement.error().text);
    return std::nullopt;
  }
  std::string about;
  if constexpr (std::is_same_v<S, Room>) {
    about = statement.value().body.room.hex();
  } else {
    about = statement.value().body.recording.hex();
  }
  if (statement.value().id == entry.id && about == entry.recording) return std::move(statement).value();
  state.fault(DamageKind::swapped, subject, "its statement has another id, or is about " + about);
  return std::nullopt;
}

void take_in_seal(InspectionState& state, const Entry& entry, const Seal& seal, const std::string& subject) {
  RecordingFiles& files = state.result.recordings[entry.recording];
  if (seal.take) files.sealed_takes.insert(*seal.take);
  for (const SealedTrack& track : seal.tracks) files.sealed.insert_or_assign(track.name, track);
  if (seal.entries && *seal.entries != entry.sequence + 1)
    state.fault(
        DamageKind::missing, subject,
        "it counts " + std::to_string(*seal.entries) + " entries, its place is " + std::to_string(entry.sequence + 1));
}

}  // namespace

void take_in_statement(InspectionState& state, const Entry& entry, const std::string& subject) {
  if (entry.kind == kind_name<Room>()) {
    if (auto room = read<Room>(state, entry, subject)) state.rooms.emplace(room->id, std::move(room->body));
    return;
  }
  RecordingFiles& files = state.result.recordings[entry.recording];
  if (entry.kind == kind_name<Request>()) {
    if (auto request = read<Request>(state, entry, subject))
      state.requests.emplace(entry.recording, std::move(request->body));
  } else if (entry.kind == kind_name<Approval>()) {
    if (auto approval = read<Approval>(state, entry, subject)) {
      const Approval& body = approval->body;
      state.approval_rows[entry.recording].push_back({approval->id, body.key, body.scope, entry.sequence});
      state.approvals.emplace(approval->id, ApprovalState{entry.recording, std::move(approval->body)});
    }
  } else if (entry.kind == kind_name<Refusal>()) {
    (void)read<Refusal>(state, entry, subject);
  } else if (entry.kind == kind_name<Withdrawal>()) {
    if (auto withdrawal = read<Withdrawal>(state, entry, subject))
      state.withdrawal_rows[entry.recording].push_back({withdrawal->body.key, withdrawal->body.kinds, entry.sequence});
  } else if (entry.kind == kind_name<Take>()) {
    if (auto take = read<Take>(state, entry, subject)) state.takes[entry.recording].push_back(std::move(take->body));
  } else if (entry.kind == kind_name<Track>()) {
    if (auto track = read<Track>(state, entry, subject)) files.tracks.push_back(std::move(track->body));
  } else if (entry.kind == kind_name<Seal>()) {
    if (auto seal = read<Seal>(state, entry, subject)) take_in_seal(state, entry, seal->body, subject);
  } else if (entry.kind == kind_name<Erased>()) {
    if (auto erased = read<Erased>(state, entry, subject))
      files.erased.insert(erased->body.what.begin(), erased->body.what.end());
  } else {
    state.fault(DamageKind::changed, subject, "there is no such kind of statement");
  }
}

void apply_withdrawals(InspectionState& state) {
  for (auto& [recording, files] : state.result.recordings) {
    const auto gone = wholly_withdrawn(state.approval_rows[recording], state.withdrawal_rows[recording]);
    state.withdrawn.insert(gone.begin(), gone.end());
    const auto covered = [&](const StatementId& id) { return std::ranges::count(gone, id) != 0; };

    std::set<std::uint32_t> whole_takes;
    const auto request = state.requests.find(recording);
    const auto room =
        request == state.requests.end() ? state.rooms.end() : state.rooms.find(request->second.room_statement);
    if (room != state.rooms.end() && room->second.withdrawal_erases == WithdrawalErases::whole_takes) {
      for (const Take& take : state.takes[recording])
        if (std::ranges::any_of(take.approvals, covered)) whole_takes.insert(take.take);
    }
    for (const Track& track : files.tracks)
      if (covered(track.approval) || whole_takes.contains(track.take)) files.withdrawn.insert(track.name);
  }
}

}  // namespace unavoce::consent
