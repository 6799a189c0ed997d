#include "consent/statements.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "consent/statement_fields.hpp"
#include "consent/statement_json.hpp"
#include "crypto/dsse.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kTypePrefix = "application/vnd.unavoce.";
constexpr std::string_view kTypeSuffix = ".v1+json";

/// The word between prefix and suffix, whatever it is.
std::string_view kind_in(std::string_view type) {
  if (type.size() < kTypePrefix.size() + kTypeSuffix.size() || !type.starts_with(kTypePrefix) ||
      !type.ends_with(kTypeSuffix))
    return {};
  return type.substr(kTypePrefix.size(), type.size() - kTypePrefix.size() - kTypeSuffix.size());
}

/// The keys of all signatures, each verified over the stored bytes.
Result<std::vector<crypto::PublicKey>> verified_signers(const crypto::Envelope& envelope, std::size_t most) {
  if (envelope.signatures.size() > most)
    return Error(Errc::bad_signature, "the envelope has " + std::to_string(envelope.signatures.size()) +
                                          " signatures, this kind of statement has at most " + std::to_string(most));
  std::vector<crypto::PublicKey> signers;
  for (std::size_t i = 0; i < envelope.signatures.size(); ++i) {
    BOOST_OUTCOME_TRY(const auto key, crypto::PublicKey::parse(envelope.signatures[i].keyid));
    if (!crypto::signed_by(envelope, i, key))
      return Error(Errc::bad_signature, "signature " + std::to_string(i + 1) + " does not verify under its keyid");
    if (std::ranges::find(signers, key) != signers.end())
      return Error(Errc::bad_signature, "the same key signed twice");
    signers.push_back(key);
  }
  return signers;
}

const crypto::PublicKey& named_key(const Room& room) {
  return room.signing_key;
}
template <class S>
const crypto::PublicKey& named_key(const S& body) {
  return body.key;
}

/// Do the signatures belong to the keys that the body names? Whose the second one on a `take` is, the room says.
template <class S>
Result<void> check_signers(const S& body, const std::vector<crypto::PublicKey>& signers) {
  if (signers.front() != named_key(body))
    return Error(Errc::bad_signature, "the first signature is by another key than the body names");
  if constexpr (std::is_same_v<S, Approval>) {
    if (signers.size() != (body.attested_by ? 2U : 1U))
      return Error(Errc::bad_signature, "an attested approval has two signatures, every other one has one");
    if (body.attested_by && signers.back() != *body.attested_by)
      return Error(Errc::bad_signature, "the second signature is by another key than the body names in attested_by");
  }
  return boost::outcome_v2::success();
}

template <class S>
crypto::Envelope unsigned_envelope(const S& body) {
  const auto text = write_body(body);
  const auto bytes = crypto::as_bytes(text);
  return {payload_type<S>(), {bytes.begin(), bytes.end()}, {}};
}

}  // namespace

template <class S>
std::string_view kind_name() noexcept {
  return Described<S>::kKind;
}

template <class S>
std::string payload_type() {
  return std::string(kTypePrefix).append(kind_name<S>()).append(kTypeSuffix);
}

template <class S>
Result<Signed<S>> parse_statement(std::string_view text) {
  BOOST_OUTCOME_TRY(const auto envelope, crypto::parse_envelope(text));
  if (envelope.payload_type != payload_type<S>())
    return Error(Errc::wrong_kind, "the envelope does not hold a statement of the kind " + std::string(kind_name<S>()));
  BOOST_OUTCOME_TRY(auto signers, verified_signers(envelope, Described<S>::kMaxSignatures));
  BOOST_OUTCOME_TRY(auto body, read_body<S>(envelope.payload));
  BOOST_OUTCOME_TRY(check_body(body));
  BOOST_OUTCOME_TRY(check_signers(body, signers));
  const StatementId id(crypto::statement_id(envelope.payload_type, envelope.payload));
  const auto count = signers.size();
  return Signed<S>{std::move(body), id, std::string(text), count, std::move(signers)};
}

template <class S>
std::string sign_statement(const S& body, const crypto::SigningKey& key) {
  if (key.public_key() != named_key(body))
    throw std::invalid_argument("sign_statement: the key is not the one that the body names");
  auto envelope = unsigned_envelope(body);
  auto reread = read_body<S>(envelope.payload);
  if (!reread) throw std::invalid_argument("sign_statement: " + reread.error().text);
  if (const auto fine = check_body(reread.value()); !fine)
    throw std::invalid_argument("sign_statement: " + fine.error().text);
  crypto::add_signature(envelope, key);
  auto text = crypto::serialise(envelope);
  if (text.size() > crypto::max_envelope_bytes)
    throw std::invalid_argument("sign_statement: the envelope would be larger than any reader accepts");
  return text;
}

template <class S>
StatementId id_of(const S& body) {
  const auto envelope = unsigned_envelope(body);
  return StatementId(crypto::statement_id(envelope.payload_type, envelope.payload));
}

template <class S>
Result<std::string> add_signature(std::string_view text, const crypto::SigningKey& key) {
  BOOST_OUTCOME_TRY(auto envelope, crypto::parse_envelope(text));
  if (envelope.payload_type != payload_type<S>())
    return Error(Errc::wrong_kind, "the envelope does not hold a statement of the kind " + std::string(kind_name<S>()));
  if (envelope.signatures.size() >= Described<S>::kMaxSignatures)
    return Error(Errc::not_permitted, "a statement of this kind takes no further signature");
  crypto::add_signature(envelope, key);
  return crypto::serialise(envelope);
}

Result<std::string> countersign_take(std::string_view text, std::string_view keyid, std::string_view sig) {
  BOOST_OUTCOME_TRY(parse_statement<Take>(text));
  BOOST_OUTCOME_TRY(auto envelope, crypto::parse_envelope(text));
  BOOST_OUTCOME_TRY(const auto bytes, crypto::from_base64(sig));
  crypto::EnvelopeSignature signature{std::string(keyid), {}};
  if (bytes.size() != signature.sig.size()) return Error(Errc::malformed, "a signature has 64 bytes");
  std::ranges::copy(bytes, signature.sig.begin());
  envelope.signatures.push_back(std::move(signature));
  auto countersigned = crypto::serialise(envelope);
  BOOST_OUTCOME_TRY(parse_statement<Take>(countersigned));
  return countersigned;
}

Result<std::string> kind_of(std::string_view text) {
  static constexpr std::string_view kKinds[] = {"room",       "request", "approval", "refusal", "confirmation",
                                                "withdrawal", "take",    "track",    "seal",    "erased"};
  BOOST_OUTCOME_TRY(const auto envelope, crypto::parse_envelope(text));
  const auto kind = kind_in(envelope.payload_type);
  if (std::ranges::find(kKinds, kind) == std::end(kKinds))
    return Error(Errc::wrong_kind, "the envelope holds no statement of a kind known here");
  return std::string(kind);
}

#define UNAVOCE_STATEMENT(S)                                                   \
  template std::string_view kind_name<S>() noexcept;                           \
  template std::string payload_type<S>();                                      \
  template Result<Signed<S>> parse_statement<S>(std::string_view);             \
  template std::string sign_statement<S>(const S&, const crypto::SigningKey&); \
  template StatementId id_of<S>(const S&)
UNAVOCE_STATEMENT(Room);
UNAVOCE_STATEMENT(Request);
UNAVOCE_STATEMENT(Approval);
UNAVOCE_STATEMENT(Refusal);
UNAVOCE_STATEMENT(Confirmation);
UNAVOCE_STATEMENT(Withdrawal);
UNAVOCE_STATEMENT(Take);
UNAVOCE_STATEMENT(Track);
UNAVOCE_STATEMENT(Seal);
UNAVOCE_STATEMENT(Erased);
#undef UNAVOCE_STATEMENT
template Result<std::string> add_signature<Take>(std::string_view, const crypto::SigningKey&);
template Result<std::string> add_signature<Approval>(std::string_view, const crypto::SigningKey&);

}  // namespace unavoce::consent
