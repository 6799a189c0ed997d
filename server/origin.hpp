#pragma once
// Cross-site request protection: what a page of another site may not make our visitors' browsers do. A value, fixed at
// start; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "server/http.hpp"

namespace unavoce::server {

class OriginPolicy {
 public:
  /// `base_url` without a path; on a loopback server also its other loopback spellings are ours.
  OriginPolicy(std::string_view base_url, std::vector<std::string> further_origins);

  bool is_ours(std::string_view origin) const;

  /// Refuses requests which change something, or open a WebSocket, when a browser says that they come from elsewhere.
  /// Programs send no Origin.
  Result<void> check(const Request& request) const;
  /// The same for opening a WebSocket, which is a GET.
  Result<void> check_upgrade(const Request& request) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace unavoce::server
