#pragma once
// Which STUN and TURN servers somebody is told of. What a TURN server lets in is made anew each time, as coturn's
// `use-auth-secret` checks it (draft-uberti-behave-turn-rest-00): no page gets the secret behind it, and what a page
// gets is of no use after a day. Pure but for randomness; any thread; no errors.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consent/ids.hpp"
#include "server/config.hpp"

namespace unavoce::server {

/// As a browser's RTCIceServer has it.
struct IceServer {
  std::string url;
  std::string username{};  ///< this and the credential: empty for STUN, which needs none
  std::string credential{};
};

/// Longer than any meeting; a page that stays on gets fresh ones whenever it reconnects.
inline constexpr std::chrono::hours kTurnLifetime{24};

/// The STUN servers: what anybody may know.
std::vector<IceServer> public_ice_servers(const Config& config);
/// Those, and the TURN servers with fresh credentials, which hold from `now` on: for whoever is inside a meeting or may
/// publish. TURN carries traffic at the operator's cost.
std::vector<IceServer> all_ice_servers(const Config& config, consent::TimeMs now);

/// user name "<expires>:<id>" and base64 of HMAC-SHA1(secret, user name), for any server.
struct TurnCredential {
  std::string username;
  std::string credential;
};
TurnCredential turn_credential(std::string_view secret, std::int64_t expires_s, std::string_view id);

/// The value of a Link header (RFC 9725 section 4.6).
std::string link_value(const IceServer& server);

}  // namespace unavoce::server
