#pragma once
// What clients say over the WebSocket (docs/API.md), read strictly. Pure; hostile input is Errc::malformed.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/ed25519.hpp"
#include "server/error.hpp"

namespace unavoce::server {

struct JoinMessage {
  std::string name;  // 1 to 60 characters, no control characters
  crypto::PublicKey key;
  enum class As { participant, host } as;
  std::optional<std::string> resume;
};
struct SignalMessage {
  std::string to;    // participant
  std::string data;  // JSON text, at most 32 KiB, relayed as it is
};
struct CountersignMessage {
  std::string take_id;
  std::string keyid;
  std::string sig;
};
struct ConfirmMessage {
  std::string envelope;  // a `confirmation`
};
struct RemoveMessage {
  std::string participant;  // by a host
};
struct LeaveMessage {};
struct PingMessage {};

using ClientMessage = std::variant<JoinMessage, SignalMessage, CountersignMessage, ConfirmMessage, RemoveMessage,
                                   LeaveMessage, PingMessage>;

Result<ClientMessage> parse_client_message(std::string_view text);

}  // namespace unavoce::server
