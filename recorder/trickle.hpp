// Reads the SDP fragments by which a WHIP client sends candidates after its offer: pure text.
// Owner: values. Thread: any. Errors: bad_offer when it is no fragment of this session's offer, unsupported when it
// asks for an ICE restart. Sources: RFC 9725 section 4.3, RFC 8840 section 9 (the fragment), RFC 8839 section 5.1
// (candidate).
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/error.hpp"

namespace unavoce::recorder {

/// A fragment of any length up to this is read; a browser's candidates have some 200 bytes each.
inline constexpr std::size_t max_fragment_bytes = std::size_t{16} << 10;

/// Candidates that are taken of one session, in its offer and after it. Each one is paired with each of ours and tried
/// for seconds: nobody has that many addresses.
inline constexpr unsigned max_candidates = 64;

/// Whether we can use a candidate (what follows `candidate:`): UDP, RTP, and an address. Names are not looked up: the
/// lookup would tell somebody's name server who records.
bool is_usable_candidate(std::string_view value);

/// What the offer said about ICE, for comparison.
struct OfferedIce {
  std::set<std::string> ufrags;
  /// By mid: the section whose transport carries it, which is the first of its bundle.
  std::map<std::string, unsigned> transports;
};

struct RemoteCandidate {
  unsigned section = 0;  ///< of the transport
  std::string text;      ///< `candidate:…`
};

/// The candidates of a fragment that we can use. Others (TCP, host names, RTCP) are left out without a word, as RFC
/// 9725 section 4.3.2 wants it.
Result<std::vector<RemoteCandidate>> read_fragment(std::string_view fragment, const OfferedIce& offered);

}  // namespace unavoce::recorder
