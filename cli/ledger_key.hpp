// Which key a ledger must have signed with: said with --ledger-key, or named by the room statement in a receipt.
//
// Owner: values. Thread: main. Errors: usage for a key that is none, failed for a receipt that does not verify.
#pragma once

#include <optional>
#include <string>

#include "cli/error.hpp"
#include "cli/service.hpp"
#include "consent/receipt.hpp"
#include "crypto/note.hpp"

namespace unavoce::cli {

struct LedgerKeyOptions {
  std::string vkey;     ///< --ledger-key
  std::string receipt;  ///< --receipt
};

/// What somebody knows of the ledger beforehand; both may be missing.
struct KnownLedger {
  std::optional<crypto::NoteVerifier> key;
  std::optional<consent::ReceiptContent> receipt;
};

/// Reads and checks both; a receipt of another ledger than the key is an error.
Result<KnownLedger> known_ledger(const LedgerKeyOptions& options);

/// A vkey out of a service's answer or a file. Errors: failed.
Result<crypto::NoteVerifier> ledger_key_of(const std::string& vkey);

/// The ledger key that a service claims for itself. Errors: failed for a service that names none; io.
Result<crypto::NoteVerifier> ledger_key_of_service(const Service& service);

}  // namespace unavoce::cli
