// docs/openapi.json as a contract: every exchange that a test has with the service, and every message, is compared with
// it (http_client.cpp does that), so that a field, status or header that is documented nowhere fails the test that saw
// it. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>

#include "http_client.hpp"

namespace unavoce::server::test {

/// What was asked. `upgrade`: a WebSocket's handshake.
struct Asked {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  enum class As { request, handshake } as = As::request;
};

/// What in an exchange is not as documented; empty if all is. A request is held against its schema if it was accepted.
std::string breach_of_contract(const Asked& asked, const Reply& reply);

enum class Sender { client, server };

/// The same for a message on a room's WebSocket. What clients send is only looked at when it is a message at all.
std::string breach_of_contract(Sender sender, std::string_view message);

}  // namespace unavoce::server::test
