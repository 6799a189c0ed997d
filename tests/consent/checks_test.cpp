// Checks: a statement that is good by itself may still not fit where it arrives.
#include "consent/checks.hpp"

#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "crypto/hash.hpp"
#include "statement_samples.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::consent::test;

namespace {

const ServiceIdentity& service() {
  static const ServiceIdentity identity{key_of(kService), sample_room().ledger};
  return identity;
}

Signed<Room> room() {
  return reread(sample_room(), kRoomKey);
}
Signed<Request> request() {
  return reread(sample_request(), kHost);
}

std::optional<Errc> code(const Result<void>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

/// W as a page makes it, to as many recipients.
crypto::Bytes wrap(std::vector<crypto::Recipient> recipients) {
  return crypto::seal(crypto::as_bytes("AGE-SECRET-KEY-1…\n"), recipients).value();
}
const crypto::Bytes& good_wrapped() {
  static const auto wrapped = wrap({recipient(21), recipient(22)});
  return wrapped;
}

Approval good_approval() {
  auto approval = sample_approval();
  approval.wrapped_sha256 = crypto::sha256(good_wrapped());
  return approval;
}

std::optional<Errc> check(const Approval& approval, const crypto::Bytes& wrapped = good_wrapped(), TimeMs now = kNow) {
  return code(check_approval(reread(approval, kParticipant), request(), room(), wrapped, nonce(1), now));
}

}  // namespace

TEST_CASE("a good approval passes", "[checks]") {
  CHECK(check(good_approval()) == std::nullopt);
}

TEST_CASE("an approval of another request or recording is refused", "[checks]") {
  auto approval = good_approval();
  approval.request = id_of_number<StatementId>(1);
  CHECK(check(approval) == Errc::unknown_reference);
  approval = good_approval();
  approval.recording = id_of_number<RecordingId>(9);
  CHECK(check(approval) == Errc::unknown_reference);
}

TEST_CASE("an approval of a request under another room statement is refused", "[checks]") {
  auto other = sample_room();
  other.title = "Vorstand";
  CHECK(code(check_approval(reread(good_approval(), kParticipant), request(), reread(other, kRoomKey), good_wrapped(),
                            nonce(1), kNow)) == Errc::unknown_reference);
}

TEST_CASE("an approval that answers another challenge is refused", "[checks]") {
  auto approval = good_approval();
  approval.challenge = nonce(7);
  CHECK(check(approval) == Errc::replayed);
}

TEST_CASE("an approval grants no more than asked and no less than needed", "[checks]") {
  auto approval = good_approval();
  approval.scope = {Kind::audio, Kind::screen};
  CHECK(check(approval) == Errc::not_permitted);
  approval.scope = {Kind::video};
  CHECK(check(approval) == Errc::not_permitted);
  approval.scope = {Kind::audio};
  CHECK(check(approval) == std::nullopt);
}

TEST_CASE("approvals have an end, and clocks may be off a little", "[checks]") {
  auto approval = good_approval();
  CHECK(check(approval, good_wrapped(), kNow + kClockSkew) == std::nullopt);
  CHECK(check(approval, good_wrapped(), kNow + kClockSkew + SpanMs{1}) == Errc::expired);
  CHECK(check(approval, good_wrapped(), kNow - kClockSkew) == std::nullopt);
  CHECK(check(approval, good_wrapped(), kNow - kClockSkew - SpanMs{1}) == Errc::expired);
  approval.expires_ms = kNow + SpanMs{1};
  CHECK(check(approval) == std::nullopt);
  CHECK(check(approval, good_wrapped(), kNow + SpanMs{1}) == Errc::expired);
}

TEST_CASE("E must not be a recipient of the room", "[checks]") {
  auto approval = good_approval();
  approval.consent_recipient = recipient(22);
  CHECK(check(approval) == Errc::not_permitted);
}

TEST_CASE("W is the one that was signed", "[checks]") {
  CHECK(check(good_approval(), wrap({recipient(21), recipient(22)})) == Errc::unknown_reference);
  CHECK(code(check_approval(reread(good_approval(), kParticipant), request(), room(), std::nullopt, nonce(1), kNow)) ==
        Errc::malformed);
}

TEST_CASE("W has exactly as many recipients as the room", "[checks]") {
  for (const auto& wrapped : {wrap({recipient(21)}), wrap({recipient(21), recipient(22), recipient(30)})}) {
    auto approval = good_approval();
    approval.wrapped_sha256 = crypto::sha256(wrapped);
    CHECK(check(approval, wrapped) == Errc::malformed);
  }
}

TEST_CASE("W is an age file of bounded size", "[checks]") {
  for (const auto& wrapped : {crypto::Bytes(100, 'x'), crypto::Bytes(kMaxWrappedBytes + 1, 'x')}) {
    auto approval = good_approval();
    approval.wrapped_sha256 = crypto::sha256(wrapped);
    CHECK(check(approval, wrapped) == Errc::malformed);
  }
}

TEST_CASE("an empty scope comes without W, and only where no minimum is asked", "[checks]") {
  auto asked = sample_request();
  asked.minimum_scope = {};
  auto approval = good_approval();
  approval.request = id_of(asked);
  approval.scope = {};
  approval.consent_recipient = std::nullopt;
  approval.wrapped_sha256 = std::nullopt;
  const auto answer = reread(approval, kParticipant);
  CHECK(code(check_approval(answer, reread(asked, kHost), room(), std::nullopt, nonce(1), kNow)) == std::nullopt);
  CHECK(code(check_approval(answer, reread(asked, kHost), room(), good_wrapped(), nonce(1), kNow)) == Errc::malformed);
}

TEST_CASE("only a gateway of the room may attest", "[checks]") {
  auto approval = good_approval();
  approval.method = "telephone";
  for (const auto& [gateway, expected] :
       {std::pair{kGateway, std::optional<Errc>()}, std::pair{kStranger, std::optional(Errc::not_permitted)}}) {
    approval.attested_by = key_of(gateway);
    const auto envelope = add_signature<Approval>(signed_by_number(approval, kParticipant), signing_key(gateway));
    const auto attested = parse_statement<Approval>(envelope.value()).value();
    CHECK(code(check_approval(attested, request(), room(), good_wrapped(), nonce(1), kNow)) == expected);
  }
}

TEST_CASE("a request is made by a host key, for this room, session and time", "[checks]") {
  const auto check_it = [](const Request& body, std::uint8_t signer, TimeMs now = kNow) {
    return code(check_request(reread(body, signer), room(), id_of_number<SessionId>(3), now));
  };
  CHECK(check_it(sample_request(), kHost) == std::nullopt);
  auto body = sample_request();
  body.key = key_of(kStranger);
  CHECK(check_it(body, kStranger) == Errc::not_permitted);
  body = sample_request();
  body.room = id_of_number<RoomId>(9);
  CHECK(check_it(body, kHost) == Errc::unknown_reference);
  body = sample_request();
  body.room_statement = id_of_number<StatementId>(9);
  CHECK(check_it(body, kHost) == Errc::unknown_reference);
  body = sample_request();
  body.session = id_of_number<SessionId>(9);
  CHECK(check_it(body, kHost) == Errc::unknown_reference);
  CHECK(check_it(sample_request(), kHost, sample_request().expires_ms) == Errc::expired);
  CHECK(check_it(sample_request(), kHost, kNow + kClockSkew + SpanMs{1}) == Errc::expired);
}

TEST_CASE("room statements form a chain under the pinned key", "[checks]") {
  const auto first = room();
  CHECK(code(check_room(first, nullptr, service(), kNow)) == std::nullopt);
  auto body = sample_room();
  body.version = 2;
  body.previous = first.id;
  CHECK(code(check_room(reread(body, kRoomKey), &first, service(), kNow)) == std::nullopt);
  CHECK(code(check_room(reread(body, kRoomKey), nullptr, service(), kNow)) == Errc::unknown_reference);
  CHECK(code(check_room(first, &first, service(), kNow)) == Errc::conflict);

  auto swapped = body;
  swapped.signing_key = key_of(kStranger);
  CHECK(code(check_room(reread(swapped, kStranger), &first, service(), kNow)) == Errc::not_permitted);
  auto skipping = body;
  skipping.version = 3;
  CHECK(code(check_room(reread(skipping, kRoomKey), &first, service(), kNow)) == Errc::conflict);
  auto forked = body;
  forked.previous = id_of_number<StatementId>(1);
  CHECK(code(check_room(reread(forked, kRoomKey), &first, service(), kNow)) == Errc::conflict);
  auto other = body;
  other.room = id_of_number<RoomId>(9);
  CHECK(code(check_room(reread(other, kRoomKey), &first, service(), kNow)) == Errc::unknown_reference);
  auto elsewhere = sample_room();
  elsewhere.service_key = key_of(kStranger);
  CHECK(code(check_room(reread(elsewhere, kRoomKey), nullptr, service(), kNow)) == Errc::unknown_reference);
}

TEST_CASE("a confirmation answers this challenge, about this recording, while the request lasts", "[checks]") {
  const auto confirmed = reread(sample_confirmation(), kParticipant);
  const auto over = sample_request().expires_ms;
  CHECK(code(check_confirmation(confirmed, request(), nonce(3), kNow)) == std::nullopt);
  CHECK(code(check_confirmation(confirmed, request(), nonce(8), kNow)) == Errc::replayed);
  CHECK(code(check_confirmation(confirmed, request(), nonce(3), over)) == Errc::expired);
  CHECK(code(check_confirmation(confirmed, request(), nonce(3), kNow + kClockSkew + SpanMs{1})) == Errc::expired);
  auto elsewhere = sample_confirmation();
  elsewhere.recording = id_of_number<RecordingId>(9);
  CHECK(code(check_confirmation(reread(elsewhere, kParticipant), request(), nonce(3), kNow)) ==
        Errc::unknown_reference);
}

TEST_CASE("a refusal answers this request and challenge", "[checks]") {
  CHECK(code(check_refusal(reread(sample_refusal(), kParticipant), request(), nonce(1), kNow)) == std::nullopt);
  CHECK(code(check_refusal(reread(sample_refusal(), kParticipant), request(), nonce(8), kNow)) == Errc::replayed);
}

TEST_CASE("no clock keeps anybody from withdrawing", "[checks]") {
  auto withdrawal = sample_withdrawal();
  for (const auto issued : {TimeMs{0}, kNow + SpanMs{1'000'000'000'000}}) {
    withdrawal.issued_ms = issued;
    CHECK(code(check_withdrawal(reread(withdrawal, kParticipant), id_of_number<RecordingId>(2))) == std::nullopt);
  }
  CHECK(code(check_withdrawal(reread(withdrawal, kParticipant), id_of_number<RecordingId>(3))) ==
        Errc::unknown_reference);
}

TEST_CASE("a take is the service's, and a host's where countersigned", "[checks]") {
  const auto take = signed_by_number(sample_take(), kService);
  const auto with = [&](std::uint8_t number) {
    return parse_statement<Take>(add_signature<Take>(take, signing_key(number)).value()).value();
  };
  CHECK(code(check_take(parse_statement<Take>(take).value(), request(), room())) == std::nullopt);
  CHECK(code(check_take(with(kHost), request(), room())) == std::nullopt);
  CHECK(code(check_take(with(kStranger), request(), room())) == Errc::not_permitted);
  auto foreign = sample_take();
  foreign.key = key_of(kStranger);
  CHECK(code(check_take(reread(foreign, kStranger), request(), room())) == Errc::not_permitted);
}
