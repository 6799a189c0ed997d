// Statements: what was signed comes back, and nothing else gets in.
#include "consent/statements.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "crypto/bech32.hpp"
#include "crypto/dsse.hpp"
#include "statement_samples.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::consent::test;

namespace {

std::string text_of(const std::string& envelope) {
  return std::string(crypto::as_text(crypto::parse_envelope(envelope).value().payload));
}

/// An envelope over any text, signed well: to look past the signature at the parser of the body.
std::string envelope_over(const std::string& type, const std::string& body, std::uint8_t signer) {
  const auto bytes = crypto::as_bytes(body);
  crypto::Envelope envelope{type, {bytes.begin(), bytes.end()}, {}};
  crypto::add_signature(envelope, signing_key(signer));
  return crypto::serialise(envelope);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

/// The code with which an approval is refused whose body had `what` replaced.
std::optional<Errc> approval_with(const std::string& what, const std::string& by) {
  const auto body = replaced(text_of(signed_by_number(sample_approval(), kParticipant)), what, by);
  const auto parsed = parse_statement<Approval>(envelope_over(payload_type<Approval>(), body, kParticipant));
  return parsed ? std::nullopt : std::optional(parsed.error().code);
}

/// All kinds: their word, a good envelope, and their parser.
struct KindOfStatement {
  std::string word;
  std::string envelope;
  std::function<std::optional<Errc>(const std::string&)> parse;
};

template <class S>
KindOfStatement kind(const S& body, std::uint8_t signer) {
  return {std::string(kind_name<S>()), signed_by_number(body, signer), [](const std::string& envelope) {
            const auto parsed = parse_statement<S>(envelope);
            return parsed ? std::nullopt : std::optional(parsed.error().code);
          }};
}

std::vector<KindOfStatement> all_kinds() {
  return {kind(sample_room(), kRoomKey),           kind(sample_request(), kHost),
          kind(sample_approval(), kParticipant),   kind(sample_refusal(), kParticipant),
          kind(sample_withdrawal(), kParticipant), kind(sample_take(), kService),
          kind(sample_track(), kService),          kind(sample_seal(), kService),
          kind(sample_erased(), kService),         kind(sample_confirmation(), kParticipant)};
}

}  // namespace

TEST_CASE("a statement comes back as it was signed", "[statements]") {
  for (const auto& each : all_kinds()) {
    INFO(each.word);
    CHECK(each.parse(each.envelope) == std::nullopt);
    CHECK(kind_of(each.envelope).value() == each.word);
  }
  const auto room = reread(sample_room(), kRoomKey);
  CHECK(sign_statement(room.body, signing_key(kRoomKey)) == room.envelope);
  const auto seal = reread(sample_seal(), kService);
  CHECK(sign_statement(seal.body, signing_key(kService)) == seal.envelope);
  const auto approval = reread(sample_approval(), kParticipant);
  CHECK(sign_statement(approval.body, signing_key(kParticipant)) == approval.envelope);
  CHECK(approval.body.consent_recipient == recipient(23));
  CHECK(approval.body.scope == Scope{Kind::audio, Kind::video});
}

TEST_CASE("the id of a statement is SHA-256 of its pre-authentication encoding", "[statements]") {
  const auto parsed = reread(sample_request(), kHost);
  CHECK(parsed.id == id_of(sample_request()));
  CHECK(parsed.id.bytes() ==
        crypto::statement_id("application/vnd.unavoce.request.v1+json", crypto::as_bytes(text_of(parsed.envelope))));
}

TEST_CASE("the body of a withdrawal is spelled as FORMATS says", "[statements]") {
  CHECK(text_of(signed_by_number(sample_withdrawal(), kParticipant)) ==
        R"({"recording":"00000000000000000000000000000002","key":")" + key_of(kParticipant).text() +
            R"(","kinds":["audio","video","screen","chat"],"advance":true,"issued_ms":1800000000000})");
}

TEST_CASE("a statement of one kind is never taken for another", "[statements]") {
  for (const auto& each : all_kinds())
    for (const auto& other : all_kinds())
      if (each.word != other.word) {
        INFO(other.word << " read as " << each.word);
        CHECK(each.parse(other.envelope) == Errc::wrong_kind);
      }
}

TEST_CASE("changing the type of an envelope breaks its signature", "[statements]") {
  auto envelope = crypto::parse_envelope(signed_by_number(sample_withdrawal(), kParticipant)).value();
  envelope.payload_type = payload_type<Refusal>();
  CHECK(parse_statement<Refusal>(crypto::serialise(envelope)).error().code == Errc::bad_signature);
}

TEST_CASE("the body of one kind under the type of another is malformed even if well signed", "[statements]") {
  const auto body = text_of(signed_by_number(sample_withdrawal(), kParticipant));
  CHECK(parse_statement<Refusal>(envelope_over(payload_type<Refusal>(), body, kParticipant)).error().code ==
        Errc::malformed);
}

TEST_CASE("any changed byte of the body breaks the signature", "[statements]") {
  auto envelope = crypto::parse_envelope(signed_by_number(sample_withdrawal(), kParticipant)).value();
  envelope.payload[20] ^= 1;
  CHECK(parse_statement<Withdrawal>(crypto::serialise(envelope)).error().code == Errc::bad_signature);
}

TEST_CASE("a good signature by another key than the body names is refused", "[statements]") {
  const auto body = text_of(signed_by_number(sample_approval(), kParticipant));
  const auto forged = envelope_over(payload_type<Approval>(), body, kStranger);
  CHECK(parse_statement<Approval>(forged).error().code == Errc::bad_signature);
}

TEST_CASE("a keyid that names the right key does not help a wrong signature", "[statements]") {
  const auto body = text_of(signed_by_number(sample_approval(), kParticipant));
  auto envelope = crypto::parse_envelope(envelope_over(payload_type<Approval>(), body, kStranger)).value();
  envelope.signatures[0].keyid = key_of(kParticipant).text();
  CHECK(parse_statement<Approval>(crypto::serialise(envelope)).error().code == Errc::bad_signature);
}

TEST_CASE("one signature and no more, but for takes", "[statements]") {
  for (const auto& each : all_kinds()) {
    auto envelope = crypto::parse_envelope(each.envelope).value();
    crypto::add_signature(envelope, signing_key(kHost == 2 && each.word == "request" ? kStranger : kHost));
    INFO(each.word);
    CHECK(each.parse(crypto::serialise(envelope)) ==
          (each.word == "take" ? std::nullopt : std::optional(Errc::bad_signature)));
  }
}

TEST_CASE("a take is countersigned by another key, not twice by the service", "[statements]") {
  const auto take = signed_by_number(sample_take(), kService);
  const auto countersigned = parse_statement<Take>(add_signature<Take>(take, signing_key(kHost)).value()).value();
  CHECK(countersigned.signatures == 2);
  CHECK(countersigned.signers.back() == key_of(kHost));
  const auto twice = add_signature<Take>(take, signing_key(kService)).value();
  CHECK(parse_statement<Take>(twice).error().code == Errc::bad_signature);
  const auto thrice = add_signature<Take>(countersigned.envelope, signing_key(kStranger));
  CHECK(thrice.error().code == Errc::not_permitted);
}

TEST_CASE("a countersignature made elsewhere is verified before it is added", "[statements]") {
  const auto take = signed_by_number(sample_take(), kService);
  const auto envelope = crypto::parse_envelope(take).value();
  const auto sig = signing_key(kHost).sign(crypto::pae(envelope.payload_type, envelope.payload));
  const auto added = countersign_take(take, key_of(kHost).text(), crypto::to_base64(sig));
  REQUIRE(added);
  CHECK(parse_statement<Take>(added.value()).value().signatures == 2);
  const auto wrong = countersign_take(take, key_of(kStranger).text(), crypto::to_base64(sig));
  CHECK(wrong.error().code == Errc::bad_signature);
}

TEST_CASE("an attested approval carries the signature of who attests it", "[statements]") {
  auto approval = sample_approval();
  approval.attested_by = key_of(kGateway);
  approval.method = "telephone";
  const auto alone = signed_by_number(approval, kParticipant);
  CHECK(parse_statement<Approval>(alone).error().code == Errc::bad_signature);
  CHECK(parse_statement<Approval>(add_signature<Approval>(alone, signing_key(kGateway)).value()));
  CHECK(parse_statement<Approval>(add_signature<Approval>(alone, signing_key(kStranger)).value()).error().code ==
        Errc::bad_signature);
}

TEST_CASE("bodies are read strictly", "[statements]") {
  const auto key = key_of(kParticipant).text();
  const std::vector<std::pair<std::string, std::string>> changes{
      {R"("role":"participant")", R"("role":"participant","role":"participant")"},  // twice
      {R"("role":"participant")", R"("role":"participant","rôle":"host")"},         // unknown
      {R"("role":"participant",)", ""},                                             // missing
      {R"("method":null,)", ""},                                                    // null is written, not left out
      {R"("role":"participant")", R"("role":"admin")"},
      {R"("role":"participant")", R"("role":null)"},
      {R"(["audio","video"])", R"(["video","audio"])"},
      {R"(["audio","video"])", R"(["audio","audio"])"},
      {R"(["audio","video"])", R"(["audio","smell"])"},
      {R"(["audio","video"])", R"("audio")"},
      {R"(["audio","video"])", R"([])"},  // an empty scope has no E and no W
      {"00000000000000000000000000000004", "0000000000000000000000000000000"},
      {"00000000000000000000000000000004", "0000000000000000000000000000000A"},
      {"00000000000000000000000000000004", "0000000000000000000000000000000g"},
      {R"("issued_ms":1800000000000)", R"("issued_ms":1800000000000.0)"},
      {R"("issued_ms":1800000000000)", R"("issued_ms":18e11)"},
      {R"("issued_ms":1800000000000)", R"("issued_ms":"1800000000000")"},
      {R"("issued_ms":1800000000000)", R"("issued_ms":-1)"},
      {R"("issued_ms":1800000000000)", R"("issued_ms":1800003600000)"},  // not before it expires
      {R"("size":12)", R"("size":9007199254740992)"},
      {R"("size":12)", R"("size":12,"age":1)"},
      {R"("attested_by":null)", R"("attested_by":")" + key + "\""},  // by itself, and without method
      {R"("challenge":"AQ)", R"("challenge":"AQAA)"},
      {R"("challenge":"AQ)", R"("challenge":"A)"},
      {recipient(23).text(), recipient(23).text() + "x"},
      {recipient(23).text(), "age1" + std::string(58, 'q')},
      {R"("wrapped_sha256":"09)", R"("wrapped_sha256":null,"x":"09)"},
      {"{", "[{"},
      {R"("size":12)", R"("size":[[[[[[12]]]]]])"},
  };
  for (const auto& [what, by] : changes) {
    INFO(what << " → " << by);
    CHECK(approval_with(what, by) == Errc::malformed);
  }
  CHECK(approval_with(R"("size":12)", R"("size":9007199254740991)") == std::nullopt);
  CHECK(approval_with(R"(,"role")", "\n ,\t\"role\"") == std::nullopt);
}

TEST_CASE("weak keys are refused wherever a statement names one", "[statements]") {
  const std::string low_order = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const auto body = replaced(text_of(signed_by_number(sample_room(), kRoomKey)), key_of(kHost).text(), low_order);
  CHECK_FALSE(parse_statement<Room>(envelope_over(payload_type<Room>(), body, kRoomKey)));
}

TEST_CASE("a recipient of low order is refused as E", "[statements]") {
  const auto zero = crypto::bech32_encode("age", crypto::Bytes(32, 0));
  CHECK(approval_with(recipient(23).text(), zero) == Errc::bad_signature);
}

TEST_CASE("texts are bounded by code points and free of what hides or reorders", "[statements]") {
  const auto purpose = [](const std::string& text) {
    const auto body = replaced(text_of(signed_by_number(sample_request(), kHost)), "Mitschnitt zum Üben", text);
    return parse_statement<Request>(envelope_over(payload_type<Request>(), body, kHost)).has_value();
  };
  const auto umlauts = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "ü";
    return text;
  };
  CHECK(purpose("x"));
  CHECK(purpose(umlauts(500)));
  CHECK_FALSE(purpose(umlauts(501)));
  CHECK_FALSE(purpose(""));
  CHECK_FALSE(purpose("two\\nlines"));
  CHECK_FALSE(purpose("nul \\u0000"));
  CHECK_FALSE(purpose("delete \\u007f"));
  CHECK_FALSE(purpose("next line \\u0085"));
  CHECK_FALSE(purpose("\\u202egnidrocer"));
  CHECK_FALSE(purpose("\\u2066isolate"));
  CHECK_FALSE(purpose("separator \\u2028"));
  CHECK_FALSE(purpose("lone surrogate \\ud800"));
  CHECK_FALSE(purpose("not utf-8 \xff"));
  CHECK(purpose("שלום \\ud83c\\udfb6"));
}

TEST_CASE("lists are bounded and free of twins", "[statements]") {
  const auto refused = [](const Room& room) {
    try {
      sign_statement(room, signing_key(kRoomKey));
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused(sample_room()));
  auto room = sample_room();
  room.recipients.clear();
  CHECK(refused(room));
  for (std::uint8_t i = 0; i < 16; ++i) room.recipients.push_back({recipient(i + 40), "R", RecipientRole::host});
  CHECK_FALSE(refused(room));
  room.recipients.push_back({recipient(60), "R", RecipientRole::host});
  CHECK(refused(room));
  room = sample_room();
  room.host_keys.push_back(room.host_keys.front());
  CHECK(refused(room));
  room = sample_room();
  room.previous = id_of_number<StatementId>(1);
  CHECK(refused(room));
  room.version = 2;
  CHECK_FALSE(refused(room));
  room.conference = "http://konferenz.example";
  CHECK(refused(room));
  auto take = sample_take();
  std::swap(take.approvals[0], take.approvals[1]);
  CHECK_THROWS_AS(sign_statement(take, signing_key(kService)), std::invalid_argument);
  take.approvals = {take.approvals[0], take.approvals[0]};
  CHECK_THROWS_AS(sign_statement(take, signing_key(kService)), std::invalid_argument);
  auto withdrawal = sample_withdrawal();
  withdrawal.kinds = {Kind::audio};
  CHECK_THROWS_AS(sign_statement(withdrawal, signing_key(kParticipant)), std::invalid_argument);
  withdrawal.advance = false;
  CHECK_NOTHROW(sign_statement(withdrawal, signing_key(kParticipant)));
  auto seal = sample_seal();
  seal.entries = 3;
  CHECK_THROWS_AS(sign_statement(seal, signing_key(kService)), std::invalid_argument);
  seal.take = std::nullopt;
  CHECK_NOTHROW(sign_statement(seal, signing_key(kService)));
}

TEST_CASE("signing with another key than the body names is a mistake of the caller", "[statements]") {
  CHECK_THROWS_AS(sign_statement(sample_approval(), signing_key(kStranger)), std::invalid_argument);
}

TEST_CASE("an envelope beyond 64 KiB is not even looked at", "[statements]") {
  auto envelope = signed_by_number(sample_withdrawal(), kParticipant);
  envelope.insert(1, std::string(64 * 1024, ' '));
  CHECK(parse_statement<Withdrawal>(envelope).error().code == Errc::malformed);
}

TEST_CASE("garbage is an error", "[statements]") {
  for (const std::string garbage :
       {"", "{", "null", "[]", "{}", R"({"payloadType":"x","payload":"","signatures":[]})"}) {
    INFO(garbage);
    CHECK_FALSE(parse_statement<Approval>(garbage));
    CHECK_FALSE(kind_of(garbage));
  }
}
