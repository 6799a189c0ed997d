#include "consent/wrapped_key.hpp"

#include <algorithm>

#include "crypto/utf8.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-1";

Error broken(std::string_view why) {
  return {Errc::malformed, "wrapped consent key: " + std::string(why)};
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n') || byte == 0x7f;
}

}  // namespace

Result<ConsentKey> parse_consent_key(std::string_view plaintext) {
  if (plaintext.size() > kMaxConsentKeyBytes) return broken("is larger than 4 KiB");
  if (!crypto::is_utf8(plaintext) || std::ranges::any_of(plaintext, is_control)) {
    return broken("holds control characters or is not UTF-8");
  }
  const std::size_t first_end = std::min(plaintext.find('\n'), plaintext.size());
  const std::string_view first = plaintext.substr(0, first_end);
  if (!first.starts_with(kIdentityPrefix)) return broken("its first line is not an age identity");
  BOOST_OUTCOME_TRY(auto identity, crypto::Identity::parse(first));

  ConsentKey key{std::move(identity), {}, {}, {}};
  std::string_view rest = plaintext.substr(std::min(first_end + 1, plaintext.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("# ") || colon == std::string_view::npos) return broken("a line is not \"# key: value\"");
    const std::string_view name = line.substr(2, colon - 2);
    std::string* field = name == "name"          ? &key.name
                         : name == "request"     ? &key.request
                         : name == "participant" ? &key.participant
                                                 : nullptr;
    if (field == nullptr) continue;
    if (!field->empty()) return broken("\"" + std::string(name) + "\" is there twice");
    *field = line.substr(colon + 2);
  }
  return key;
}

Result<ConsentKey> check_consent_key(std::string_view plaintext, const Approval& approval) {
  BOOST_OUTCOME_TRY(auto key, parse_consent_key(plaintext));
  if (!approval.consent_recipient || key.identity.recipient() != *approval.consent_recipient) {
    return Error{Errc::unknown_reference, "wrapped consent key: holds another key than the approval names"};
  }
  if (key.request != approval.request.hex() || key.participant != approval.key.text()) {
    return Error{Errc::unknown_reference, "wrapped consent key: was made for another request or by somebody else"};
  }
  return key;
}

Result<ConsentKey> open_consent_key(crypto::ByteView wrapped, std::span<const crypto::Identity> room_identities,
                                    const Approval& approval) {
  BOOST_OUTCOME_TRY(const auto plaintext, crypto::open(wrapped, room_identities));
  return check_consent_key(crypto::as_text(plaintext.view()), approval);
}

}  // namespace unavoce::consent
