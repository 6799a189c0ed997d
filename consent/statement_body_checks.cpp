// check_body for each kind: what a statement must agree on with itself beyond single fields.
#include <algorithm>
#include <functional>

#include "consent/statement_fields.hpp"
#include "consent/statement_json.hpp"

namespace unavoce::consent {
namespace {

Result<void> fine() {
  return boost::outcome_v2::success();
}
Error bad(std::string why) {
  return {Errc::malformed, std::move(why)};
}

template <class List, class Projection>
bool has_twins(const List& list, Projection part) {
  for (auto one = list.begin(); one != list.end(); ++one)
    for (auto other = std::next(one); other != list.end(); ++other)
      if (std::invoke(part, *one) == std::invoke(part, *other)) return true;
  return false;
}

}  // namespace

Result<void> check_body(const Room& room) {
  if ((room.version == 1) != !room.previous)
    return bad("room: version 1 has no previous statement, every later one names it");
  if (has_twins(room.host_keys, &HostKey::key)) return bad("room: a host key is listed twice");
  if (has_twins(room.recipients, &RoomRecipient::recipient)) return bad("room: a recipient is listed twice");
  if (has_twins(room.gateway_keys, std::identity{})) return bad("room: a gateway key is listed twice");
  return fine();
}

Result<void> check_body(const Request& request) {
  if (request.scope.empty()) return bad("request: the scope is empty, there is nothing to record");
  if (!request.minimum_scope.subset_of(request.scope)) return bad("request: the minimum scope exceeds the scope");
  if (request.expires_ms <= request.issued_ms) return bad("request: expires before it was issued");
  // Recording ends with the request: so nothing is still being recorded when it must be deleted.
  if (request.delete_after_ms < request.expires_ms) return bad("request: to be deleted before it expires");
  return fine();
}

Result<void> check_body(const Approval& approval) {
  if (approval.scope.empty() == approval.consent_recipient.has_value() ||
      approval.scope.empty() == approval.wrapped_sha256.has_value())
    return bad("approval: consent_recipient and wrapped_sha256 are given exactly if the scope is not empty");
  if (approval.attested_by.has_value() != approval.method.has_value())
    return bad("approval: attested_by and method come together");
  if (approval.attested_by == approval.key) return bad("approval: a key cannot attest itself");
  if (approval.expires_ms <= approval.issued_ms) return bad("approval: expires before it was issued");
  return fine();
}

Result<void> check_body(const Refusal&) {
  return fine();
}

Result<void> check_body(const Confirmation&) {
  return fine();
}

Result<void> check_body(const Withdrawal& withdrawal) {
  if (withdrawal.kinds.empty()) return bad("withdrawal: names no kind");
  // One envelope in a key file must work whenever it comes, also twice: only a withdrawal of everything is like that.
  if (withdrawal.advance && withdrawal.kinds != Scope::all())
    return bad("withdrawal: signed in advance, but not of all kinds");
  return fine();
}

Result<void> check_body(const Take& take) {
  if (std::ranges::adjacent_find(take.approvals, std::greater_equal<>{}) != take.approvals.end())
    return bad("take: approvals do not ascend, or one is named twice");
  return fine();
}

Result<void> check_body(const Track& track) {
  if (track.kinds.empty()) return bad("track: holds no kind of media");
  return fine();
}

Result<void> check_body(const Seal& seal) {
  if (seal.take.has_value() == seal.entries.has_value())
    return bad("seal: either names a take, or is the final one and counts the entries");
  if (has_twins(seal.tracks, &SealedTrack::name)) return bad("seal: a track file is listed twice");
  return fine();
}

Result<void> check_body(const Erased& erased) {
  if (has_twins(erased.what, std::identity{})) return bad("erased: something is listed twice");
  return fine();
}

}  // namespace unavoce::consent
