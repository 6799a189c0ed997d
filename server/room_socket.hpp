#pragma once
// One WebSocket of a room: reads what the page says and passes it to the room's Meeting. Owned by the connection;
// control thread.

#include <memory>
#include <string>

#include "server/application.hpp"

namespace unavoce::server {

class Meetings;

/// Whether this connection carries the log-in of the room's owner.
enum class HostRight { denied, granted };

std::unique_ptr<WebSocketSession> open_room_socket(Meetings& meetings, std::string room, HostRight right,
                                                   std::shared_ptr<WebSocketPeer> peer);

}  // namespace unavoce::server
