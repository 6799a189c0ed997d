#pragma once
// Withdrawals that are in effect while the disk refuses to say so: the ledger could not take the row, or not everything
// could be erased. Kept in memory by their id and tried again every two seconds until it is done; nobody's page is
// needed for that. The same for what withdrawals in the ledger have left to erase, by recording. If the process ends
// first, the next start erases, and whoever holds a withdrawal that is not in the ledger sends it again. It also knows
// those on their way into the ledger, from the moment the service has them: they are in effect as well. Owned by
// Meetings (which says what is to be done for one); control thread, but for of().

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "consent/statements.hpp"
#include "server/keep_trying.hpp"
#include "server/recording_marks.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Unproven {
 public:
  enum class Missing { row, erasure };
  /// What is still missing for a withdrawal; nothing when all is done, or when the ledger will never take it.
  using Finish = std::function<Task<std::optional<Missing>>(consent::Signed<consent::Withdrawal>)>;
  /// Erases what the ledger says is withdrawn.
  using Erase = std::function<Task<Result<void>>(consent::RecordingId)>;

  Unproven(Services& services, Finish finish, Erase erase);

  /// A withdrawal that arrived. It is in effect for as long as what is returned is held: by whoever carries it out, to
  /// the end, be it in the ledger by then or not.
  using OnItsWay = std::shared_ptr<const consent::Signed<consent::Withdrawal>>;
  [[nodiscard]] OnItsWay take_up(const consent::Signed<consent::Withdrawal>& withdrawal);
  /// Keeps a withdrawal and tries again until it is done, unless what is tried again for another one of its key does
  /// it, too. Bounded: what comes when 256 are kept must be sent again.
  void keep(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing);
  /// Something that withdrawals in the ledger take back could not be erased.
  void keep_erasure(const consent::RecordingId& recording);
  /// Whether another one that is kept and lacks its row takes back as much of the same recording by the same key: since
  /// nothing is approved by that key before, this one adds nothing, and need not be carried out or kept besides.
  bool covers(const consent::Signed<consent::Withdrawal>& withdrawal) const;
  /// Done after all, because somebody sent it again.
  void forget(const consent::StatementId& id);
  /// Tries every one of them once.
  Task<void> try_all();

  /// Whether a row of this recording was refused, and is not in the ledger yet.
  bool lacks_row(const consent::RecordingId& recording) const;
  /// Whether a withdrawal by this key is on its way, or was refused, so that nothing of this key may be written before.
  bool is_withdrawing(const consent::RecordingId& recording, const crypto::PublicKey& key) const;
  /// For as long as the mark is held, a withdrawal of this recording is being carried out, and has a proof to get.
  [[nodiscard]] RecordingMarks::Mark carry_out(const consent::RecordingId& recording) {
    return carried_out_.set(recording);
  }
  /// Whether anything of this recording is being carried out, or was refused and is still to be written or erased.
  bool owes(const consent::RecordingId& recording) const;
  /// All that are in effect and not known to be in the ledger and carried out: those on their way, and those kept. Any
  /// thread.
  std::vector<consent::Signed<consent::Withdrawal>> of(const consent::RecordingId& recording) const;

 private:
  struct Kept {
    consent::Signed<consent::Withdrawal> withdrawal;
    Missing missing;
  };
  bool is_done_with_another(const consent::Signed<consent::Withdrawal>& withdrawal, Missing missing) const;

  Services& services_;
  Finish finish_;
  Erase erase_;
  mutable std::mutex mutex_;  // for of(): held where the two below are changed, and there
  // Nobody's end touches this: coroutines are also destroyed after their service.
  std::vector<std::weak_ptr<const consent::Signed<consent::Withdrawal>>> on_their_way_;
  std::map<consent::StatementId, Kept> kept_;
  std::set<consent::RecordingId> erasures_;
  RecordingMarks carried_out_;
  KeepTrying keep_trying_;
};

}  // namespace unavoce::server
