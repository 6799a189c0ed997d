#include "consent/withdrawal_confirmation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "consent/json_object.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kConfirmationType = "unavoce-confirmation/v1";

Error broken(Errc code, std::string_view why) {
  return {code, "confirmation: " + std::string(why)};
}

std::string base64_text(std::string_view text) {
  return crypto::to_base64(crypto::as_bytes(text));
}

/// Of a confirmation: strict.
Result<ProvenStatement> read_proven(const JsonObject& object) {
  ProvenStatement proven;
  BOOST_OUTCOME_TRY(const auto envelope, object.base64("envelope"));
  BOOST_OUTCOME_TRY(const auto entry, object.base64("entry"));
  proven.envelope = crypto::as_text(envelope);
  proven.entry = crypto::as_text(entry);
  BOOST_OUTCOME_TRY(proven.r, object.base64_digest("r"));
  BOOST_OUTCOME_TRY(proven.proof, object.text("proof"));
  return proven;
}

/// Of a service's answer: entry, opening and proof of a statement, beside whatever else it says; nothing if one of them
/// is missing or no base64.
std::optional<ProvenStatement> find_proven(const nlohmann::json& object, std::string envelope) {
  for (const char* field : {"entry", "r", "proof"}) {
    if (!object.contains(field) || !object[field].is_string()) return std::nullopt;
  }
  const auto entry = crypto::from_base64(object["entry"].get_ref<const std::string&>());
  const auto r = crypto::from_base64(object["r"].get_ref<const std::string&>());
  ProvenStatement proven;
  if (!entry || !r || r.value().size() != proven.r.size()) return std::nullopt;
  proven.envelope = std::move(envelope);
  proven.entry = crypto::as_text(entry.value());
  std::ranges::copy(r.value(), proven.r.begin());
  proven.proof = object["proof"].get<std::string>();
  return proven;
}

/// The same of one element of its `erased`, which brings its envelope along.
std::optional<ProvenStatement> find_erased(const nlohmann::json& element) {
  if (!element.is_object() || !element.contains("envelope") || !element["envelope"].is_string()) return std::nullopt;
  const auto envelope = crypto::from_base64(element["envelope"].get_ref<const std::string&>());
  if (!envelope) return std::nullopt;
  return find_proven(element, std::string(crypto::as_text(envelope.value())));
}

Result<WholeErasure> verify_erased(const ProvenStatement& proven, const RecordingId& recording,
                                   const crypto::NoteVerifier& ledger) {
  BOOST_OUTCOME_TRY(auto erased, parse_statement<Erased>(proven.envelope));
  BOOST_OUTCOME_TRY(auto entry, parse_entry(proven.entry));
  if (erased.body.recording != recording || entry.kind != kind_name<Erased>() || entry.recording != recording.hex() ||
      entry.envelope_sha256 != crypto::sha256(crypto::as_bytes(erased.envelope))) {
    return broken(Errc::damaged, "a statement of what was erased is not the one of its ledger entry and recording");
  }
  BOOST_OUTCOME_TRY(const auto proof, parse_proof(proven.proof));
  BOOST_OUTCOME_TRY(auto checkpoint, verify_proof(proof, commitment(proven.r, proven.entry), ledger));
  return WholeErasure{std::move(erased), std::move(entry), proof.index, std::move(checkpoint)};
}

}  // namespace

std::string format_withdrawal_confirmation(const WithdrawalConfirmation& confirmation) {
  std::string erased;
  for (const auto& one : confirmation.erased) {
    erased += erased.empty() ? "" : ",";
    erased += "{\"envelope\":\"" + base64_text(one.envelope) + "\",\"entry\":\"" + base64_text(one.entry) +
              "\",\"r\":\"" + crypto::to_base64(one.r) + "\",\"proof\":" + json_quoted(one.proof) + "}";
  }
  return "{\"type\":\"" + std::string(kConfirmationType) + "\",\"withdrawal\":\"" +
         base64_text(confirmation.withdrawal) + "\",\"entry\":\"" + base64_text(confirmation.entry) + "\",\"r\":\"" +
         crypto::to_base64(confirmation.r) + "\",\"proof\":" + json_quoted(confirmation.proof) +
         ",\"ledger_vkey\":" + json_quoted(confirmation.ledger_vkey) + ",\"erased\":[" + erased + "]}\n";
}

bool is_withdrawal_confirmation(std::string_view json) noexcept {
  return json.find(kConfirmationType) != std::string_view::npos;
}

Result<WithdrawalConfirmation> parse_withdrawal_confirmation(std::string_view json) {
  if (json.size() > kMaxWithdrawalConfirmationBytes) return broken(Errc::malformed, "larger than any confirmation");
  BOOST_OUTCOME_TRY(const auto object,
                    JsonObject::parse(json, "confirmation",
                                      {"type", "withdrawal", "entry", "r", "proof", "ledger_vkey"}, {"erased"}));
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
  if (object.has("erased")) {
    BOOST_OUTCOME_TRY(const auto list, object.objects("erased", {"envelope", "entry", "r", "proof"}));
    for (const auto& element : list) {
      BOOST_OUTCOME_TRY(auto erased, read_proven(element));
      confirmation.erased.push_back(std::move(erased));
    }
  }
  return confirmation;
}

Result<WithdrawalConfirmation> withdrawal_confirmation_from_answer(std::string_view json, std::string withdrawal) {
  const Error no_answer(Errc::malformed, "the answer holds no entry, opening and proof of the withdrawal");
  if (json.size() > kMaxWithdrawalConfirmationBytes) return no_answer;
  const auto answer = nlohmann::json::parse(json, nullptr, false);
  if (!answer.is_object()) return no_answer;
  auto proven = find_proven(answer, std::move(withdrawal));
  if (!proven) return no_answer;
  WithdrawalConfirmation confirmation;
  confirmation.withdrawal = std::move(proven->envelope);
  confirmation.entry = std::move(proven->entry);
  confirmation.r = proven->r;
  confirmation.proof = std::move(proven->proof);
  const auto said = answer.find("erased");
  if (said == answer.end() || said->is_null()) return confirmation;
  if (!said->is_array()) return broken(Errc::malformed, "what the answer says to have erased is no list");
  for (const auto& element : *said) {
    auto erased = find_erased(element);
    if (!erased) return broken(Errc::malformed, "what the answer says to have erased comes without its proof");
    confirmation.erased.push_back(std::move(*erased));
  }
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
  std::vector<Signed<Erased>> all_erased;
  for (const auto& one : confirmation.erased) {
    BOOST_OUTCOME_TRY(auto proven, verify_erased(one, withdrawal.body.recording, ledger));
    all_erased.push_back(std::move(proven.erased));
  }
  return WithdrawalConfirmationContent{std::move(withdrawal), std::move(entry), proof.index, std::move(checkpoint),
                                       std::move(all_erased)};
}

std::vector<std::string> erased_names(const WithdrawalConfirmationContent& content) {
  std::vector<std::string> names;
  for (const auto& erased : content.erased) names.insert(names.end(), erased.body.what.begin(), erased.body.what.end());
  return names;
}

Result<void> check_erased_by_service(const WithdrawalConfirmationContent& content, const ReceiptContent& receipt) {
  for (const auto& erased : content.erased) {
    if (erased.body.key == receipt.room.body.service_key) continue;
    return broken(Errc::not_permitted,
                  "what was erased is not signed by the service that the room in the receipt names; nobody else may "
                  "say so");
  }
  return boost::outcome_v2::success();
}

Result<WholeErasure> verify_whole_erasure(std::string_view json, const RecordingId& recording,
                                          const crypto::NoteVerifier& ledger) {
  if (json.size() > kMaxWithdrawalConfirmationBytes) return broken(Errc::malformed, "larger than any answer");
  const auto proven = find_erased(nlohmann::json::parse(json, nullptr, false));
  if (!proven) return broken(Errc::malformed, "the answer holds no statement, entry, opening and proof of an erasure");
  BOOST_OUTCOME_TRY(auto whole, verify_erased(*proven, recording, ledger));
  const Erased& said = whole.erased.body;
  if (said.what != std::vector<std::string>{"recording"} || said.reason == ErasedReason::withdrawal)
    return broken(Errc::damaged, "not the whole recording was erased");
  return whole;
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
