// The confirmation of a withdrawal (docs/FORMATS.md section 3): what somebody keeps who took an approval back. It
// proves to anyone that the withdrawal stands in the ledger, when it came, and what the service then signed to have
// erased. That files are gone it cannot prove. Pure functions over texts, any thread; hostile input is an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/checkpoint.hpp"
#include "consent/error.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/receipt.hpp"
#include "consent/statements.hpp"
#include "crypto/hash.hpp"
#include "crypto/note.hpp"

namespace unavoce::consent {

/// Largest confirmation, and largest answer of a service to a withdrawal, that is read, in bytes.
inline constexpr std::size_t kMaxWithdrawalConfirmationBytes = 512 * 1024;

/// A statement with the ledger's side of it, as services hand it out.
struct ProvenStatement {
  std::string envelope;
  std::string entry;  ///< entry JSON, verbatim
  crypto::Digest r{};
  std::string proof;  ///< tlog-proof text
};

/// A confirmation as stored; the envelope is verbatim.
struct WithdrawalConfirmation {
  std::string withdrawal;
  std::string entry;  ///< entry JSON, verbatim
  crypto::Digest r{};
  std::string proof;        ///< tlog-proof text
  std::string ledger_vkey;  ///< the key it was checked with when it was written; to be compared, proves nothing itself
  std::vector<ProvenStatement> erased{};  ///< the `erased` statements about it; none if nothing had to go
};

Result<WithdrawalConfirmation> parse_withdrawal_confirmation(std::string_view json);
std::string format_withdrawal_confirmation(const WithdrawalConfirmation& confirmation);
/// Whether a JSON text says of itself that it is a confirmation, not a receipt.
bool is_withdrawal_confirmation(std::string_view json) noexcept;

/// Entry, opening and proof, and what was erased, out of a service's answer to POST /statements; `ledger_vkey` stays
/// empty. Fields that are not needed are ignored, so that an older program understands a newer service; one that does
/// not say what it erased names nothing. Nothing is verified yet.
Result<WithdrawalConfirmation> withdrawal_confirmation_from_answer(std::string_view json, std::string withdrawal);

/// What a good confirmation proves.
struct WithdrawalConfirmationContent {
  Signed<Withdrawal> withdrawal;
  EntryBody entry;
  std::uint64_t index = 0;
  Checkpoint checkpoint;
  std::vector<Signed<Erased>> erased;  ///< by the key that each names: compare it with the room's service key
};

/// Checks the withdrawal's signature, that the entry is this withdrawal's, and that `ledger` signed a tree it is in;
/// and the same of every `erased` statement, which is about the recording of the withdrawal. Errors: malformed,
/// bad_signature, damaged; the text names the first thing that is wrong.
Result<WithdrawalConfirmationContent> verify_withdrawal_confirmation(const WithdrawalConfirmation& confirmation,
                                                                     const crypto::NoteVerifier& ledger);

/// The names of track files and wrapped keys that the `erased` statements list.
std::vector<std::string> erased_names(const WithdrawalConfirmationContent& content);

/// That the service which the receipt's room names is the one that signed what was erased. Errors: not_permitted.
Result<void> check_erased_by_service(const WithdrawalConfirmationContent& content, const ReceiptContent& receipt);

/// What proves that a recording was erased as a whole, so that nothing is left to take back.
struct WholeErasure {
  Signed<Erased> erased;  ///< by the key that it names: compare it with the room's service key
  EntryBody entry;
  std::uint64_t index = 0;
  Checkpoint checkpoint;
};

/// Reads a service's answer to GET /recordings/{recording}/erasure, and checks that the statement says so of this very
/// recording and that `ledger` signed a tree it is in. Errors: malformed, bad_signature, damaged.
Result<WholeErasure> verify_whole_erasure(std::string_view json, const RecordingId& recording,
                                          const crypto::NoteVerifier& ledger);

/// That a withdrawal takes back the approval of this receipt: same recording, same key. Errors: unknown_reference.
Result<void> check_concerns(const Withdrawal& withdrawal, const ReceiptContent& receipt);

}  // namespace unavoce::consent
