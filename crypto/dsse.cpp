#include "crypto/dsse.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/strict_json.hpp"

namespace unavoce::crypto {

namespace {

using Json = nlohmann::ordered_json;

/// An envelope is an object with an array of objects.
constexpr std::size_t envelope_depth = 3;

Error malformed(std::string_view what) {
  return Error{Errc::malformed, "DSSE envelope refused: " + std::string(what)};
}

bool has_exactly(const Json& object, std::initializer_list<const char*> keys) {
  return object.is_object() && object.size() == keys.size() &&
         std::ranges::all_of(keys, [&](const char* key) { return object.contains(key); });
}

Result<EnvelopeSignature> read_signature(const Json& json) {
  if (!has_exactly(json, {"keyid", "sig"}) || !json["keyid"].is_string() || !json["sig"].is_string()) {
    return malformed("a signature must have exactly the texts \"keyid\" and \"sig\"");
  }
  BOOST_OUTCOME_TRY(const auto bytes, from_base64(json["sig"].get_ref<const std::string&>()));
  EnvelopeSignature signature{json["keyid"].get<std::string>(), {}};
  if (bytes.size() != signature.sig.size()) {
    return malformed("an Ed25519 signature has 64 bytes, this one has " + std::to_string(bytes.size()));
  }
  std::ranges::copy(bytes, signature.sig.begin());
  return signature;
}

}  // namespace

Result<Envelope> parse_envelope(std::string_view json) {
  if (json.size() > max_envelope_bytes) {
    return Error{Errc::too_large, "DSSE envelope refused: " + std::to_string(json.size()) + " bytes, at most " +
                                      std::to_string(max_envelope_bytes) + " are allowed"};
  }
  BOOST_OUTCOME_TRY(check_strict_json(json, envelope_depth));
  const Json document = Json::parse(json);
  if (!has_exactly(document, {"payloadType", "payload", "signatures"}) || !document["payloadType"].is_string() ||
      !document["payload"].is_string() || !document["signatures"].is_array()) {
    return malformed("it must have exactly \"payloadType\", \"payload\" and \"signatures\"");
  }
  Envelope envelope;
  envelope.payload_type = document["payloadType"].get<std::string>();
  BOOST_OUTCOME_TRY(envelope.payload, from_base64(document["payload"].get_ref<const std::string&>()));
  for (const auto& signature : document["signatures"]) {
    BOOST_OUTCOME_TRY(auto read, read_signature(signature));
    envelope.signatures.push_back(std::move(read));
  }
  if (envelope.signatures.empty()) return malformed("it carries no signature");
  return envelope;
}

std::string serialise(const Envelope& envelope) {
  Json signatures = Json::array();
  for (const auto& signature : envelope.signatures) {
    signatures.push_back({{"keyid", signature.keyid}, {"sig", to_base64(signature.sig)}});
  }
  const Json document{{"payloadType", envelope.payload_type},
                      {"payload", to_base64(envelope.payload)},
                      {"signatures", std::move(signatures)}};
  return document.dump();
}

Bytes pae(std::string_view type, ByteView body) {
  std::string head = "DSSEv1 ";
  head.append(std::to_string(type.size())).append(" ").append(type);
  head.append(" ").append(std::to_string(body.size())).append(" ");
  Bytes bytes;
  bytes.reserve(head.size() + body.size());
  bytes.insert(bytes.end(), head.begin(), head.end());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

Digest statement_id(std::string_view type, ByteView body) {
  return sha256(pae(type, body));
}

bool signed_by(const Envelope& envelope, std::size_t index, const PublicKey& key) {
  if (index >= envelope.signatures.size()) return false;
  const auto& signature = envelope.signatures[index];
  return signature.keyid == key.text() && verify(key, pae(envelope.payload_type, envelope.payload), signature.sig);
}

void add_signature(Envelope& envelope, const SigningKey& key) {
  envelope.signatures.push_back({key.public_key().text(), key.sign(pae(envelope.payload_type, envelope.payload))});
}

}  // namespace unavoce::crypto
