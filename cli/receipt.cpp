#include "consent/receipt.hpp"

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/recording_source.hpp"
#include "cli/verification.hpp"

namespace unavoce::cli {

namespace {

template <class List>
std::string listed(const List& list) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : ", ") + std::string(one);
  return text.empty() ? "nothing" : text;
}

}  // namespace

Result<Report> verify_receipt_file(const ReceiptVerifyOptions& options) {
  BOOST_OUTCOME_TRY(const auto bytes, read_small_file(options.file, consent::kMaxReceiptBytes));
  BOOST_OUTCOME_TRY(const auto receipt, consent::parse_receipt(crypto::as_text(bytes.view())));
  BOOST_OUTCOME_TRY(const auto content, consent::verify_receipt(receipt));
  BOOST_OUTCOME_TRY(check_fingerprint(options.fingerprint, content.fingerprint));

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
  const std::string text =
      "Room         " + printable(content.room.body.title) + "\nFingerprint  " + content.fingerprint +
      "\nRecording    " + approval.recording.hex() + "\nPurpose      " + printable(content.request.body.purpose) +
      "\nApproval     " + content.approval.id.hex() + "\nGranted      " + listed(scope) + "\nLedger       " +
      printable(content.checkpoint.origin) + ", entry " + std::to_string(content.index) + " of " +
      std::to_string(content.checkpoint.size) +
      "\n\nThis approval was given and is in the ledger, if the fingerprint is the one in your invitation link.\n";
  return Report{text, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

}  // namespace unavoce::cli
