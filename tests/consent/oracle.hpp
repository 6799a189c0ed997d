// An oracle for the rules that shares nothing with them: it keeps no state but the history of what was told, and
// answers every question by looking through that history from the beginning. Slow, and easy to believe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consent/events.hpp"

namespace unavoce::consent::test {

struct Presence {
  crypto::PublicKey key;
  Role role;
  bool in_room;
  std::size_t arrived;  ///< index of the fact since which answers count
};

class Oracle {
 public:
  explicit Oracle(StatementId room_statement) : first_room_(room_statement) {}

  void hear(const Event& event, TimeMs now);

  /// The service was started again: nobody is here, nothing is known to be broken, and time is what the clock says now.
  /// `sealed` are the recordings that had their final seal by then: no other word ends one for good.
  void restart(const std::set<RecordingId>& sealed, TimeMs now);
  /// The fact that was heard last never became durable, if it is a refusal or a withdrawal; whether it is.
  bool forget_last_word();
  /// How many facts it heard.
  std::size_t facts() const { return history_.size(); }

  /// The request in force, and the index of the fact that brought it.
  std::optional<std::pair<std::size_t, RequestTerms>> request() const;
  std::map<ParticipantId, Presence> present() const;

  /// Who has to be named by a take that may run now; nothing if none may. Exact as long as nobody ever Confirmed.
  std::optional<std::set<StatementId>> who_may_be_recorded() const;

  /// Whether the ledger holds a later word of this approval's key: another approval, or a refusal.
  bool overruled(const StatementId& approval) const;

  /// Necessary conditions for this approval to stand for this person, also where people Confirmed.
  bool may_stand_for(const StatementId& approval, const ParticipantId& participant) const;

  /// What is left of an approval's scope; nothing at all if its key withdrew or the partial withdrawals took all.
  std::optional<Scope> left(const StatementId& approval) const;

  bool broken() const;
  bool host_in_room() const;

  /// Approvals of the request in force of which nothing is left.
  std::set<StatementId> taken_back() const;
  /// The same of any recording, over or not.
  std::set<StatementId> taken_back(const RecordingId& recording) const;

 private:
  struct Fact {
    Event event;
    TimeMs time;  ///< the latest time heard since the service was started
  };

  std::size_t started(std::size_t end) const;
  std::map<ParticipantId, Presence> present_at(std::size_t end) const;
  bool taken_up(const RequestTerms& terms, std::size_t restart) const;
  bool accepted(std::size_t index) const;
  std::optional<std::size_t> asked_for(const RecordingId& recording) const;
  std::optional<Scope> left_since(const StatementId& approval, std::size_t since) const;
  bool in_force_at(std::size_t since, std::size_t end) const;
  std::optional<std::size_t> told(const StatementId& approval, std::size_t since) const;
  Scope taken_from(const Approved& approval, std::size_t since, std::size_t end) const;
  bool withdrew(const crypto::PublicKey& key, const RecordingId& recording, std::size_t since, std::size_t end) const;
  bool refused_between(const Approved& approval, std::size_t begin, std::size_t end) const;
  bool good(std::size_t index, std::size_t since, const RequestTerms& terms, std::size_t end) const;
  StatementId room_statement_at(std::size_t end) const;

  StatementId first_room_;
  std::vector<Fact> history_;
  std::map<std::size_t, std::set<RecordingId>> restarts_;  ///< by the index of their fact; what was sealed by then
};

}  // namespace unavoce::consent::test
