#include "consent/receipt.hpp"

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/recording_source.hpp"
#include "cli/verification.hpp"
#include "consent/withdrawal_confirmation.hpp"

namespace unavoce::cli {

namespace {

template <class List>
std::string listed(const List& list) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : ", ") + std::string(one);
  return text.empty() ? "nothing" : text;
}

/// Another ledger than the one that is known beforehand proves nothing.
Result<void> expect_ledger(const KnownLedger& known, const std::string& vkey) {
  if (!known.key || known.key->vkey() == vkey) return boost::outcome_v2::success();
  return Error(ExitCode::failed,
               "the proof is of another ledger, " + printable(vkey) + ", not of " + known.key->vkey());
}

Result<Report> verify_receipt(std::string_view text, const ReceiptVerifyOptions& options) {
  if (!options.ledger.receipt.empty())
    return Error(ExitCode::usage, "--receipt goes with a confirmation; " + options.file + " is a receipt itself");
  BOOST_OUTCOME_TRY(const auto known, known_ledger(options.ledger));
  BOOST_OUTCOME_TRY(const auto receipt, consent::parse_receipt(text));
  BOOST_OUTCOME_TRY(const auto content, consent::verify_receipt(receipt));
  BOOST_OUTCOME_TRY(check_fingerprint(options.fingerprint, content.fingerprint));
  BOOST_OUTCOME_TRY(expect_ledger(known, content.room.body.ledger.vkey));

  const consent::Approval& approval = content.approval.body;
  const auto scope = approval.scope.names();
  const nlohmann::ordered_json json = {{"passed", true},
                                       {"room_title", content.room.body.title},
                                       {"fingerprint", content.fingerprint},
                                       {"recording", approval.recording.hex()},
                                       {"purpose", content.request.body.purpose},
                                       {"approval", content.approval.id.hex()},
                                       {"participant", approval.participant.hex()},
                                       {"scope", scope},
                                       {"received_ms", content.entry.received.value},
                                       {"ledger", content.checkpoint.origin},
                                       {"index", content.index},
                                       {"checkpoint_size", content.checkpoint.size}};
  const std::string shown =
      "Room         " + printable(content.room.body.title) + "\nFingerprint  " + content.fingerprint +
      "\nRecording    " + approval.recording.hex() + "\nPurpose      " + printable(content.request.body.purpose) +
      "\nApproval     " + content.approval.id.hex() + "\nGranted      " + listed(scope) + "\nLedger       " +
      printable(content.checkpoint.origin) + ", entry " + std::to_string(content.index) + " of " +
      std::to_string(content.checkpoint.size) +
      "\n\nThis approval was given and is in the ledger, if the fingerprint is the one in your invitation link.\n";
  return Report{shown, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

Result<Report> verify_withdrawal_confirmation(std::string_view text, const ReceiptVerifyOptions& options) {
  BOOST_OUTCOME_TRY(const auto known, known_ledger(options.ledger));
  if (!options.fingerprint.empty()) {
    if (!known.receipt)
      return Error(ExitCode::usage, "a confirmation names no room; --fingerprint needs --receipt beside it");
    BOOST_OUTCOME_TRY(check_fingerprint(options.fingerprint, known.receipt->fingerprint));
  }
  BOOST_OUTCOME_TRY(const auto confirmation, consent::parse_withdrawal_confirmation(text));
  BOOST_OUTCOME_TRY(expect_ledger(known, confirmation.ledger_vkey));
  BOOST_OUTCOME_TRY(const auto ledger, ledger_key_of(confirmation.ledger_vkey));
  BOOST_OUTCOME_TRY(const auto content, consent::verify_withdrawal_confirmation(confirmation, ledger));
  const consent::Withdrawal& body = content.withdrawal.body;
  if (known.receipt) {
    BOOST_OUTCOME_TRY(consent::check_concerns(body, *known.receipt));
    BOOST_OUTCOME_TRY(consent::check_erased_by_service(content, *known.receipt));
  }
  const auto kinds = body.kinds.names();
  const auto erased = consent::erased_names(content);
  const nlohmann::ordered_json json = {{"passed", true},
                                       {"recording", body.recording.hex()},
                                       {"withdrawal", content.withdrawal.id.hex()},
                                       {"kinds", kinds},
                                       {"received_ms", content.entry.received.value},
                                       {"ledger", content.checkpoint.origin},
                                       {"ledger_vkey", confirmation.ledger_vkey},
                                       {"ledger_key_given", known.key.has_value()},
                                       {"index", content.index},
                                       {"checkpoint_size", content.checkpoint.size},
                                       {"erased", erased}};
  const std::string shown = "Recording    " + body.recording.hex() + "\nWithdrawal   " + content.withdrawal.id.hex() +
                            "\nTaken back   " + listed(kinds) + "\nErased       " + printable(listed(erased)) +
                            "\nLedger       " + printable(confirmation.ledger_vkey) + "\n             entry " +
                            std::to_string(content.index) + " of " + std::to_string(content.checkpoint.size) +
                            "\n\nThis withdrawal, and what the service signed to have erased, is in the ledger" +
                            (known.key ? ".\n" : ", if the ledger's key is the one in your receipt (--receipt).\n");
  return Report{shown, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

}  // namespace

Result<Report> verify_receipt_file(const ReceiptVerifyOptions& options) {
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(options.file, consent::kMaxReceiptBytes));
  const std::string_view text = crypto::as_text(bytes.view());
  return consent::is_withdrawal_confirmation(text) ? verify_withdrawal_confirmation(text, options)
                                                   : verify_receipt(text, options);
}

}  // namespace unavoce::cli
