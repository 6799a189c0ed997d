// Requests that are on their way while a test does something else.
#pragma once

#include <optional>
#include <string>

#include "attendee.hpp"
#include "service.hpp"

namespace unavoce::server::test {

inline std::string post_of(const std::string& target, const std::string& body, const std::string& headers = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The line of a request by which somebody is logged in.
inline std::string cookie_of(const Host& host) {
  return "Cookie: " + host.login.front().second + "\r\n";
}

/// A request that carries a statement.
inline std::string statement(const std::string& envelope, const std::optional<crypto::Bytes>& wrapped = {},
                             const std::string& headers = {}) {
  const Json key = wrapped ? Json(crypto::to_base64(*wrapped)) : Json(nullptr);
  return post_of("/api/v1/statements", Json{{"envelope", envelope}, {"wrapped", key}}.dump(), headers);
}

/// A request that is on its way when this is made; its answer is read later.
class Posted {
 public:
  Posted(const Service& server, const std::string& request) : socket_(server.address()) { socket_.send(request); }
  Reply answer() {
    std::string left_over;
    return read_reply(socket_, "POST", left_over);
  }

 private:
  Socket socket_;
};

/// What arrived before this has been begun by the service: its control thread has come round.
inline void pass(const Service& server) {
  for (int i = 0; i < 2; ++i) {
    if (server.fetch("GET", "/api/v1/config").status != 200) throw std::runtime_error("no settings to be had");
  }
}

}  // namespace unavoce::server::test
