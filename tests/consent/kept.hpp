// What a ledger keeps of a session that is walked through, for what a restart finds: requests that came into force, and
// the answers to them in the order in which they were admitted, which is that of their rows (server/meetings.cpp,
// `answers_to` and `open_request`). Owner: Observer. One thread, no errors.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consent/rules.hpp"

namespace unavoce::consent::test {

class Kept {
 public:
  /// An event that was told at this moment; `state` is what the rules made of it.
  void hear(const Event& event, Moment told, const MeetingState& state);

  /// The refusal or withdrawal that was heard last is not in the ledger after all.
  void forget_last();

  /// The request that a service takes up that starts now: the newest one, if it has no final seal (`sealed`), is under
  /// the room's present statement, and has not expired.
  std::optional<RequestTerms> open_request(const std::set<RecordingId>& sealed, const StatementId& room_statement,
                                           TimeMs now) const;

  /// By the time of the requests.
  const std::vector<RequestTerms>& requests() const { return requests_; }
  /// Approved, Refused and Withdrawn, in the ledger's order.
  std::vector<Event> answers(const RecordingId& recording) const;
  /// Approvals that are withdrawn as a whole, as the service finds them when it starts.
  std::vector<StatementId> withdrawn(const RecordingId& recording) const;

 private:
  /// Twice the moment of the admission, and one more for what is told at once: it comes after an approval that was
  /// admitted at that moment, and before one that was admitted at the next.
  using Rows = std::multimap<Moment, Event>;
  using Place = std::pair<RecordingId, Rows::iterator>;

  const RequestTerms* request(const StatementId& id) const;
  void hear_approved(const Approved& approved);
  Place put(const RecordingId& recording, Moment order, const Event& event);

  std::vector<RequestTerms> requests_;
  std::map<RecordingId, Rows> rows_;
  std::optional<Place> last_;
};

}  // namespace unavoce::consent::test
