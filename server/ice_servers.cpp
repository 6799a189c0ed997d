#include "server/ice_servers.hpp"

#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace unavoce::server {

std::vector<IceServer> public_ice_servers(const Config& config) {
  std::vector<IceServer> servers;
  for (const std::string& url : config.ice_servers) servers.push_back({url});
  return servers;
}

std::vector<IceServer> all_ice_servers(const Config& config, consent::TimeMs now) {
  std::vector<IceServer> servers = public_ice_servers(config);
  if (config.turn_servers.empty()) return servers;
  const std::int64_t expires_s = now.value / 1000 + std::chrono::seconds(kTurnLifetime).count();
  // Not the participant's id: the TURN server's log would tie its address to what the ledger says of them.
  const std::string id = crypto::to_hex(crypto::random_array<8>());
  const TurnCredential made = turn_credential(config.turn_secret, expires_s, id);
  for (const std::string& url : config.turn_servers) servers.push_back({url, made.username, made.credential});
  return servers;
}

TurnCredential turn_credential(std::string_view secret, std::int64_t expires_s, std::string_view id) {
  std::string username = std::to_string(expires_s) + ":" + std::string(id);
  const auto mac = crypto::hmac_sha1(crypto::as_bytes(secret), crypto::as_bytes(username));
  return {std::move(username), crypto::to_base64(mac)};
}

std::string link_value(const IceServer& server) {
  const std::string link = "<" + server.url + ">; rel=\"ice-server\"";
  if (server.username.empty()) return link;
  // Digits, ':', hex and base64, and addresses that were checked (config_settings.cpp): nothing needs escaping.
  return link + "; username=\"" + server.username + "\"; credential=\"" + server.credential +
         "\"; credential-type=\"password\"";
}

}  // namespace unavoce::server
