#include "server/connection_table.hpp"

namespace unavoce::server {

template <class Fits>
bool ConnectionTable::cut_longest(Time now, Fits fits) {
  for (const auto& [since, number] : waiting_) {
    if (since.first > now) break;
    if (!fits(entries_.at(number))) continue;
    cut_one(number);
    return true;
  }
  return cut_first_body(now, fits);
}

template <class Fits>
bool ConnectionTable::cut_first_body(Time now, Fits fits) {
  std::optional<std::pair<Time, Number>> first;
  for (const auto& [number, entry] : entries_) {
    if (!entry.make_way || entry.begin + limits_.ordinary_body > now || !fits(entry)) continue;
    if (!first || entry.begin < first->first) first.emplace(entry.begin, number);
  }
  if (first) cut_one(first->second);
  return first.has_value();
}

/// Whether one more fits, if need be in the place of one that waits or dawdles.
bool ConnectionTable::has_room(const Group& group, Time now) {
  const auto others = of_group_.find(group);
  const bool is_full = !group.empty() && others != of_group_.end() && others->second >= limits_.per_address;
  return !is_full || cut_longest(now, [&](const Entry& entry) { return entry.group == group; });
}

void ConnectionTable::leave(const Group& group) {
  if (const auto found = of_group_.find(group); --found->second == 0) of_group_.erase(found);
}

bool ConnectionTable::move_to(Number number, const Group& group, Time now) {
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut || found->second.group == group) return true;
  if (!has_room(group, now)) return false;
  leave(found->second.group);
  found->second.group = group;
  ++of_group_[group];
  return true;
}

bool ConnectionTable::admit(Number number, const Group& group, Time now) {
  if (!has_room(group, now)) return false;
  if (size() >= limits_.all && !cut_longest_waiting(now)) return false;
  entries_[number].group = group;
  ++of_group_[group];
  waits(number, now);
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
  forget_body(found->second);
  if (found->second.state == Entry::State::cut) {
    --cut_;
  } else {
    leave(found->second.group);
  }
  entries_.erase(found);
}

void ConnectionTable::waits(Number number, Time now) {
  works(number);
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  forget_body(found->second);
  if (found->second.state == Entry::State::open) waits_since(number, found->second, now);
}

void ConnectionTable::works(Number number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.since) waiting_.erase(*entry.since);
  entry.since.reset();
  entry.make_way = nullptr;
}

void ConnectionTable::waits_since(Number number, Entry& entry, Time since) {
  if (entry.since) waiting_.erase(*entry.since);
  entry.since = Since{since, next_waiting_++};
  waiting_.emplace(*entry.since, number);
}

void ConnectionTable::forget_body(Entry& entry) {
  body_bytes_ -= std::exchange(entry.body_bytes, 0);
}

void ConnectionTable::receives(Number number, Time now, Time due, std::function<void()> make_way) {
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut) return;
  found->second.make_way = std::move(make_way);
  found->second.begin = now;
  waits_since(number, found->second, due);
}

bool ConnectionTable::received(Number number, std::size_t bytes, Time due, Time now) {
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut) return true;
  waits_since(number, found->second, due);
  body_bytes_ += bytes - found->second.body_bytes;
  found->second.body_bytes = bytes;
  return fit_bodies(now);
}

void ConnectionTable::arrived(Number number, std::size_t bytes, Time now) {
  works(number);
  const auto found = entries_.find(number);
  if (found == entries_.end() || found->second.state == Entry::State::cut) return;
  body_bytes_ += bytes - found->second.body_bytes;
  found->second.body_bytes = bytes;
  fit_bodies(now);
}

void ConnectionTable::sends(Number number, Time due) {
  works(number);
  const auto found = entries_.find(number);
  if (found != entries_.end() && found->second.state == Entry::State::open) waits_since(number, found->second, due);
}

/// Bodies that arrive make way until all fit. False: they do not.
bool ConnectionTable::fit_bodies(Time now) {
  while (body_bytes_ > limits_.body_bytes) {
    const auto is_arriving = [](const Entry& entry) { return entry.make_way && entry.body_bytes > 0; };
    if (!cut_longest(now, is_arriving)) return false;
  }
  return true;
}

bool ConnectionTable::cut_longest_waiting(Time now) {
  return cut_longest(now, [](const Entry&) { return true; });
}

void ConnectionTable::cut_one(Number number) {
  Entry& entry = entries_.at(number);
  const auto end = entry.make_way && cut_ < limits_.told_at_once ? std::move(entry.make_way) : entry.cut;
  works(number);
  forget_body(entry);
  entry.state = Entry::State::cut;
  ++cut_;
  leave(entry.group);
  end();
}

void ConnectionTable::cut_all() const {
  for (const auto& [number, entry] : entries_) entry.cut();
}

}  // namespace unavoce::server
