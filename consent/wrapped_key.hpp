// What is inside W: the consent key and who it belongs to (docs/FORMATS.md section 2). The text was written by a
// participant and is hostile until read here; it never reaches `age -i`, where a plugin line would run a program.
// Owner: ConsentKey owns its key, move-only. Thread: any. Errors: malformed; no error text repeats what was inside.
#pragma once

#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "consent/statements.hpp"
#include "crypto/age.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::consent {

/// Most bytes that the plaintext of W may have.
inline constexpr std::size_t kMaxConsentKeyBytes = 4 * 1024;

/// The content of one W.
struct ConsentKey {
  crypto::Identity identity;
  std::string name;         ///< display name; empty if none was given
  std::string request;      ///< as written: hex id of the request
  std::string participant;  ///< as written: public key of the participant
};

/// Line 1 is one AGE-SECRET-KEY-1…, every further line `# key: value`; no control characters but LF; known keys once.
Result<ConsentKey> parse_consent_key(std::string_view plaintext);

/// Reads the plaintext of W and checks that it belongs to the approval: `e` to its `E`, request and participant key to
/// its own. Errors: malformed (garbage inside), unknown_reference (somebody else's).
Result<ConsentKey> check_consent_key(std::string_view plaintext, const Approval& approval);

/// Opens W with the room's identities, then check_consent_key(). Errors: those, and the crypto error of opening.
Result<ConsentKey> open_consent_key(crypto::ByteView wrapped, std::span<const crypto::Identity> room_identities,
                                    const Approval& approval);

}  // namespace unavoce::consent
