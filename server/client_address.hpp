#pragma once
// Whose request it is, for limits and the log: the address of the socket's other end, or, behind reverse proxies that
// the operator named, what they report. Anybody can write an X-Forwarded-For; only the part that a named proxy wrote
// counts. Pure; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/error.hpp"

namespace unavoce::server {

/// An IP address or a block of them ("192.0.2.7", "10.0.0.0/8", "2001:db8::/32").
class AddressBlock {
 public:
  /// Errors: config.
  static Result<AddressBlock> parse(std::string_view text);
  bool holds(std::string_view address) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits_ = 128;
};

/// The client behind `peer`: if `peer` is a trusted proxy, the last address of `forwarded_for` that is none itself.
/// What cannot be read ends the search: then it is the proxy that vouches for nobody else.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<AddressBlock>& trusted);

/// Whoever shares limits with this address: itself, or for IPv6 its /64, which one customer has to themselves.
std::string address_group(const std::string& address);

}  // namespace unavoce::server
