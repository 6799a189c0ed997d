// Room statements for tests, as a host's page would make them.
#pragma once

#include <string>
#include <utility>

#include "consent/statements.hpp"
#include "service.hpp"

namespace unavoce::server::test {

/// A room statement, version 1, for a service with this key and this ledger.
inline consent::Room new_room(const crypto::SigningKey& key, const crypto::PublicKey& service, std::string origin,
                              std::string vkey) {
  return {.room = consent::RoomId::random(),
          .version = 1,
          .previous = std::nullopt,
          .title = "Weekly",
          .controllers = {{"Example", "privacy@example.org"}},
          .authority = "Authority",
          .location = "Germany",
          .processors = {},
          .conference = std::nullopt,
          .lobby = false,
          .withdrawal_erases = consent::WithdrawalErases::own_tracks,
          .signing_key = key.public_key(),
          .host_keys = {{key.public_key(), "Host"}},
          .recipients = {{crypto::Identity::generate().recipient(), "Host", consent::RecipientRole::host}},
          .service_key = service,
          .ledger = {std::move(origin), std::move(vkey)},
          .witness_policy = "none",
          .gateway_keys = {},
          .issued_ms = consent::TimeMs{1'700'000'000'000}};
}

/// The same for this service, as it tells its key and its ledger.
inline consent::Room new_room(const Service& server, const crypto::SigningKey& key) {
  const std::string config = server.fetch("GET", "/api/v1/config").body;
  return new_room(key, crypto::PublicKey::parse(json_text(config, "service_key")).value(), json_text(config, "origin"),
                  json_text(config, "vkey"));
}

/// The body of POST /rooms.
inline std::string envelope_body(const std::string& envelope) {
  std::string escaped;
  for (const char c : envelope) {
    if (c == '"' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return R"({"envelope":")" + escaped + R"("})";
}

}  // namespace unavoce::server::test
