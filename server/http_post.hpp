#pragma once
// One question to another service, for what the service asks of others: the witnesses of its ledger. TLS is verified,
// redirects are not followed; http goes to this machine only (config_settings.cpp sees to that) and through no proxy.
// Blocks: never on the control thread; any number of others at once.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "server/error.hpp"

namespace unavoce::server {

struct HttpAnswer {
  long status = 0;
  std::string content_type;
  std::string body;
};

/// How long whoever asks waits, of all their questions together with those under way; any thread.
struct HttpPatience {
  std::atomic<bool> is_over{false};                                           ///< at once
  std::atomic<std::chrono::milliseconds> for_each{std::chrono::seconds(10)};  ///< at most these ten seconds
};

/// Posts `body` as text and waits for at most `limit_bytes`, as long as `patience` says; what becomes of that while it
/// waits is noticed within a second or so. Errors: io; any status is an answer.
Result<HttpAnswer> http_post(const std::string& url, const std::string& body, std::size_t limit_bytes,
                             const HttpPatience& patience);

}  // namespace unavoce::server
