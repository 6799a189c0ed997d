#include "consent/withdrawal_confirmation.hpp"

#include <nlohmann/json.hpp>

#include "consent/json_object.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kConfirmationType = "unavoce-confirmation/v1";

Error broken(Errc code, std::string_view why) {
  return {code, "confirmation: " + std::string(why)};
}

}  // namespace

std::string format_withdrawal_confirmation(const WithdrawalConfirmation& confirmation) {
  const auto base64_text = [](std::string_view text) { return crypto::to_base64(crypto::as_bytes(text)); };
  return "{\"type\":\"" + std::string(kConfirmationType) + "\",\"withdrawal\":\"" +
         base64_text(confirmation.withdrawal) + "\",\"entry\":\"" + base64_text(confirmation.entry) + "\",\"r\":\"" +
         crypto::to_base64(confirmation.r) + "\",\"proof\":" + json_quoted(confirmation.proof) +
         ",\"ledger_vkey\":" + json_quoted(confirmation.ledger_vkey) + "}\n";
}

bool is_withdrawal_confirmation(std::string_view json) noexcept {
  return json.find(kConfirmationType) != std::string_view::npos;
}

Result<WithdrawalConfirmation> parse_withdrawal_confirmation(std::string_view json) {
  if (json.size() > kMaxWithdrawalConfirmationBytes) return broken(Errc::malformed, "larger than any confirmation");
  BOOST_OUTCOME_TRY(const auto object, JsonObject::parse(json, "confirmation",
                                                         {"type", "withdrawal", "entry", "r", "proof", "ledger_vkey"}));
  BOOST_OUTCOME_TRY(const auto type, object.text("type"));
  if (type != kConfirmationType) return broken(Errc::malformed, "its type is not " + std::string(kConfirmationType));
  WithdrawalConfirmation confirmation;
  BOOST_OUTCOME_TRY(const auto withdrawal, object.base64("withdrawal"));
  BOOST_OUTCOME_TRY(const auto entry, object.base64("entry"));
  confirmation.withdrawal = crypto::as_text(withdrawal);
  confirmation.entry = crypto::as_text(entry);
  BOOST_OUTCOME_TRY(confirmation.r, object.base64_digest("r"));
  BOOST_OUTCOME_TRY(confirmation.proof, object.text("proof"));
  BOOST_OUTCOME_TRY(confirmation.ledger_vkey, object.text("ledger_vkey"));
  return confirmation;
}

Result<WithdrawalConfirmation> withdrawal_confirmation_from_answer(std::string_view json, std::string withdrawal) {
  const Error no_answer(Errc::malformed, "the answer holds no entry, opening and proof of the withdrawal");
  if (json.size() > kMaxWithdrawalConfirmationBytes) return no_answer;
  const auto answer = nlohmann::json::parse(json, nullptr, false);
  if (!answer.is_object()) return no_answer;
  for (const char* field : {"entry", "r", "proof"}) {
    if (!answer.contains(field) || !answer[field].is_string()) return no_answer;
  }
  BOOST_OUTCOME_TRY(const auto entry, crypto::from_base64(answer["entry"].get_ref<const std::string&>()));
  BOOST_OUTCOME_TRY(const auto r, crypto::from_base64(answer["r"].get_ref<const std::string&>()));
  WithdrawalConfirmation confirmation;
  if (r.size() != confirmation.r.size()) return no_answer;
  std::ranges::copy(r, confirmation.r.begin());
  confirmation.withdrawal = std::move(withdrawal);
  confirmation.entry = crypto::as_text(entry);
  confirmation.proof = answer["proof"].get<std::string>();
  return confirmation;
}

Result<WithdrawalConfirmationContent> verify_withdrawal_confirmation(const WithdrawalConfirmation& confirmation,
                                                                     const crypto::NoteVerifier& ledger) {
  BOOST_OUTCOME_TRY(auto withdrawal, parse_statement<Withdrawal>(confirmation.withdrawal));
  BOOST_OUTCOME_TRY(auto entry, parse_entry(confirmation.entry));
  if (entry.kind != kind_name<Withdrawal>() || entry.recording != withdrawal.body.recording.hex() ||
      entry.envelope_sha256 != crypto::sha256(crypto::as_bytes(withdrawal.envelope))) {
    return broken(Errc::damaged, "the ledger entry is not the one of this withdrawal");
  }
  BOOST_OUTCOME_TRY(const auto proof, parse_proof(confirmation.proof));
  BOOST_OUTCOME_TRY(auto checkpoint, verify_proof(proof, commitment(confirmation.r, confirmation.entry), ledger));
  return WithdrawalConfirmationContent{std::move(withdrawal), std::move(entry), proof.index, std::move(checkpoint)};
}

Result<void> check_concerns(const Withdrawal& withdrawal, const ReceiptContent& receipt) {
  const Approval& approval = receipt.approval.body;
  if (withdrawal.recording == approval.recording && withdrawal.key == approval.key) return boost::outcome_v2::success();
  return Error{
      Errc::unknown_reference,
      "the receipt is about another approval than the one that is taken back: choose the receipt that was saved "
      "together with the key file"};
}

}  // namespace unavoce::consent
