#pragma once
// What withdrawals, the end of retention and hosts destroy. A withdrawal: first the erasure slots of the wrapped keys,
// then the track files, then the `erased` statement says so. Works from the ledger, and from what is on its way there,
// with or without a running session, and may be repeated: what is done already is not done, or said, twice. Control
// thread; blocking parts go to the pools. If the ledger cannot be read or written, what can be erased is erased all the
// same, and the error is returned.

#include <optional>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "consent/rules.hpp"
#include "server/services.hpp"
#include "server/unproven.hpp"

namespace unavoce::server {

/// Carries out every withdrawal of the recording that stands in the ledger, and `also`, approvals that the rules took
/// out of force. What is gone is said in the ledger only behind the withdrawals it went with: those of `unproven` that
/// lack their row get it in the same commit, so that no crash leaves an `erased` that nobody asked for. Errors:
/// conflict, if nobody has the withdrawal that one of `also` went with any more; those of the ledger, the recorder and
/// the blobs.
Task<Result<void>> erase_withdrawn(Services& services, const Unproven& unproven, consent::RecordingId recording,
                                   std::vector<consent::StatementId> also);

/// Puts a withdrawal into the ledger. If twenty of its key have taken everything back in this recording already (one,
/// if it is of some kinds only), it takes back nothing more and is not written: the first of them is given, as if that
/// one had been sent again. Database thread. Errors: those of append().
Result<consent::Entry> append_withdrawal(Services& services, const consent::Signed<consent::Withdrawal>& withdrawal);

/// Overwrites the erasure slots of all wrapped keys of the recording whose approval is withdrawn as a whole: the first
/// thing after the withdrawal is in the ledger. Database thread.
Result<void> erase_withdrawn_keys(Services& services, const consent::RecordingId& recording);

/// Which approvals withdrawals have taken back as a whole, and which track files and tails have to go with them. They
/// are not given out any more, even while the disk has not let go of them. `in_effect`: withdrawals that the ledger may
/// not have yet. Database thread.
struct Withdrawn {
  std::vector<consent::StatementId> approvals;
  std::vector<std::string> files;
  /// Something is taken back, or has to go with it, and the ledger does not say so yet.
  bool lacks_proof = false;
  std::optional<consent::TimeMs> delete_after{};  ///< the end of the recording's retention; none if it was erased
};
Result<Withdrawn> withdrawn_of(Services& services, const consent::RecordingId& recording,
                               const std::vector<consent::Signed<consent::Withdrawal>>& in_effect);

/// The `erased` statements that say what went with all that this withdrawal's key took back: those that name one of the
/// wrapped keys or files. Oldest first; none if nothing had to go. Database thread.
Result<std::vector<consent::Entry>> erasures_of(Services& services, const consent::Withdrawal& withdrawal);

/// After keys and files of a recording are gone: its statements go, too, and an `erased` statement with this reason
/// stays in their place. Can be repeated. Database thread.
Result<void> forget_statements(Services& services, const std::string& recording, consent::ErasedReason reason);

/// The approvals that this withdrawal takes back as a whole, whether or not it is in the ledger yet. Once it is, only
/// those before it: sent again, it takes nothing back that was approved later. Cheap for keys of strangers. Database
/// thread.
/// Errors: not_found (no such recording, or nobody approved it with this key), gone (erased as a whole).
Result<std::vector<consent::StatementId>> withdrawn_by_this(Services& services,
                                                            const consent::Signed<consent::Withdrawal>& withdrawal);

}  // namespace unavoce::server
