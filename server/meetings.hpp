#pragma once
// All sessions that run now, by room, and what concerns recordings with or without a session. Owned by Server; control
// thread.

#include <string>

#include "server/router.hpp"
#include "server/services.hpp"

namespace unavoce::server {

class Meetings {
 public:
  explicit Meetings(Services& services) : services_(services) {}

  /// Opens the WebSocket of a room for somebody who will introduce themselves with `join`.
  Task<Result<OpenWebSocket>> open_socket(Context context);

  /// Ends the room's session, then erases its recordings, wrapped keys, statements, and the room. Can be repeated.
  Task<Result<void>> erase_room(std::string room);

 private:
  Services& services_;
};

}  // namespace unavoce::server
