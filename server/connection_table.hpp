#pragma once
// Who is connected, and who may be: limits per machine and per address. A connection that only waits for a request
// makes way for a new one, the longest waiting first, so that thousands of idle or slow connections keep nobody out;
// so does a WebSocket until somebody has joined through it. One that is being answered never does. Owned by the
// listener; control thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

namespace unavoce::server {

struct ConnectionLimits {
  std::size_t all = 1024;
  std::size_t per_address = 256;
};

class ConnectionTable {
 public:
  using Number = std::uint64_t;
  /// What a connection is known by to the limit per address; empty: it is counted for the machine only (a proxy, which
  /// brings many people).
  using Group = std::string;

  explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}

  /// Takes a connection in, as one that waits. False: there is no room, and nobody to make way.
  bool admit(Number number, const Group& group);
  /// What ends it from outside. Never by the number of a descriptor: a connection that ran into a timeout has closed
  /// its own already, and somebody else has that number now.
  void set_cut(Number number, std::function<void()> cut);
  void remove(Number number);

  /// Counts it for this group from now on: a proxy's connection that is one client's for good. False: that group is
  /// full, and none of it makes way.
  bool move_to(Number number, const Group& group);

  /// Waits for a request, from now on / is being served.
  void waits(Number number);
  void works(Number number);

  /// Cuts the one that has waited longest; false if none waits.
  bool cut_longest_waiting();
  void cut_all() const;
  std::size_t size() const { return entries_.size() - cut_; }

 private:
  struct Entry {
    Group group;
    std::function<void()> cut = [] {};
    std::uint64_t waiting = 0;  // place in waiting_; 0: does not wait
    enum class State { open, cut } state = State::open;
  };
  bool has_room(const Group& group);
  void leave(const Group& group);
  bool cut_longest_waiting_of(const Group& group);
  void cut_one(Number number);

  ConnectionLimits limits_;
  std::unordered_map<Number, Entry> entries_;
  std::unordered_map<Group, std::size_t> of_group_;  // open ones
  std::map<std::uint64_t, Number> waiting_;          // the longest waiting first
  std::uint64_t next_waiting_ = 1;
  std::size_t cut_ = 0;  // entries that were cut and are not gone yet
};

}  // namespace unavoce::server
