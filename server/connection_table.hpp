#pragma once
// Who is connected, and who may be: limits per machine and per address. A connection that only waits for a request
// makes way for a new one, the longest waiting first, so that thousands of idle or slow connections keep nobody out;
// so does a WebSocket until somebody has joined through it, and one whose body dawdles, or who reads its answer that
// slowly, as if it had waited since it fell behind (body_pace.hpp). Where there is none of these, the body makes way
// that has been arriving longest, if that is long. One whose request is being worked on never does, nor one whose body
// or answer is on its way at an ordinary speed, but for that. Owned by the listener; control thread; time is passed in.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace unavoce::server {

struct ConnectionLimits {
  std::size_t all = 1024;
  std::size_t per_address = 256;
  std::size_t body_bytes = 64u << 20u;  // of the bodies of all, until they are answered
  std::size_t told_at_once = 32;        // that they make way in the middle of a body; more are cut without a word
  std::chrono::milliseconds ordinary_body{5'000};  // one that takes longer makes way if nobody else does
};

class ConnectionTable {
 public:
  using Number = std::uint64_t;
  /// What a connection is known by to the limit per address; empty: it is counted for the machine only (a proxy, which
  /// brings many people).
  using Group = std::string;
  using Time = std::chrono::steady_clock::time_point;

  explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}

  /// Takes a connection in, as one that waits. False: there is no room, and nobody to make way.
  bool admit(Number number, const Group& group, Time now);
  /// What ends it from outside. Never by the number of a descriptor: a connection that ran into a timeout has closed
  /// its own already, and somebody else has that number now.
  void set_cut(Number number, std::function<void()> cut);
  void remove(Number number);

  /// Counts it for this group from now on: a proxy's connection that is one client's for good. False: that group is
  /// full, and none of it makes way.
  bool move_to(Number number, const Group& group, Time now);

  /// Waits for a request, from now on / is being served.
  void waits(Number number, Time now);
  void works(Number number);

  /// Its body begins to arrive, until works() or waits(). Once `due` has passed it dawdles: it may be told by
  /// `make_way` to end, and counts no more from then on.
  void receives(Number number, Time now, Time due, std::function<void()> make_way);
  /// So much of the body is here, and it is on time until `due`. False: there is no memory for it, and none of the
  /// bodies makes way.
  bool received(Number number, std::size_t bytes, Time due, Time now);
  /// All of its body is here, so much, and stays whatever else has to go; until it is answered.
  void arrived(Number number, std::size_t bytes, Time now);

  /// Its answer goes out, and is read at an ordinary speed until `due`; until works() or waits().
  void sends(Number number, Time due);

  /// Cuts the one that has waited, or dawdled, longest, otherwise the body that arrives for longest; false if there is
  /// none.
  bool cut_longest_waiting(Time now);
  void cut_all() const;
  std::size_t size() const { return entries_.size() - cut_; }

 private:
  /// Since when, and which of those came first.
  using Since = std::pair<Time, std::uint64_t>;
  struct Entry {
    Group group;
    std::function<void()> cut = [] {};
    std::function<void()> make_way;  // while a body arrives: instead of `cut`
    Time begin{};                    // of that body
    std::optional<Since> since;      // place in waiting_
    std::size_t body_bytes = 0;
    enum class State { open, cut } state = State::open;
  };
  bool has_room(const Group& group, Time now);
  void leave(const Group& group);
  void waits_since(Number number, Entry& entry, Time since);
  void forget_body(Entry& entry);
  /// The first of those who wait, or dawdle, for whom `fits` holds.
  template <class Fits>
  bool cut_longest(Time now, Fits fits);
  /// The body that began first of those that fit, if it has had its time.
  template <class Fits>
  bool cut_first_body(Time now, Fits fits);
  bool fit_bodies(Time now);
  void cut_one(Number number);

  ConnectionLimits limits_;
  std::unordered_map<Number, Entry> entries_;
  std::unordered_map<Group, std::size_t> of_group_;  // open ones
  std::map<Since, Number> waiting_;                  // the longest first; a body stands where it will dawdle
  std::uint64_t next_waiting_ = 1;
  std::size_t body_bytes_ = 0;
  std::size_t cut_ = 0;  // entries that were cut and are not gone yet
};

}  // namespace unavoce::server
