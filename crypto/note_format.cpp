#include "crypto/note_format.hpp"

#include <algorithm>
#include <optional>

#include "crypto/hash.hpp"
#include "crypto/utf8.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view signature_prefix = "\u2014 ";  // em dash, space
/// Limits of golang.org/x/mod/sumdb/note, so that a note is accepted here and there alike.
constexpr std::size_t max_note_bytes = 1'000'000;
constexpr std::size_t max_signatures = 100;

Error malformed(std::string_view what) {
  return Error{Errc::malformed, "signed note refused: " + std::string(what)};
}

bool is_space(char32_t c) {  // Unicode White_Space
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// `line` without its newline.
std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(signature_prefix)) return std::nullopt;
  line.remove_prefix(signature_prefix.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) return std::nullopt;
  const auto bytes = from_base64(line.substr(space + 1));
  SignatureLine parsed{line.substr(0, space), {}, {}};
  if (!bytes || bytes.value().size() <= parsed.key_id.size()) return std::nullopt;
  std::copy_n(bytes.value().begin(), parsed.key_id.size(), parsed.key_id.begin());
  parsed.signature.assign(bytes.value().begin() + static_cast<std::ptrdiff_t>(parsed.key_id.size()),
                          bytes.value().end());
  return parsed;
}

}  // namespace

bool is_key_name(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const auto c = take_code_point(name);
    if (!c || *c < 0x20 || *c == '+' || is_space(*c)) return false;
  }
  return true;
}

Error bad_key_name() {
  return {Errc::malformed, "a key name must be non-empty UTF-8 without spaces, control characters or '+'"};
}

bool is_note_text(std::string_view text) {
  if (!text.ends_with('\n') || !is_utf8(text)) return false;
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

std::array<std::uint8_t, 33> typed_key(std::uint8_t type, const PublicKey& key) {
  std::array<std::uint8_t, 33> bytes{type};
  std::ranges::copy(key.bytes(), bytes.begin() + 1);
  return bytes;
}

NoteKeyId note_key_id(std::uint8_t type, std::string_view name, const PublicKey& key) {
  constexpr std::uint8_t newline = '\n';
  Sha256 hash;
  hash.update(as_bytes(name));
  hash.update({&newline, 1});
  hash.update(typed_key(type, key));
  const Digest digest = hash.finish();
  NoteKeyId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Result<VkeyParts> split_vkey(std::string_view vkey, std::uint8_t type) {
  const auto first = vkey.find('+');
  const auto second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) return Error{Errc::malformed, "a vkey reads <name>+<key id>+<base64 key>"};
  const std::string_view name = vkey.substr(0, first);
  BOOST_OUTCOME_TRY(const auto id, from_hex(vkey.substr(first + 1, second - first - 1)));
  BOOST_OUTCOME_TRY(const auto bytes, from_base64(vkey.substr(second + 1)));
  if (bytes.empty() || bytes.front() != type) {
    return Error{Errc::unsupported, type == ed25519_type
                                        ? "only Ed25519 vkeys (type 0x01) are supported here"
                                        : "only Ed25519 cosignature vkeys (type 0x04) are supported here"};
  }
  BOOST_OUTCOME_TRY(auto key, PublicKey::from_bytes(ByteView(bytes).subspan(1)));
  if (!is_key_name(name)) return bad_key_name();
  if (!std::ranges::equal(id, note_key_id(type, name, key))) {
    return Error{Errc::malformed, "the key id of this vkey does not belong to its name and key"};
  }
  return VkeyParts{name, std::move(key)};
}

Result<std::vector<SignatureLine>> split_signature_lines(std::string_view lines) {
  if (lines.empty()) return malformed("no signature");
  if (!is_note_text(lines)) return malformed("signature lines must be UTF-8 that ends in a newline");
  std::vector<SignatureLine> parsed;
  while (!lines.empty()) {
    if (parsed.size() == max_signatures) return malformed("more than 100 signatures");
    const auto end = lines.find('\n');
    auto line = parse_signature_line(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!line) return malformed("a signature line is not \"— <name> <base64>\"");
    parsed.push_back(std::move(*line));
  }
  return parsed;
}

Result<NoteParts> split_note(std::string_view note) {
  if (note.size() > max_note_bytes) return Error{Errc::too_large, "signed note refused: it is larger than 1 MB"};
  if (!is_note_text(note)) return malformed("it must be UTF-8 that ends in a newline, without control characters");
  const auto blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return malformed("no blank line before the signatures");
  BOOST_OUTCOME_TRY(auto signatures, split_signature_lines(note.substr(blank + 2)));
  return NoteParts{note.substr(0, blank + 1), std::move(signatures)};
}

std::string format_signature_line(std::string_view name, const NoteKeyId& key_id, ByteView signature) {
  Bytes bytes(key_id.begin(), key_id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return std::string(signature_prefix).append(name) + " " + to_base64(bytes) + "\n";
}

}  // namespace unavoce::crypto
