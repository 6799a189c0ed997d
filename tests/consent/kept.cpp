#include "kept.hpp"

#include <algorithm>

namespace unavoce::consent::test {

const RequestTerms* Kept::request(const StatementId& id) const {
  const auto found = std::ranges::find(requests_, id, &RequestTerms::request);
  return found == requests_.end() ? nullptr : &*found;
}

Kept::Place Kept::put(const RecordingId& recording, Moment order, const Event& event) {
  return {recording, rows_[recording].emplace(order, event)};
}

/// The same approval has one row, however often it is told.
void Kept::hear_approved(const Approved& approved) {
  const auto* terms = request(approved.request);
  if (!terms) return;
  for (const auto& [order, event] : rows_[terms->recording])
    if (const auto* known = std::get_if<Approved>(&event); known && known->id == approved.id) return;
  put(terms->recording, 2 * approved.as_of, approved);
}

void Kept::hear(const Event& event, Moment told, const MeetingState& state) {
  last_.reset();
  if (const auto* asked = std::get_if<Requested>(&event)) {
    const bool in_force = state.recording && state.recording->terms.request == asked->terms.request;
    if (in_force && !request(asked->terms.request)) requests_.push_back(asked->terms);
  } else if (const auto* approved = std::get_if<Approved>(&event)) {
    hear_approved(*approved);
  } else if (const auto* refused = std::get_if<Refused>(&event)) {
    // Only somebody who is here can refuse, and only what is asked (admit).
    const bool admitted = state.recording && state.recording->terms.request == refused->request &&
                          state.members.contains(refused->participant);
    if (admitted) last_ = put(state.recording->terms.recording, 2 * told + 1, event);
  } else if (const auto* withdrawn = std::get_if<Withdrawn>(&event)) {
    if (std::ranges::count(requests_, withdrawn->recording, &RequestTerms::recording) != 0)
      last_ = put(withdrawn->recording, 2 * told + 1, event);
  }
}

void Kept::forget_last() {
  if (last_) rows_.at(last_->first).erase(last_->second);
  last_.reset();
}

std::optional<RequestTerms> Kept::open_request(const std::set<RecordingId>& sealed, const StatementId& room_statement,
                                               TimeMs now) const {
  if (requests_.empty()) return std::nullopt;
  const auto& newest = requests_.back();
  if (sealed.contains(newest.recording) || newest.room_statement != room_statement || newest.expires <= now)
    return std::nullopt;
  return newest;
}

std::vector<Event> Kept::answers(const RecordingId& recording) const {
  std::vector<Event> answers;
  if (const auto found = rows_.find(recording); found != rows_.end())
    for (const auto& [order, event] : found->second) answers.push_back(event);
  return answers;
}

std::vector<StatementId> Kept::withdrawn(const RecordingId& recording) const {
  std::vector<ApprovalRow> approvals;
  std::vector<WithdrawalRow> withdrawals;
  std::uint64_t sequence = 0;
  for (const auto& event : answers(recording)) {
    ++sequence;
    if (const auto* approved = std::get_if<Approved>(&event))
      approvals.push_back({approved->id, approved->key, approved->scope, sequence});
    if (const auto* withdrawn = std::get_if<Withdrawn>(&event))
      withdrawals.push_back({withdrawn->key, withdrawn->kinds, sequence});
  }
  return wholly_withdrawn(approvals, withdrawals);
}

}  // namespace unavoce::consent::test
