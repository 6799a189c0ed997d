#include "oracle.hpp"

#include <algorithm>
#include <iterator>

namespace unavoce::consent::test {

void Oracle::hear(const Event& event, TimeMs now) {
  history_.push_back({event, history_.empty() ? now : std::max(now, history_.back().time)});
}

void Oracle::restart(const std::set<RecordingId>& sealed, TimeMs now) {
  restarts_.emplace(history_.size(), sealed);
  history_.push_back({Tick{}, now});
}

bool Oracle::forget_last_word() {
  if (history_.empty()) return false;
  auto& last = history_.back().event;
  if (!std::holds_alternative<Refused>(last) && !std::holds_alternative<Withdrawn>(last)) return false;
  last = Tick{};
  return true;
}

/// The fact with which the service began that runs at `end`.
std::size_t Oracle::started(std::size_t end) const {
  const auto next = restarts_.lower_bound(end);
  return next == restarts_.begin() ? 0 : std::prev(next)->first;
}

/// Whether a service that starts goes on with a request: no final seal, the same room, not expired.
bool Oracle::taken_up(const RequestTerms& terms, std::size_t restart) const {
  return !restarts_.at(restart).contains(terms.recording) && terms.room_statement == room_statement_at(restart) &&
         terms.expires > history_[restart].time;
}

StatementId Oracle::room_statement_at(std::size_t end) const {
  for (std::size_t i = end; i-- > 0;)
    if (const auto* changed = std::get_if<RoomChanged>(&history_[i].event)) return changed->room_statement;
  return first_room_;
}

/// A request counts if it is the first word about its recording, under the present room statement, and not too late.
bool Oracle::accepted(std::size_t index) const {
  const auto* asked = std::get_if<Requested>(&history_[index].event);
  if (!asked || asked->terms.room_statement != room_statement_at(index)) return false;
  if (asked->terms.expires <= history_[index].time) return false;
  for (std::size_t i = 0; i < index; ++i)
    if (const auto* earlier = std::get_if<Requested>(&history_[i].event))
      if (earlier->terms.recording == asked->terms.recording) return false;
  return true;
}

bool Oracle::in_force_at(std::size_t since, std::size_t end) const {
  const auto& terms = std::get<Requested>(history_[since].event).terms;
  if (end > 0 && history_[end - 1].time >= terms.expires) return false;
  for (std::size_t i = since + 1; i < end; ++i)
    if (accepted(i)) return false;
  const auto start = started(end);
  if (start > since && !taken_up(terms, start)) return false;
  std::set<ParticipantId> inside;
  for (std::size_t i = start; i < end; ++i) {
    const auto& event = history_[i].event;
    if (const auto* joined = std::get_if<Joined>(&event)) inside.insert(joined->participant);
    if (const auto* left = std::get_if<Left>(&event))
      if (inside.erase(left->participant) == 1 && inside.empty() && i > since) return false;
    if (i <= since) continue;
    if (const auto* stopped = std::get_if<Stopped>(&event))
      if (stopped->recording == terms.recording) return false;
    if (const auto* changed = std::get_if<RoomChanged>(&event))
      if (changed->room_statement != room_statement_at(i)) return false;
  }
  return true;
}

std::optional<std::pair<std::size_t, RequestTerms>> Oracle::request() const {
  for (std::size_t i = history_.size(); i-- > 0;)
    if (accepted(i)) {
      if (!in_force_at(i, history_.size())) return std::nullopt;
      return std::pair(i, std::get<Requested>(history_[i].event).terms);
    }
  return std::nullopt;
}

std::map<ParticipantId, Presence> Oracle::present() const {
  return present_at(history_.size());
}

std::map<ParticipantId, Presence> Oracle::present_at(std::size_t end) const {
  std::map<ParticipantId, Presence> people;
  for (std::size_t i = started(end); i < end; ++i) {
    const auto& event = history_[i].event;
    if (const auto* left = std::get_if<Left>(&event)) people.erase(left->participant);
    if (const auto* knocked = std::get_if<Knocked>(&event)) {
      const auto known = people.find(knocked->participant);
      if (known == people.end() || !known->second.in_room)
        people.insert_or_assign(knocked->participant, Presence{knocked->key, knocked->role, false, i});
    }
    if (const auto* joined = std::get_if<Joined>(&event)) {
      const auto known = people.find(joined->participant);
      const bool from_lobby = known != people.end() && !known->second.in_room && known->second.key == joined->key &&
                              known->second.role == joined->role;
      const auto arrived = from_lobby ? known->second.arrived : i;
      people.insert_or_assign(joined->participant, Presence{joined->key, joined->role, true, arrived});
    }
  }
  return people;
}

std::optional<std::size_t> Oracle::told(const StatementId& approval, std::size_t since) const {
  for (std::size_t i = since; i < history_.size(); ++i)
    if (const auto* approved = std::get_if<Approved>(&history_[i].event))
      if (approved->id == approval) return i;
  return std::nullopt;
}

/// Fact i became moment i + 1, so a fact is later than what was known at `as_of` if i + 1 > as_of.
Scope Oracle::taken_from(const Approved& approval, std::size_t since, std::size_t end) const {
  const auto& recording = std::get<Requested>(history_[since].event).terms.recording;
  Scope taken;
  for (std::size_t i = std::max<std::size_t>(since, approval.as_of); i < end; ++i)
    if (const auto* withdrawn = std::get_if<Withdrawn>(&history_[i].event))
      if (withdrawn->key == approval.key && withdrawn->recording == recording && withdrawn->kinds != Scope::all())
        taken = taken.with(withdrawn->kinds);
  return taken;
}

bool Oracle::withdrew(const crypto::PublicKey& key, const RecordingId& recording, std::size_t since,
                      std::size_t end) const {
  for (std::size_t i = since; i < end; ++i)
    if (const auto* withdrawn = std::get_if<Withdrawn>(&history_[i].event))
      if (withdrawn->key == key && withdrawn->recording == recording && withdrawn->kinds == Scope::all()) return true;
  return false;
}

bool Oracle::refused_between(const Approved& approval, std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i)
    if (const auto* refused = std::get_if<Refused>(&history_[i].event))
      if (refused->participant == approval.participant && refused->request == approval.request) return true;
  return false;
}

/// Was (with end = index + 1) or is (with end = now) the approval of fact `index` one that counts?
bool Oracle::good(std::size_t index, std::size_t since, const RequestTerms& terms, std::size_t end) const {
  const auto& approval = std::get<Approved>(history_[index].event);
  const auto taken = taken_from(approval, since, end);
  const bool nothing_left = !approval.scope.empty() && approval.scope.without(taken).empty();
  return approval.request == terms.request && !withdrew(approval.key, terms.recording, since, end) && !nothing_left &&
         terms.minimum_scope.subset_of(approval.scope.without(taken)) && approval.expires > history_[end - 1].time &&
         !refused_between(approval, std::max<std::size_t>(since, approval.as_of), end);
}

bool Oracle::broken() const {
  std::set<Part> faults;
  for (std::size_t i = started(history_.size()); i < history_.size(); ++i) {
    if (const auto* fault = std::get_if<Fault>(&history_[i].event)) faults.insert(fault->part);
    if (const auto* recovered = std::get_if<Recovered>(&history_[i].event)) faults.erase(recovered->part);
  }
  return !faults.empty();
}

bool Oracle::host_in_room() const {
  return std::ranges::any_of(present(),
                             [](const auto& entry) { return entry.second.in_room && entry.second.role == Role::host; });
}

std::optional<std::set<StatementId>> Oracle::who_may_be_recorded() const {
  const auto asked = request();
  if (!asked || broken() || !host_in_room()) return std::nullopt;
  const auto& [since, terms] = *asked;
  std::set<StatementId> named;
  for (const auto& [participant, presence] : present()) {
    if (!presence.in_room) continue;
    // The newest approval of the key; if that one does not count, or never did, no older one does.
    std::optional<std::size_t> newest;
    for (std::size_t i = since; i < history_.size(); ++i)
      if (const auto* approved = std::get_if<Approved>(&history_[i].event))
        if (approved->key == presence.key && approved->request == terms.request && told(approved->id, since) == i)
          newest = i;
    if (!newest || !good(*newest, since, terms, *newest + 1) || !good(*newest, since, terms, history_.size()))
      return std::nullopt;
    const auto& approval = std::get<Approved>(history_[*newest].event);
    if (approval.participant != participant || approval.as_of <= presence.arrived) return std::nullopt;
    named.insert(approval.id);
  }
  return named;
}

bool Oracle::overruled(const StatementId& id) const {
  const auto asked = request();
  const auto index = asked ? told(id, asked->first) : std::nullopt;
  if (!index) return false;
  const auto& approval = std::get<Approved>(history_[*index].event);
  for (std::size_t i = *index + 1; i < history_.size(); ++i)
    if (const auto* later = std::get_if<Approved>(&history_[i].event))
      if (later->key == approval.key && later->request == approval.request && told(later->id, asked->first) == i)
        return true;
  // A refusal is told before it is written: it comes after what was checked before it, whenever that was told.
  for (std::size_t i = std::max<std::size_t>(asked->first, approval.as_of); i < history_.size(); ++i)
    if (const auto* refused = std::get_if<Refused>(&history_[i].event)) {
      if (refused->key != approval.key || refused->request != approval.request) continue;
      const auto people = present_at(i);  // of somebody who is not here none is taken
      const auto who = people.find(refused->participant);
      if (who != people.end() && who->second.key == refused->key) return true;
    }
  return false;
}

bool Oracle::may_stand_for(const StatementId& id, const ParticipantId& participant) const {
  const auto asked = request();
  const auto people = present();
  const auto presence = people.find(participant);
  if (!asked || presence == people.end()) return false;
  const auto index = told(id, asked->first);
  if (!index) return false;
  const auto& approval = std::get<Approved>(history_[*index].event);
  if (approval.participant != participant || approval.key != presence->second.key || !left(id)) return false;
  if (overruled(id)) return false;
  if (approval.request != asked->second.request || approval.expires <= history_.back().time) return false;
  if (!asked->second.minimum_scope.subset_of(*left(id))) return false;
  std::size_t word = static_cast<std::size_t>(approval.as_of);  // their last word in favour
  bool since_arrival = word > presence->second.arrived;
  for (std::size_t i = presence->second.arrived + 1; i < history_.size(); ++i)
    if (const auto* confirmed = std::get_if<Confirmed>(&history_[i].event))
      if (confirmed->participant == participant && confirmed->key == approval.key) {
        word = std::max(word, i);
        since_arrival = true;
      }
  return since_arrival && !refused_between(approval, std::max(asked->first, word), history_.size());
}

std::optional<Scope> Oracle::left(const StatementId& id) const {
  const auto asked = request();
  return asked ? left_since(id, asked->first) : std::nullopt;
}

std::optional<Scope> Oracle::left_since(const StatementId& id, std::size_t since) const {
  const auto index = told(id, since);
  if (!index) return std::nullopt;
  const auto& approval = std::get<Approved>(history_[*index].event);
  const auto& recording = std::get<Requested>(history_[since].event).terms.recording;
  if (withdrew(approval.key, recording, since, history_.size())) return std::nullopt;
  const auto rest = approval.scope.without(taken_from(approval, since, history_.size()));
  if (rest.empty() && !approval.scope.empty()) return std::nullopt;
  return rest;
}

std::set<StatementId> Oracle::taken_back() const {
  const auto asked = request();
  return asked ? taken_back(asked->second.recording) : std::set<StatementId>();
}

std::set<StatementId> Oracle::taken_back(const RecordingId& recording) const {
  std::set<StatementId> gone;
  const auto since = asked_for(recording);
  if (!since) return gone;
  const auto& request = std::get<Requested>(history_[*since].event).terms.request;
  for (std::size_t i = *since; i < history_.size(); ++i)
    if (const auto* approved = std::get_if<Approved>(&history_[i].event))
      if (approved->request == request && !left_since(approved->id, *since)) gone.insert(approved->id);
  return gone;
}

std::optional<std::size_t> Oracle::asked_for(const RecordingId& recording) const {
  for (std::size_t i = 0; i < history_.size(); ++i)
    if (const auto* asked = std::get_if<Requested>(&history_[i].event))
      if (asked->terms.recording == recording && accepted(i)) return i;
  return std::nullopt;
}

}  // namespace unavoce::consent::test
