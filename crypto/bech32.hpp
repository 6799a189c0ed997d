// Bech32 (BIP 173) as age uses it: no limit on the length, and text that is all lower or all upper case.
//
// Owner: values. Thread: any. Errors: Errc::malformed. Identities pass here too: the inner buffers are wiped, the
// caller wipes `data`.
#pragma once

#include <string>
#include <string_view>

#include "crypto/bytes.hpp"

namespace unavoce::crypto {

/// A decoded Bech32 text.
struct Bech32 {
  std::string prefix;  ///< human-readable part, in the case of the text
  Bytes data;
};

/// Lower-case Bech32 of `data` after `prefix`, which is lower case.
std::string bech32_encode(std::string_view prefix, ByteView data);

/// Refuses mixed case, a wrong checksum, non-zero padding bits and more padding than needed.
Result<Bech32> bech32_decode(std::string_view text);

}  // namespace unavoce::crypto
