#include "consent/checks.hpp"

#include <algorithm>

#include "crypto/age.hpp"
#include "crypto/hash.hpp"

namespace unavoce::consent {
namespace {

Result<void> fine() {
  return boost::outcome_v2::success();
}
Error foreign(std::string why) {
  return {Errc::unknown_reference, std::move(why)};
}
Error forbidden(std::string why) {
  return {Errc::not_permitted, std::move(why)};
}

Result<void> check_issued_now(TimeMs issued, TimeMs now) {
  if (issued > now + kClockSkew)
    return Error(Errc::expired, "it is dated in the future; set the clock of your device and sign again");
  if (issued < now - kClockSkew)
    return Error(Errc::expired, "it was signed too long ago; set the clock of your device and sign again");
  return fine();
}

/// Approvals, refusals and confirmations alike: of this recording, fresh, and in time.
template <class Answer>
Result<void> check_is_fresh(const Answer& answer, const Signed<Request>& request, std::string_view challenge,
                            TimeMs now) {
  if (answer.recording != request.body.recording) return foreign("it is about another recording than its request");
  if (answer.challenge != challenge)
    return Error(Errc::replayed,
                 "it answers another challenge than the one given to this participant; take a fresh one");
  if (request.body.expires_ms <= now) return Error(Errc::expired, "its request has expired; the host has to ask again");
  return check_issued_now(answer.issued_ms, now);
}

template <class Answer>
Result<void> check_answers(const Answer& answer, const Signed<Request>& request, std::string_view challenge,
                           TimeMs now) {
  if (answer.request != request.id) return foreign("it answers another request");
  return check_is_fresh(answer, request, challenge, now);
}

Result<void> check_wrapped(const Approval& approval, const Room& room, std::optional<crypto::ByteView> wrapped) {
  if (approval.wrapped_sha256.has_value() != wrapped.has_value())
    return Error(Errc::malformed, "the wrapped consent key comes along exactly if the scope is not empty");
  if (!wrapped) return fine();
  if (wrapped->size() > kMaxWrappedBytes) return Error(Errc::malformed, "the wrapped consent key is too large");
  if (crypto::sha256(*wrapped) != *approval.wrapped_sha256)
    return foreign("the wrapped consent key is another one than was signed");
  BOOST_OUTCOME_TRY(const auto stanzas, crypto::count_x25519_stanzas(*wrapped));
  if (stanzas != room.recipients.size())
    return Error(Errc::malformed, "the wrapped consent key has " + std::to_string(stanzas) +
                                      " recipients, the room has " + std::to_string(room.recipients.size()));
  return fine();
}

}  // namespace

bool is_host_key(const Room& room, const crypto::PublicKey& key) {
  return std::ranges::find(room.host_keys, key, &HostKey::key) != room.host_keys.end();
}

Result<void> check_room(const Signed<Room>& room, const Signed<Room>* previous, const ServiceIdentity& service,
                        TimeMs now) {
  const auto& body = room.body;
  if (body.service_key != service.service_key || body.ledger.origin != service.ledger.origin ||
      body.ledger.vkey != service.ledger.vkey)
    return foreign("the room names another service or ledger than this one; load /config and sign again");
  if (body.issued_ms > now + kClockSkew) return check_issued_now(body.issued_ms, now);
  if (!previous)
    return body.version == 1 ? fine() : foreign("the room has no earlier statement here, so this must be version 1");
  const auto& before = previous->body;
  if (body.room != before.room) return foreign("it is the statement of another room");
  if (body.signing_key != before.signing_key)
    return forbidden("the room's key is pinned; nobody else can change the room");
  if (body.version != before.version + 1 || body.previous != previous->id || body.issued_ms < before.issued_ms)
    return Error(Errc::conflict, "it does not follow the room's present statement, version " +
                                     std::to_string(before.version) + "; load it and sign again");
  return fine();
}

Result<void> check_request(const Signed<Request>& request, const Signed<Room>& room, const SessionId& session,
                           TimeMs now) {
  const auto& body = request.body;
  if (body.room != room.body.room || body.room_statement != room.id)
    return foreign("the request is about another room, or an older statement of it; load the room and ask again");
  if (body.session != session) return foreign("the request is about another session than the present one");
  if (!is_host_key(room.body, body.key))
    return forbidden("the request is signed by a key that is no host key of the room");
  if (body.expires_ms <= now) return Error(Errc::expired, "the request has expired");
  if (body.delete_after_ms <= now) return Error(Errc::expired, "the recording would have to be deleted already");
  return check_issued_now(body.issued_ms, now);
}

Result<void> check_approval(const Signed<Approval>& approval, const Signed<Request>& request, const Signed<Room>& room,
                            std::optional<crypto::ByteView> wrapped, std::string_view challenge, TimeMs now) {
  const auto& body = approval.body;
  if (request.body.room_statement != room.id) return foreign("its request belongs to another room statement");
  BOOST_OUTCOME_TRY(check_answers(body, request, challenge, now));
  if (body.expires_ms <= now) return Error(Errc::expired, "the approval has expired; approve again");
  if (!body.scope.subset_of(request.body.scope)) return forbidden("the approval grants more than was asked for");
  if (!request.body.minimum_scope.subset_of(body.scope))
    return forbidden("the approval grants less than the request needs; grant that, or refuse");
  if (body.attested_by && std::ranges::count(room.body.gateway_keys, *body.attested_by) == 0)
    return forbidden("the approval is attested by a key that is no gateway of the room");
  if (body.consent_recipient && std::ranges::find(room.body.recipients, *body.consent_recipient,
                                                  &RoomRecipient::recipient) != room.body.recipients.end())
    return forbidden("the consent key is a key of the room; the participant must make a fresh one");
  return check_wrapped(body, room.body, wrapped);
}

Result<void> check_refusal(const Signed<Refusal>& refusal, const Signed<Request>& request, std::string_view challenge,
                           TimeMs now) {
  return check_answers(refusal.body, request, challenge, now);
}

Result<void> check_confirmation(const Signed<Confirmation>& confirmation, const Signed<Request>& request,
                                std::string_view challenge, TimeMs now) {
  return check_is_fresh(confirmation.body, request, challenge, now);
}

Result<void> check_withdrawal(const Signed<Withdrawal>& withdrawal, const RecordingId& recording) {
  if (withdrawal.body.recording != recording) return foreign("the withdrawal is about another recording");
  return fine();
}

Result<void> check_take(const Signed<Take>& take, const Signed<Request>& request, const Signed<Room>& room) {
  if (take.body.recording != request.body.recording) return foreign("the take is of another recording");
  if (take.body.key != room.body.service_key)
    return forbidden("the take is signed by another key than the service the room names");
  if (take.signers.size() == 2 && !is_host_key(room.body, take.signers.back()))
    return forbidden("the take is countersigned by a key that is no host key of the room");
  return fine();
}

}  // namespace unavoce::consent
