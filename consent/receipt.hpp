// The two files a participant takes home (DESIGN section 4): the receipt, which proves the approval to anyone, and the
// key file, which opens their own part and can take the approval back (docs/FORMATS.md section 3). Pure functions over
// texts, any thread; hostile input is an error. The key file is a secret: callers wipe its text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "consent/checkpoint.hpp"
#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/statements.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::consent {

/// Largest receipt that is read, in bytes: three envelopes of 64 KiB in base64, an entry and a proof.
inline constexpr std::size_t kMaxReceiptBytes = 512 * 1024;

/// A receipt as stored; the envelopes are verbatim.
struct Receipt {
  std::string room;
  std::string request;
  std::string approval;
  std::string entry;  ///< entry JSON, verbatim
  crypto::Digest r{};
  std::string proof;  ///< tlog-proof text
};

Result<Receipt> parse_receipt(std::string_view json);
std::string format_receipt(const Receipt& receipt);

/// What a good receipt proves.
struct ReceiptContent {
  Signed<Room> room;
  Signed<Request> request;
  Signed<Approval> approval;
  EntryBody entry;
  std::uint64_t index = 0;
  Checkpoint checkpoint;
  std::string fingerprint;  ///< of the room's signing key, as in the invitation link: compare it
};

/// Checks everything a receipt can prove by itself: three signatures, request made by a host key of that room
/// statement, approval for that request, entry of that approval, commitment in the tree, checkpoint signed by the
/// ledger which the room statement names. What it cannot know is whether the room is the right one: compare
/// `fingerprint` with the link. Errors: malformed, bad_signature, unknown_reference, damaged; the text names the first
/// rule that failed.
Result<ReceiptContent> verify_receipt(const Receipt& receipt);

/// SHA-256 of the room's public signing key as the 43 characters of the invitation link.
std::string room_fingerprint(const crypto::PublicKey& signing_key);

/// A participant's key file. Move-only: it owns the consent key.
struct KeyFile {
  RecordingId recording;
  StatementId approval;
  std::string server;
  Signed<Withdrawal> withdrawal;             ///< checked: its signature, and that it is about `recording`
  std::optional<crypto::Identity> identity;  ///< nothing when the scope was empty
  std::string token;                         ///< reads the owner's sealed tracks; empty in files that have none
};

/// Largest key file that is read, in bytes.
inline constexpr std::size_t kMaxKeyFileBytes = 128 * 1024;

/// Strict; native X25519 identities only. Errors: malformed, bad_signature.
Result<KeyFile> parse_key_file(std::string_view text);

}  // namespace unavoce::consent
