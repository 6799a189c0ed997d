// One entry of the ledger and its commitment, the only thing of it that the tree ever sees (docs/FORMATS.md section 4).
// Whoever erases the entry and its `r` leaves behind a hash that nobody can link to anything; tree and proofs stay
// valid. Pure functions, any thread; bad input is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"

namespace unavoce::consent {

/// What an entry says. `recording` is the hex id of a recording, or of a room for room statements.
struct EntryBody {
  std::string recording;
  std::uint64_t sequence = 0;              ///< counts from 0 inside one recording
  std::optional<crypto::Digest> previous;  ///< commitment of the entry before, in the same recording
  TimeMs received{};
  std::string kind;
  crypto::Digest envelope_sha256{};
};

/// The JSON that is stored, hashed and handed out verbatim.
std::string format_entry(const EntryBody& entry);

/// Strict: every key once and no other.
Result<EntryBody> parse_entry(std::string_view json);

/// HMAC-SHA256(r, "unavoce/leaf/v1" ‖ 0x00 ‖ SHA-256(entry)): the leaf data.
crypto::Digest commitment(const crypto::Digest& r, std::string_view entry_json);

}  // namespace unavoce::consent
