#pragma once
// One WebSocket of a room: reads what the page says and passes it to the room's Meeting. Owned by the connection;
// control thread.

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "crypto/hash.hpp"
#include "server/application.hpp"

namespace unavoce::server {

class Meetings;

/// A connection to a room, as the handshake left it.
struct RoomVisit {
  std::string room;
  std::optional<crypto::Digest> host_login;  ///< of the room's owner, if the handshake carried it
  std::string address;                       ///< whose it counts for (address_group)
};

/// `join_deadline` runs already, and closes the connection if nobody has joined by then; cancelled here.
std::unique_ptr<WebSocketSession> open_room_socket(Meetings& meetings, RoomVisit visit,
                                                   std::shared_ptr<WebSocketPeer> peer,
                                                   std::shared_ptr<asio::steady_timer> join_deadline);

}  // namespace unavoce::server
