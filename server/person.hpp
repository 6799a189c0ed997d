#pragma once
// Somebody in a meeting as the server knows them: a name that is kept in RAM only, a socket, a challenge to answer, and
// where they may publish. Owned by Meeting; control thread.

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// A WHIP session that was answered.
struct PublishedSession {
  std::string resource;
  recorder::PublishKind kind = recorder::PublishKind::camera;
};

/// An unguessable address and token for WHIP, and what may be sent there.
struct PublishPlace {
  std::string path;  ///< "/whip/<32 hex digits>"
  Token token;
  consent::Scope allowed;
  std::vector<PublishedSession> sessions{};                 ///< that were answered, the newest last
  std::map<recorder::PublishKind, std::string> arriving{};  ///< of each kind the latest whose media arrived
  /// Of each kind the session whose media ended without a word, until media of that kind is there again.
  std::map<recorder::PublishKind, std::string> lost{};

  /// Of one kind only the newest session lives, those before it were replaced and are remembered for their DELETE.
  static constexpr std::size_t max_sessions_of_kind = 8;

  /// Notes a session that was answered. Gives the one that is forgotten for it: the oldest of the same kind.
  std::optional<std::string> remember(std::string resource, recorder::PublishKind kind) {
    sessions.push_back({std::move(resource), kind});
    const auto is_of_kind = [kind](const PublishedSession& session) { return session.kind == kind; };
    if (std::ranges::count_if(sessions, is_of_kind) <= static_cast<std::ptrdiff_t>(max_sessions_of_kind))
      return std::nullopt;
    const auto oldest = std::ranges::find_if(sessions, is_of_kind);
    std::string forgotten = std::move(oldest->resource);
    sessions.erase(oldest);
    return forgotten;
  }

  bool has(std::string_view resource) const {
    return std::ranges::any_of(sessions, [&](const auto& session) { return session.resource == resource; });
  }
};

struct Person {
  consent::ParticipantId id;
  std::string name;
  crypto::PublicKey key;
  consent::Role role;
  Token resume;
  std::optional<crypto::Digest> login{};  ///< a host's, with which they came in, until it is logged out
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
