#include "server/connection_table.hpp"

#include <algorithm>

namespace unavoce::server {

/// Whether one more fits, if need be in the place of one that waits.
bool ConnectionTable::has_room(const Group& group) {
  const auto others = of_group_.find(group);
  const bool is_full = !group.empty() && others != of_group_.end() && others->second >= limits_.per_address;
  return !is_full || cut_longest_waiting_of(group);
}

void ConnectionTable::leave(const Group& group) {
  if (const auto found = of_group_.find(group); --found->second == 0) of_group_.erase(found);
}

bool ConnectionTable::move_to(Number number, const Group& group) {
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut || found->second.group == group) return true;
  if (!has_room(group)) return false;
  leave(found->second.group);
  found->second.group = group;
  ++of_group_[group];
  return true;
}

bool ConnectionTable::admit(Number number, const Group& group) {
  if (!has_room(group)) return false;
  if (size() >= limits_.all && !cut_longest_waiting()) return false;
  entries_[number].group = group;
  ++of_group_[group];
  waits(number);
  return true;
}

void ConnectionTable::set_cut(Number number, std::function<void()> cut) {
  const auto found = entries_.find(number);
  if (found != entries_.end()) found->second.cut = std::move(cut);
}

void ConnectionTable::remove(Number number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  works(number);
  if (found->second.state == Entry::State::cut) {
    --cut_;
  } else {
    leave(found->second.group);
  }
  entries_.erase(found);
}

void ConnectionTable::waits(Number number) {
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut) return;
  works(number);
  found->second.waiting = next_waiting_++;
  waiting_.emplace(found->second.waiting, number);
}

void ConnectionTable::works(Number number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  waiting_.erase(found->second.waiting);
  found->second.waiting = 0;
}

bool ConnectionTable::cut_longest_waiting() {
  if (waiting_.empty()) return false;
  cut_one(waiting_.begin()->second);
  return true;
}

bool ConnectionTable::cut_longest_waiting_of(const Group& group) {
  const auto first =
      std::ranges::find_if(waiting_, [&](const auto& item) { return entries_.at(item.second).group == group; });
  if (first == waiting_.end()) return false;
  cut_one(first->second);
  return true;
}

void ConnectionTable::cut_one(Number number) {
  works(number);
  Entry& entry = entries_.at(number);
  entry.state = Entry::State::cut;
  ++cut_;
  leave(entry.group);
  entry.cut();
}

void ConnectionTable::cut_all() const {
  for (const auto& [number, entry] : entries_) entry.cut();
}

}  // namespace unavoce::server
