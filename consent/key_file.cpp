// The participant's key file, declared in receipt.hpp.
#include <map>

#include "consent/receipt.hpp"
#include "crypto/identity_file.hpp"

namespace unavoce::consent {
namespace {

constexpr std::string_view kFirstLine = "# unavoce key file v1";

Error broken(std::string_view why) {
  return {Errc::malformed, "key file: " + std::string(why)};
}

/// The `# key: value` lines after the first, each key at most once.
Result<std::map<std::string, std::string, std::less<>>> comment_fields(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("# ")) continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    if (!fields.emplace(line.substr(2, colon - 2), line.substr(colon + 2)).second) {
      return broken("\"" + std::string(line.substr(2, colon - 2)) + "\" is there twice");
    }
  }
  return fields;
}

}  // namespace

Result<KeyFile> parse_key_file(std::string_view text) {
  if (text.size() > kMaxKeyFileBytes) return broken("larger than any key file");
  if (!text.starts_with(kFirstLine)) return broken("does not start with \"" + std::string(kFirstLine) + "\"");
  BOOST_OUTCOME_TRY(const auto fields, comment_fields(text));
  for (const std::string_view name : {"recording", "approval", "server", "withdrawal"}) {
    if (!fields.contains(name)) return broken("\"# " + std::string(name) + ": …\" is missing");
  }
  BOOST_OUTCOME_TRY(const auto recording, RecordingId::parse(fields.find("recording")->second));
  BOOST_OUTCOME_TRY(const auto approval, StatementId::parse(fields.find("approval")->second));
  BOOST_OUTCOME_TRY(const auto envelope, crypto::from_base64(fields.find("withdrawal")->second));
  BOOST_OUTCOME_TRY(auto withdrawal, parse_statement<Withdrawal>(crypto::as_text(envelope)));
  if (withdrawal.body.recording != recording) return broken("its withdrawal is about another recording");

  std::string token;
  if (const auto field = fields.find("token"); field != fields.end()) {
    // It goes into a header of a request: 32 bytes in base64url and nothing else.
    BOOST_OUTCOME_TRY(const auto bytes, crypto::from_base64url(field->second));
    if (bytes.size() != 32) return broken("its token is none");
    token = field->second;
  }
  std::optional<crypto::Identity> identity;
  if (text.find("\nAGE-") != std::string_view::npos) {
    BOOST_OUTCOME_TRY(auto identities, crypto::parse_identities(text));
    if (identities.size() != 1) return broken("there must be exactly one consent key");
    identity = std::move(identities.front());
  }
  return KeyFile{recording,           approval,        fields.find("server")->second, std::move(withdrawal),
                 std::move(identity), std::move(token)};
}

}  // namespace unavoce::consent
