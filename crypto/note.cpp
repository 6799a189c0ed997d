#include "crypto/note.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "crypto/hash.hpp"
#include "crypto/utf8.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::uint8_t ed25519_type = 0x01;
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

bool is_key_name(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const auto c = take_code_point(name);
    if (!c || *c < 0x20 || *c == '+' || is_space(*c)) return false;
  }
  return true;
}

bool is_note_text(std::string_view text) {
  if (!text.ends_with('\n') || !is_utf8(text)) return false;
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

/// The key with its type in front, as it is hashed and printed.
std::array<std::uint8_t, 33> typed_key(const PublicKey& key) {
  std::array<std::uint8_t, 33> bytes{ed25519_type};
  std::ranges::copy(key.bytes(), bytes.begin() + 1);
  return bytes;
}

NoteKeyId key_id_of(std::string_view name, const PublicKey& key) {
  constexpr std::uint8_t newline = '\n';
  Sha256 hash;
  hash.update(as_bytes(name));
  hash.update({&newline, 1});
  hash.update(typed_key(key));
  const Digest digest = hash.finish();
  NoteKeyId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

struct SignatureLine {
  std::string_view name;
  NoteKeyId key_id;
  Bytes signature;
};

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

bool is_valid(const SignatureLine& line, const NoteVerifier& verifier, std::string_view text) {
  Signature signature;
  if (line.signature.size() != signature.size()) return false;
  std::ranges::copy(line.signature, signature.begin());
  return verify(verifier.key(), as_bytes(text), signature);
}

}  // namespace

NoteVerifier::NoteVerifier(std::string name, const PublicKey& key)
    : name_(std::move(name)), key_id_(key_id_of(name_, key)), key_(key) {}

Result<NoteVerifier> NoteVerifier::from_key(std::string_view name, const PublicKey& key) {
  if (!is_key_name(name)) {
    return Error{Errc::malformed, "a key name must be non-empty UTF-8 without spaces, control characters or '+'"};
  }
  return NoteVerifier(std::string(name), key);
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view vkey) {
  const auto first = vkey.find('+');
  const auto second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) return Error{Errc::malformed, "a vkey reads <name>+<key id>+<base64 key>"};
  BOOST_OUTCOME_TRY(const auto id, from_hex(vkey.substr(first + 1, second - first - 1)));
  BOOST_OUTCOME_TRY(const auto key_bytes, from_base64(vkey.substr(second + 1)));
  if (key_bytes.empty() || key_bytes.front() != ed25519_type) {
    return Error{Errc::unsupported, "only Ed25519 vkeys (type 0x01) are supported"};
  }
  BOOST_OUTCOME_TRY(const auto key, PublicKey::from_bytes(ByteView(key_bytes).subspan(1)));
  BOOST_OUTCOME_TRY(auto verifier, from_key(vkey.substr(0, first), key));
  if (!std::ranges::equal(id, verifier.key_id())) {
    return Error{Errc::malformed, "the key id of this vkey does not belong to its name and key"};
  }
  return verifier;
}

std::string NoteVerifier::vkey() const {
  return name_ + "+" + to_hex(key_id_) + "+" + to_base64(typed_key(key_));
}

NoteSigner::NoteSigner(NoteVerifier verifier, SigningKey key) noexcept
    : verifier_(std::move(verifier)), key_(std::move(key)) {}

Result<NoteSigner> NoteSigner::create(std::string_view name, SigningKey key) {
  BOOST_OUTCOME_TRY(auto verifier, NoteVerifier::from_key(name, key.public_key()));
  return NoteSigner(std::move(verifier), std::move(key));
}

std::string NoteSigner::signature_line(std::string_view text) const {
  const Signature signature = key_.sign(as_bytes(text));
  std::array<std::uint8_t, std::tuple_size_v<NoteKeyId> + std::tuple_size_v<Signature>> bytes;
  std::ranges::copy(signature, std::ranges::copy(verifier_.key_id(), bytes.begin()).out);
  return std::string(signature_prefix) + name() + " " + to_base64(bytes) + "\n";
}

Result<std::string> sign_note(std::string_view text, const NoteSigner& signer) {
  if (!is_note_text(text))
    return malformed("its text must be UTF-8 that ends in a newline, without control characters");
  return std::string(text) + "\n" + signer.signature_line(text);
}

Result<std::string> open_note(std::string_view note, std::span<const NoteVerifier> verifiers) {
  if (note.size() > max_note_bytes) return Error{Errc::too_large, "signed note refused: it is larger than 1 MB"};
  if (!is_note_text(note)) return malformed("it must be UTF-8 that ends in a newline, without control characters");
  const auto blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return malformed("no blank line before the signatures");
  const auto text = note.substr(0, blank + 1);
  auto lines = note.substr(blank + 2);
  if (lines.empty()) return malformed("no signature");
  bool verified = false;
  for (std::size_t count = 0; !lines.empty(); ++count) {
    if (count == max_signatures) return malformed("more than 100 signatures");
    const auto end = lines.find('\n');
    const auto line = parse_signature_line(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!line) return malformed("a signature line is not \"— <name> <base64>\"");
    for (const auto& verifier : verifiers) {
      if (line->name != verifier.name() || line->key_id != verifier.key_id()) continue;
      if (!is_valid(*line, verifier, text)) {
        return Error{Errc::bad_signature, "signed note refused: the signature of " + verifier.name() + " is wrong"};
      }
      verified = true;
    }
  }
  if (!verified) return Error{Errc::bad_signature, "signed note refused: none of the expected keys signed it"};
  return std::string(text);
}

}  // namespace unavoce::crypto
