#pragma once
// Somebody in a meeting as the server knows them: a name that is kept in RAM only, a socket, a challenge to answer, and
// where they may publish. Owned by Meeting; control thread.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "consent/scope.hpp"
#include "consent/statement_types.hpp"
#include "crypto/ed25519.hpp"
#include "recorder/publish.hpp"
#include "server/accounts.hpp"
#include "server/application.hpp"

namespace unavoce::server {

/// The largest meeting: everybody sends to everybody (mesh).
inline constexpr std::size_t kMaxPeople = 6;

/// An unguessable address and token for WHIP, and what may be sent there.
struct PublishPlace {
  std::string path;  ///< "/whip/<32 hex digits>"
  Token token;
  consent::Scope allowed;
  std::vector<std::string> resources;                       ///< WHIP sessions that were answered, the newest last
  std::map<recorder::PublishKind, std::string> arriving{};  ///< of each kind the latest whose media arrived
  /// Of each kind the session whose media ended without a word, until media of that kind is there again.
  std::map<recorder::PublishKind, std::string> lost{};
  std::map<recorder::PublishKind, std::string> newest{};  ///< of each kind the latest that was answered: it may be live

  /// Takes in a session that was answered. Gives the one to end when that is one too many: the oldest that a newer one
  /// of its kind has replaced, never one that may be live.
  std::optional<std::string> add(recorder::PublishKind kind, std::string resource);
};

struct Person {
  consent::ParticipantId id;
  std::string name;
  crypto::PublicKey key;
  consent::Role role;
  Token resume;
  std::shared_ptr<WebSocketPeer> peer{};  ///< none before the welcome and after the connection was lost
  std::vector<std::string> early{};       ///< signals of others that came before the welcome
  std::size_t early_bytes = 0;
  std::uint64_t departed = 0;  ///< counts up; who left last has the highest
  std::string challenge{};     ///< what the next answer must carry; single use
  std::optional<PublishPlace> place{};
  std::string last_roster{};  ///< as they were last told
  std::string last_gate{};

  /// Sends a text frame if there is a connection.
  void send(const std::string& text) const {
    if (peer) peer->send(text);
  }
};

}  // namespace unavoce::server
