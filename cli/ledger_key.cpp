#include "cli/ledger_key.hpp"

#include <nlohmann/json.hpp>

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

Result<crypto::NoteVerifier> ledger_key_of_service(const Service& service) {
  BOOST_OUTCOME_TRY(const auto answer, service.get("/api/v1/config"));
  if (answer.status != 200) return refused("the service does not say which ledger it has", answer);
  const auto config = nlohmann::json::parse(answer.body, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/ledger/vkey");
  if (!config.is_object() || !config.contains(pointer) || !config[pointer].is_string())
    return Error(ExitCode::failed, "the service does not say which ledger it has");
  return ledger_key_of(config[pointer].get<std::string>());
}

}  // namespace unavoce::cli
