// Statements: what people, hosts and the service sign (DESIGN section 4), read strictly and written canonically.
// Pure functions over texts, any thread. Whatever arrives from outside goes through parse_statement, which checks size,
// then the signatures over the stored bytes, and only then reads the body; hostile input is an error, never a crash.
// Errors: malformed, bad_signature, wrong_kind. What a statement must agree with beyond itself: checks.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "consent/statement_types.hpp"
#include "crypto/ed25519.hpp"

namespace unavoce::consent {

/// A statement that was read from an envelope, with its signatures verified.
template <class S>
struct Signed {
  S body;
  StatementId id;
  std::string envelope;                    ///< verbatim, as received: this is what is kept
  std::size_t signatures;                  ///< 1; take: 1 or 2; attested approval: 2
  std::vector<crypto::PublicKey> signers;  ///< whose they are, in order; the first is the key that the body names
};

/// The word for S in payload types, ledger entries and the API: `room`, `request`, …
template <class S>
std::string_view kind_name() noexcept;

/// The payload type of S: `application/vnd.unavoce.<kind>.v1+json`.
template <class S>
std::string payload_type();

/// Reads a statement of kind S. Everything it says about itself has been checked afterwards: kind, signatures by the
/// keys it names, every key there once and no other, bounds, order of lists, E and W present exactly with a scope.
template <class S>
Result<Signed<S>> parse_statement(std::string_view envelope);

/// Signs a body and gives the envelope. Throws std::invalid_argument when the body is one that parse_statement would
/// refuse or the key is not the one it names: that is a mistake of the caller, not of the input.
template <class S>
std::string sign_statement(const S& body, const crypto::SigningKey& key);

/// The id that sign_statement's envelope of this body will have.
template <class S>
StatementId id_of(const S& body);

/// Adds a second signature made here (countersigning a take, attesting an approval).
template <class S>
Result<std::string> add_signature(std::string_view envelope, const crypto::SigningKey& key);

/// Adds a second signature made elsewhere (base64 of 64 bytes, by the key `keyid`), as a host's page answers it.
/// Verified; bad_signature if it does not fit.
Result<std::string> countersign_take(std::string_view envelope, std::string_view keyid, std::string_view sig);

/// Which kind of statement an envelope claims to hold (`room` … `erased`), for dispatching; nothing is verified.
Result<std::string> kind_of(std::string_view envelope);

}  // namespace unavoce::consent
