#pragma once
// One question to another service, for what the service asks of others: the witnesses of its ledger. TLS is verified,
// redirects are not followed; http goes to this machine only (config_settings.cpp sees to that) and through no proxy.
// Blocks: never on the control thread; any number of others at once.

#include <atomic>
#include <cstddef>
#include <string>

#include "server/error.hpp"

namespace unavoce::server {

struct HttpAnswer {
  long status = 0;
  std::string content_type;
  std::string body;
};

/// Posts `body` as text and waits at most ten seconds for at most `limit_bytes`. Gives up soon after `ending` is set.
/// Errors: io; any status is an answer.
Result<HttpAnswer> http_post(const std::string& url, const std::string& body, std::size_t limit_bytes,
                             const std::atomic<bool>& ending);

}  // namespace unavoce::server
