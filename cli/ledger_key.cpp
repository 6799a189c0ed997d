#include "cli/ledger_key.hpp"

#include "cli/files.hpp"

namespace unavoce::cli {

Result<crypto::NoteVerifier> ledger_key_of(const std::string& vkey) {
  auto key = crypto::NoteVerifier::parse(vkey);
  if (!key) return Error(ExitCode::failed, "this is no ledger key: " + key.error().text);
  return std::move(key).value();
}

Result<KnownLedger> known_ledger(const LedgerKeyOptions& options) {
  KnownLedger known;
  if (!options.vkey.empty()) {
    auto key = ledger_key_of(options.vkey);
    if (!key) return Error(ExitCode::usage, "--ledger-key: " + key.error().text);
    known.key = std::move(key).value();
  }
  if (options.receipt.empty()) return known;
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(options.receipt, consent::kMaxReceiptBytes));
  BOOST_OUTCOME_TRY(const auto receipt, consent::parse_receipt(crypto::as_text(bytes.view())));
  BOOST_OUTCOME_TRY(known.receipt, consent::verify_receipt(receipt));
  BOOST_OUTCOME_TRY(auto key, ledger_key_of(known.receipt->room.body.ledger.vkey));
  if (known.key && known.key->vkey() != key.vkey())
    return Error(ExitCode::failed, "the receipt names another ledger key than the one given with --ledger-key");
  known.key = std::move(key);
  return known;
}

}  // namespace unavoce::cli
