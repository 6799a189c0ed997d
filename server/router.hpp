#pragma once
// Finds the handler of a request in a table of routes, after the checks that hold for all: Origin, log-in, body limit.
// The table is the whole surface of the server: what is not in it answers 404 or 405. Owned by Server; control thread.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/application.hpp"
#include "server/log.hpp"
#include "server/origin.hpp"
#include "server/web_root.hpp"

namespace unavoce::server {

/// What a handler gets: the request, the values of the {…} in its pattern, and who is logged in (empty: nobody, or
/// `anyone` may call it).
struct Context {
  Request request;
  std::vector<std::string> path;
  std::string user;
};

/// Who may call a route. For `anyone` no log-in is looked up, although a browser sends one along: what needs none, a
/// withdrawal above all, waits for no database. A `reader` may be a host, or hold another token than that of a log-in.
enum class Access { anyone, reader, host };

using Handler = std::function<Task<Result<Response>>(Context)>;
/// What is done before the log-in is looked up, which it must make sure of by itself. Waits for nothing.
using AtOnce = std::function<void(const Context&)>;

struct Route {
  Method method;
  std::string_view pattern;  // segments; {name} takes any one segment, {+name} at the end all that follow
  Access access;
  std::uint64_t body_limit_bytes;
  Handler handler;
  AtOnce at_once{};
};

/// The token of a log-in that comes with a request (bearer header or cookie), if it is one; empty: there is none.
std::string login_token(const Request& request);

/// Who holds a log-in token (from the cookie or the bearer header); empty if nobody. An error: nobody can tell now.
using FindLogin = std::function<Task<Result<std::string>>(std::string token)>;
/// Opens the WebSocket of a room; path[0] is the room.
using UpgradeRoom = std::function<Task<Result<OpenWebSocket>>(Context)>;

class Router final : public Application {
 public:
  Router(std::vector<Route> routes, UpgradeRoom upgrade_room, FindLogin find_login, OriginPolicy origins,
         const WebRoot& pages, std::string websocket_origin, Log& log);

  Task<Response> handle(Request request) override;
  Task<Result<OpenWebSocket>> upgrade(Request request) override;
  std::uint64_t body_limit_bytes(const Request& head) const override;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> path;
    std::string allow;  // methods of this path, when only the method did not fit
  };
  Match match(const Request& request) const;
  Task<Result<Response>> dispatch(Request request, Match match);
  void add_security_headers(Response& response, Transport transport) const;

  std::vector<Route> routes_;
  UpgradeRoom upgrade_room_;
  FindLogin find_login_;
  OriginPolicy origins_;
  const WebRoot& pages_;
  std::string content_security_policy_;
  Log& log_;
};

/// Where the WebSocket of a room is; not in the table of routes, because a handshake is no request that a handler
/// answers.
inline constexpr std::string_view kRoomSocket = "/api/v1/rooms/{room}/ws";

/// The name of the log-in cookie.
inline constexpr std::string_view kLoginCookie = "unavoce_session";

}  // namespace unavoce::server
