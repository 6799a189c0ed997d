// Public addresses in an SDP answer, for a machine behind 1:1 NAT: pure text.
// Owner: values. Thread: any. Errors: none. Source: RFC 8839 section 5.1 (candidate attribute).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unavoce::recorder {

/// Repeats every UDP host candidate of `sdp` once per public address, with that address and slightly higher priority;
/// local ones stay for publishers in the same network. No public addresses: unchanged.
std::string with_public_addresses(std::string_view sdp, const std::vector<std::string>& public_addresses);

}  // namespace unavoce::recorder
