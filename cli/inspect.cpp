#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/progress.hpp"
#include "crypto/age_header.hpp"
#include "crypto/identity_file.hpp"
#include "crypto/stream.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t nonce_bytes = 16;
using Json = nlohmann::ordered_json;

/// What the header alone tells apart.
std::string_view kind_of(const crypto::Header& header) {
  const auto has = [&header](std::string_view type) {
    return std::ranges::find(header.stanzas, type, &crypto::Stanza::type) != header.stanzas.end();
  };
  if (has("unavoce.track/v1")) return "track file";
  if (has("unavoce.tail/v1")) return "tail of an unfinished track file";
  if (has("scrypt")) return "age file sealed with a passphrase";
  return "age file";
}

/// Plaintext size, or none if the payload cannot be one of an age file.
std::optional<std::uint64_t> plain_size(std::uint64_t payload_bytes) {
  const std::uint64_t chunks = (payload_bytes + crypto::sealed_chunk_bytes - 1) / crypto::sealed_chunk_bytes;
  const std::uint64_t tags = chunks * crypto::tag_bytes;
  const std::uint64_t last = payload_bytes - (chunks == 0 ? 0 : (chunks - 1) * crypto::sealed_chunk_bytes);
  if (last < crypto::tag_bytes || (chunks > 1 && last == crypto::tag_bytes)) return std::nullopt;
  return payload_bytes - tags;
}

Report report_on_age_file(const crypto::ParsedHeader& parsed, crypto::ByteView start,
                          std::optional<std::uint64_t> file_bytes) {
  const std::string header_sha256 = crypto::to_hex(crypto::sha256(start.first(parsed.size_bytes)));
  Json json = {{"kind", kind_of(parsed.header)}, {"header_sha256", header_sha256}, {"header_bytes", parsed.size_bytes}};
  std::string text = "Kind: " + std::string(kind_of(parsed.header)) + "\nHeader: " + std::to_string(parsed.size_bytes) +
                     " bytes, SHA-256 " + header_sha256 + "\n";
  json["stanzas"] = Json::array();
  for (const crypto::Stanza& stanza : parsed.header.stanzas) {
    json["stanzas"].push_back({{"type", stanza.type}, {"args", stanza.args}});
    text += "Stanza: " + stanza.type;
    for (const std::string& arg : stanza.args) text += ' ' + arg;
    text += '\n';
  }
  const bool sized = file_bytes && *file_bytes >= parsed.size_bytes + nonce_bytes;
  const auto plain = sized ? plain_size(*file_bytes - parsed.size_bytes - nonce_bytes) : std::nullopt;
  json["plain_bytes"] = plain ? Json(*plain) : Json();
  text +=
      plain ? "Content: " + human_bytes(*plain) + " (" + std::to_string(*plain) + " bytes), not checked without a key\n"
            : std::string("Content: cut off, or not a file\n");
  return {text, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Report report_on_identities(const std::vector<crypto::Identity>& identities) {
  Json json = {{"kind", "identity file"}, {"recipients", Json::array()}};
  std::string text = "Kind: identity file; keep it secret\n";
  for (const crypto::Identity& identity : identities) {
    json["recipients"].push_back(identity.recipient().text());
    text += "Recipient: " + identity.recipient().text() + '\n';
  }
  return {text, json.dump()};
}

}  // namespace

Result<Report> inspect(const InspectOptions& options) {
  BOOST_OUTCOME_TRY(auto input, Input::open(options.file));
  crypto::SecretBytes start(crypto::max_header_bytes);
  BOOST_OUTCOME_TRY(const auto size, input.read(start.writable()));
  const auto bytes = start.view().first(size);
  const auto text = crypto::as_text(bytes);
  if (text.starts_with('#') || text.starts_with("AGE-SECRET-KEY-")) {
    BOOST_OUTCOME_TRY(const auto identities, crypto::parse_identities(text));
    return report_on_identities(identities);
  }
  BOOST_OUTCOME_TRY(const auto parsed, crypto::parse_whole_header(bytes));
  return report_on_age_file(parsed, bytes, input.size());
}

}  // namespace unavoce::cli
