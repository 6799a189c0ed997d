// What an arriving statement must agree with beyond itself (DESIGN sections 2, 4, 5). Pure functions over statements
// that parse_statement has accepted; any thread; time is passed in. Uniqueness over the whole ledger (challenge, E, W)
// is the ledger's own business, inside its transaction; whether it fits the running session, admit() in rules.hpp says.
// Errors: unknown_reference, not_permitted, expired, malformed, conflict, bad_signature.
#pragma once

#include <optional>
#include <string_view>

#include "consent/error.hpp"
#include "consent/statements.hpp"
#include "crypto/bytes.hpp"

namespace unavoce::consent {

/// How far the clock of somebody's device may be off. Freshness comes from the challenge; this only stops nonsense.
inline constexpr SpanMs kClockSkew{15 * 60 * 1000};

/// Largest W that is accepted, in bytes: 4 KiB of plaintext, 16 stanzas, and the rest of an age file.
inline constexpr std::size_t kMaxWrappedBytes = 8 * 1024;

/// The service that a room must name: what GET /config says.
struct ServiceIdentity {
  crypto::PublicKey service_key;
  LedgerIdentity ledger;
};

/// A room statement: version 1, or the successor of `previous` (same room, same pinned key, next version, its id as
/// previous, not issued earlier). It names this service and its ledger.
Result<void> check_room(const Signed<Room>& room, const Signed<Room>* previous, const ServiceIdentity& service,
                        TimeMs now);

/// A request: for this room under this very statement, in this session, by one of its host keys, neither stale nor
/// expired, to be deleted in the future.
Result<void> check_request(const Signed<Request>& request, const Signed<Room>& room, const SessionId& session,
                           TimeMs now);

/// An approval: of this request and recording, minimum ⊆ scope ⊆ requested, answering this challenge, not expired;
/// E is none of the room's recipients; W is there exactly with a scope, has the hash that was signed and is an age file
/// to exactly as many X25519 recipients as the room has; attested only by a gateway of the room.
Result<void> check_approval(const Signed<Approval>& approval, const Signed<Request>& request, const Signed<Room>& room,
                            std::optional<crypto::ByteView> wrapped, std::string_view challenge, TimeMs now);

/// A refusal: of this request and recording, answering this challenge.
Result<void> check_refusal(const Signed<Refusal>& refusal, const Signed<Request>& request, std::string_view challenge,
                           TimeMs now);

/// A confirmation: of an approval of this request's recording, answering this challenge, while the request lasts.
Result<void> check_confirmation(const Signed<Confirmation>& confirmation, const Signed<Request>& request,
                                std::string_view challenge, TimeMs now);

/// A withdrawal: of the recording at hand. Its date is not looked at: a wrong clock must keep nobody from withdrawing.
Result<void> check_withdrawal(const Signed<Withdrawal>& withdrawal, const RecordingId& recording);

/// A take: of this request's recording, by the room's service key; countersigned, if at all, by a host key of the room.
Result<void> check_take(const Signed<Take>& take, const Signed<Request>& request, const Signed<Room>& room);

/// Is this one of the keys that may ask to record and countersign takes?
bool is_host_key(const Room& room, const crypto::PublicKey& key);

}  // namespace unavoce::consent
