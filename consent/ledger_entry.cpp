#include "consent/ledger_entry.hpp"

#include "consent/json_object.hpp"

namespace unavoce::consent {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLeafDomain = "unavoce/leaf/v1\0"sv;

}  // namespace

std::string format_entry(const EntryBody& entry) {
  const std::string previous = entry.previous ? "\"" + crypto::to_hex(*entry.previous) + "\"" : "null";
  return "{\"recording\":" + json_quoted(entry.recording) + ",\"sequence\":" + std::to_string(entry.sequence) +
         ",\"previous\":" + previous + ",\"received_ms\":" + std::to_string(entry.received.value) +
         ",\"kind\":" + json_quoted(entry.kind) + ",\"envelope_sha256\":\"" + crypto::to_hex(entry.envelope_sha256) +
         "\"}";
}

Result<EntryBody> parse_entry(std::string_view json) {
  BOOST_OUTCOME_TRY(const auto object,
                    JsonObject::parse(json, "ledger entry",
                                      {"recording", "sequence", "previous", "received_ms", "kind", "envelope_sha256"}));
  EntryBody entry;
  BOOST_OUTCOME_TRY(entry.recording, object.text("recording"));
  BOOST_OUTCOME_TRY(entry.sequence, object.number("sequence"));
  if (!object.is_null("previous")) {
    BOOST_OUTCOME_TRY(entry.previous, object.hex_digest("previous"));
  }
  BOOST_OUTCOME_TRY(const auto received_ms, object.number("received_ms"));
  entry.received.value = static_cast<std::int64_t>(received_ms);  // strict JSON ends at 2^53
  BOOST_OUTCOME_TRY(entry.kind, object.text("kind"));
  BOOST_OUTCOME_TRY(entry.envelope_sha256, object.hex_digest("envelope_sha256"));
  return entry;
}

crypto::Digest commitment(const crypto::Digest& r, std::string_view entry_json) {
  crypto::Bytes message(kLeafDomain.begin(), kLeafDomain.end());
  const crypto::Digest hash = crypto::sha256(crypto::as_bytes(entry_json));
  message.insert(message.end(), hash.begin(), hash.end());
  return crypto::hmac_sha256(r, message);
}

}  // namespace unavoce::consent
