#pragma once
// The ends of takes and recordings, on their way into the ledger. A seal that the disk refuses is owed: kept in memory,
// with its own reason and accounts, and tried again every two seconds until it is written; in order, and before
// anything later of its recording (Meeting settles before the next take). If the process ends first, the next start
// seals what it finds. Owned by Meetings; control thread. Errors: what kept the first seal that is owed.

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "recorder/order.hpp"
#include "server/keep_trying.hpp"
#include "server/recording_queues.hpp"
#include "server/services.hpp"

namespace unavoce::server {

/// A seal that is to be written.
struct SealOrder {
  consent::RecordingId recording;
  std::optional<std::uint32_t> take;  ///< none: the final one
  consent::EndReason reason;
  std::optional<std::vector<recorder::SealedTrackFile>> files{};  ///< of a take; none: measured as they lie on the disk
};

class Seals {
 public:
  explicit Seals(Services& services);

  /// Writes a seal after all that is owed of its recording; keeps it if that does not work now.
  Task<Result<void>> write(SealOrder order);
  /// The same for a seal that nobody waits for.
  void owe(SealOrder order);
  /// Writes what is owed of a recording, in order, until something fails. Whoever asks while that goes on waits.
  Task<Result<void>> settle(consent::RecordingId recording);
  /// Tries everything that is owed once.
  Task<void> settle_all();

  /// No session takes this recording up again: it has, or will have, its final seal.
  void mark_over(const consent::RecordingId& recording) { over_.insert(recording); }
  bool is_over(const consent::RecordingId& recording) const { return over_.contains(recording); }

 private:
  struct Owed {
    SealOrder order;
    std::string told;  ///< the failure that the log knows already
  };
  using List = std::deque<Owed>;

  void add(SealOrder order);
  Task<Result<void>> settle_in_turn(consent::RecordingId recording);
  List::iterator first_of(const consent::RecordingId& recording);

  Services& services_;
  List owed_;
  std::set<consent::RecordingId> over_;
  KeepTrying keep_trying_;
  RecordingQueues settling_;
};

}  // namespace unavoce::server
