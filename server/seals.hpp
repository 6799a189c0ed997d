#pragma once
// The ends of takes and recordings, on their way into the ledger. A seal that cannot be written yet is owed: kept in
// memory, with its own reason and accounts, and tried again every two seconds until it is written; in order, and before
// anything later of its recording (Meeting settles before the next take). What has to be read for it is read in pieces,
// one at a time whatever is owed, and the service serves meanwhile; files that cannot be read are tried more and more
// rarely, at last once a minute. If the process ends first, the next start seals what it finds; that a recording is
// over is written down before, so that no start takes it up again. Owned by Meetings; control thread. Errors: what kept
// the first seal that is owed.

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "recorder/order.hpp"
#include "server/keep_trying.hpp"
#include "server/recording_queues.hpp"
#include "server/services.hpp"
#include "server/take_files.hpp"

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

  /// Writes a seal after all that is owed of its recording, which is tried at once; keeps it if that does not work now.
  Task<Result<void>> write(SealOrder order);
  /// The same for a seal that nobody waits for: it is begun with at once, or by begin().
  void owe(SealOrder order);
  /// The same for the end of a recording of which other seals are owed. When this returns its end is on the disk, if
  /// that takes it.
  Task<void> owe_end(SealOrder last);
  /// What the last run left is known: from here on it is sealed.
  void begin();
  /// Writes what is owed of a recording, in order, until something fails. Whoever asks while that goes on waits.
  Task<Result<void>> settle(consent::RecordingId recording);
  /// Tries everything that is owed once, of all recordings at the same time.
  Task<void> settle_all();

  /// No session takes this recording up again: it has, or will have, its final seal.
  void mark_over(const consent::RecordingId& recording) { over_.insert(recording); }
  bool is_over(const consent::RecordingId& recording) const { return over_.contains(recording); }
  /// Whether there is something to settle.
  bool owes(const consent::RecordingId& recording) const;
  /// Nothing is missing of a recording but seals: the final one is owed, and it comes after the end of every take.
  bool owes_final(const consent::RecordingId& recording) const;
  /// The service ends: what an earlier run left is not measured on, but left to the next start; what this one recorded
  /// has some seconds.
  void end() { ends_since_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Owed {
    SealOrder order;
    std::optional<TakeFiles> files{};  ///< of a take; none: nobody has looked yet which it has
    std::string told{};                ///< the failure that the log knows already
    std::chrono::milliseconds pause{};
    Clock::time_point not_before{};  ///< its files could not be read, and are not tried sooner
  };
  using List = std::list<Owed>;

  void add(SealOrder order);
  Task<void> remember_end(SealOrder last);
  void settle_soon(const consent::RecordingId& recording);
  /// Begins with all that nobody is at.
  void try_all();
  Task<Result<void>> settle_in_turn(consent::RecordingId recording);
  /// Errors: unavailable, if the service ends before; the file that cannot be read.
  Task<Result<void>> measure(Owed& owed);
  Task<Result<TakeFiles::Progress>> read_on(TakeFiles& files);
  /// Whether there were takes whose seal is neither written nor owed: it is owed now, before this one.
  Task<Result<bool>> owe_unsealed_takes(List::iterator before);
  void failed(Owed& owed, const Error& why);
  bool may_measure(const SealOrder& order) const;
  List::iterator first_of(const consent::RecordingId& recording);

  Services& services_;
  List owed_;  // only settle_in_turn() takes one off, so that it may keep its place while it waits
  std::set<consent::RecordingId> over_;
  enum class Phase { recovering, serving } phase_ = Phase::recovering;
  std::optional<Clock::time_point> ends_since_;
  enum class Telling { nothing, when_nothing_is_owed } telling_ = Telling::nothing;
  KeepTrying keep_trying_;
  RecordingQueues settling_;
  std::shared_ptr<JobQueue> reading_;  // a piece at a time: the other worker is for everybody else
};

}  // namespace unavoce::server
