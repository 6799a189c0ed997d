#include "consent/receipt.hpp"

#include "consent/json_object.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kReceiptType = "unavoce-receipt/v1";

Error broken(Errc code, std::string_view why) {
  return {code, "receipt: " + std::string(why)};
}

bool names_host_key(const Room& room, const crypto::PublicKey& key) {
  for (const HostKey& host : room.host_keys) {
    if (host.key == key) return true;
  }
  return false;
}

/// What the three statements say about one another.
Result<void> check_references(const Signed<Room>& room, const Signed<Request>& request,
                              const Signed<Approval>& approval) {
  if (request.body.room != room.body.room || request.body.room_statement != room.id) {
    return broken(Errc::unknown_reference, "the request was made under another room statement than the one in here");
  }
  if (!names_host_key(room.body, request.body.key)) {
    return broken(Errc::not_permitted, "the request is not signed by a host of the room");
  }
  if (approval.body.request != request.id || approval.body.recording != request.body.recording) {
    return broken(Errc::unknown_reference, "the approval is for another request than the one in here");
  }
  if (!approval.body.scope.subset_of(request.body.scope)) {
    return broken(Errc::not_permitted, "the approval grants more than was asked for");
  }
  return boost::outcome_v2::success();
}

Result<void> check_entry(const EntryBody& entry, const Signed<Approval>& approval) {
  if (entry.kind != kind_name<Approval>() || entry.recording != approval.body.recording.hex() ||
      entry.envelope_sha256 != crypto::sha256(crypto::as_bytes(approval.envelope))) {
    return broken(Errc::damaged, "the ledger entry is not the one of this approval");
  }
  return boost::outcome_v2::success();
}

}  // namespace

std::string format_receipt(const Receipt& receipt) {
  const auto base64_text = [](std::string_view text) { return crypto::to_base64(crypto::as_bytes(text)); };
  return "{\"type\":\"" + std::string(kReceiptType) + "\",\"room\":\"" + base64_text(receipt.room) +
         "\",\"request\":\"" + base64_text(receipt.request) + "\",\"approval\":\"" + base64_text(receipt.approval) +
         "\",\"entry\":\"" + base64_text(receipt.entry) + "\",\"r\":\"" + crypto::to_base64(receipt.r) +
         "\",\"proof\":" + json_quoted(receipt.proof) + "}\n";
}

Result<Receipt> parse_receipt(std::string_view json) {
  if (json.size() > kMaxReceiptBytes) return broken(Errc::malformed, "larger than any receipt");
  BOOST_OUTCOME_TRY(const auto object,
                    JsonObject::parse(json, "receipt", {"type", "room", "request", "approval", "entry", "r", "proof"}));
  BOOST_OUTCOME_TRY(const auto type, object.text("type"));
  if (type != kReceiptType) return broken(Errc::malformed, "its type is not " + std::string(kReceiptType));

  Receipt receipt;
  const auto stored_bytes = [&](std::string_view key, std::string& into) -> Result<void> {
    BOOST_OUTCOME_TRY(const auto bytes, object.base64(key));
    into = crypto::as_text(bytes);
    return boost::outcome_v2::success();
  };
  BOOST_OUTCOME_TRY(stored_bytes("room", receipt.room));
  BOOST_OUTCOME_TRY(stored_bytes("request", receipt.request));
  BOOST_OUTCOME_TRY(stored_bytes("approval", receipt.approval));
  BOOST_OUTCOME_TRY(stored_bytes("entry", receipt.entry));
  BOOST_OUTCOME_TRY(receipt.r, object.base64_digest("r"));
  BOOST_OUTCOME_TRY(receipt.proof, object.text("proof"));
  return receipt;
}

Result<ReceiptContent> verify_receipt(const Receipt& receipt) {
  BOOST_OUTCOME_TRY(auto room, parse_statement<Room>(receipt.room));
  BOOST_OUTCOME_TRY(auto request, parse_statement<Request>(receipt.request));
  BOOST_OUTCOME_TRY(auto approval, parse_statement<Approval>(receipt.approval));
  BOOST_OUTCOME_TRY(check_references(room, request, approval));
  BOOST_OUTCOME_TRY(auto entry, parse_entry(receipt.entry));
  BOOST_OUTCOME_TRY(check_entry(entry, approval));
  BOOST_OUTCOME_TRY(const auto ledger, crypto::NoteVerifier::parse(room.body.ledger.vkey));
  if (ledger.name() != room.body.ledger.origin) {
    return broken(Errc::damaged, "the room statement names a ledger key of another origin");
  }
  BOOST_OUTCOME_TRY(const auto proof, parse_proof(receipt.proof));
  BOOST_OUTCOME_TRY(auto checkpoint, verify_proof(proof, commitment(receipt.r, receipt.entry), ledger));
  std::string fingerprint = room_fingerprint(room.body.signing_key);
  return ReceiptContent{std::move(room), std::move(request),    std::move(approval),   std::move(entry),
                        proof.index,     std::move(checkpoint), std::move(fingerprint)};
}

std::string room_fingerprint(const crypto::PublicKey& signing_key) {
  return crypto::to_base64url(crypto::sha256(signing_key.bytes()));
}

}  // namespace unavoce::consent
