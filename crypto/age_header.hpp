// The textual header of an age file (c2sp.org/age), read strictly: what parse_header() accepts, serialise() writes
// again byte for byte. No keys here; file_key.hpp knows what the stanzas mean.
//
// Owner: values. Thread: any. Errors: Errc::malformed, Errc::unsupported (armor), Errc::too_large.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"

namespace unavoce::crypto {

/// Longer headers are refused; enough for 600 recipients.
inline constexpr std::size_t max_header_bytes = 64 * 1024;

/// One way to the file key, or a note such as "unavoce.track/v1" that readers of age skip.
struct Stanza {
  std::string type;
  std::vector<std::string> args;
  Bytes body;

  friend bool operator==(const Stanza&, const Stanza&) = default;
};

struct Header {
  std::vector<Stanza> stanzas;  ///< at least one
  Digest mac{};                 ///< not yet checked by parse_header()
};

/// A header and where it ended.
struct ParsedHeader {
  Header header;
  std::size_t size_bytes;  ///< up to and including the LF after the MAC; the payload nonce follows
};

/// Reads the header at the start of `bytes`. No value means: good so far, but it goes on beyond `bytes`.
Result<std::optional<ParsedHeader>> parse_header(ByteView bytes);

/// For files that are complete: a header that goes on beyond `bytes` is Errc::malformed.
Result<ParsedHeader> parse_whole_header(ByteView bytes);

/// What the MAC covers: everything up to and including "---".
std::string mac_input(std::span<const Stanza> stanzas);

/// The whole header, ending in LF.
std::string serialise(const Header& header);

}  // namespace unavoce::crypto
