#pragma once
// Writing to the ledger from the control thread: statements that the service itself signs, and what is left to do when
// the service starts again. The functions marked "database thread" block. Owned by nobody; they work on the Services
// they are given.

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "consent/ledger.hpp"
#include "consent/rules.hpp"
#include "consent/statements.hpp"
#include "recorder/order.hpp"
#include "server/services.hpp"

namespace unavoce::server {

/// Signs a statement with the service's key and makes a ledger entry of it. A body that no statement may have is an
/// error like any other: whoever waits for it is told, and nobody else is kept waiting.
template <class S>
consent::Result<consent::Signed<S>> sign_as_service(const Services& services, S body) try {
  body.key = services.service_key.public_key();
  return consent::parse_statement<S>(consent::sign_statement(body, services.service_key));
} catch (const std::invalid_argument& failure) {
  return consent::Error(consent::Errc::damaged, failure.what());
}

/// Whether a refusal by somebody who has not approved is kept: fresh keys cost nothing, and everybody who reads the
/// recording reads all of them. Errors: rate_limited (refusal_not_kept). Database thread.
Result<void> check_takes_refusals(Services& services, const consent::RecordingId& recording);

/// Appends statements of one recording, all or nothing. Database thread.
Result<std::vector<consent::Entry>> append(Services& services, std::span<const consent::NewEntry> entries);

/// A sealed track as the `seal` statement names it.
consent::SealedTrack sealed_track(const recorder::SealedTrackFile& file);

/// Appends the `seal` of a take, with these files. Database thread.
Result<void> append_take_seal(Services& services, const consent::RecordingId& recording, std::uint32_t take,
                              consent::EndReason reason, const std::vector<recorder::SealedTrackFile>& files);

/// The files that the ledger has announced for a take that did not end by itself, and of which no erasure says that
/// they are gone. Nothing is known of them but what it says. Database thread.
Result<std::vector<recorder::SealedTrackFile>> files_of(Services& services, const consent::RecordingId& recording,
                                                        std::uint32_t take);

/// The takes of a recording that have no seal. Database thread.
Result<std::vector<std::uint32_t>> unsealed_takes(Services& services, const consent::RecordingId& recording);

/// Appends the final `seal`, which counts all entries of the recording: nothing but erasures may follow it. Database
/// thread.
Result<void> append_final_seal(Services& services, const consent::RecordingId& recording, consent::EndReason reason);

/// Whether the ledger holds a later word than what a take and its files name: another answer of one of its people, a
/// withdrawal that leaves less than the request needs or than a file is for, another statement of the room, or the
/// final seal. Database thread.
Result<bool> is_overruled(consent::Ledger& ledger, const consent::Take& take,
                          const std::vector<recorder::PreparedTrack>& files);

/// Approvals, withdrawals, takes and tracks of a recording as the ledger has them. Database thread.
struct Evidence {
  std::optional<consent::Signed<consent::Request>> request;
  std::vector<consent::Signed<consent::Approval>> approvals;
  std::vector<consent::ApprovalRow> approval_rows;
  std::vector<consent::WithdrawalRow> withdrawal_rows;
  std::vector<consent::StatementId> withdrawal_ids;
  std::vector<consent::Signed<consent::Take>> takes;
  std::vector<consent::Signed<consent::Track>> tracks;
  std::vector<std::uint32_t> sealed_takes;
  std::vector<std::string> sealed_files;  ///< everything that `seal` statements name
  std::vector<std::string> erased;        ///< everything that `erased` statements name
  consent::WithdrawalErases extent = consent::WithdrawalErases::own_tracks;
  bool finished = false;  ///< there is a final seal
};
Result<Evidence> read_evidence(Services& services, const consent::RecordingId& recording);

}  // namespace unavoce::server
