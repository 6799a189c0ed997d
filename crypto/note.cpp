#include "crypto/note.hpp"

#include <algorithm>
#include <utility>

#include "crypto/hash.hpp"
#include "crypto/note_format.hpp"

namespace unavoce::crypto {

namespace {

bool is_valid(const SignatureLine& line, const NoteVerifier& verifier, std::string_view text) {
  Signature signature;
  if (line.signature.size() != signature.size()) return false;
  std::ranges::copy(line.signature, signature.begin());
  return verify(verifier.key(), as_bytes(text), signature);
}

}  // namespace

NoteVerifier::NoteVerifier(std::string name, const PublicKey& key)
    : name_(std::move(name)), key_id_(note_key_id(ed25519_type, name_, key)), key_(key) {}

Result<NoteVerifier> NoteVerifier::from_key(std::string_view name, const PublicKey& key) {
  if (!is_key_name(name)) return bad_key_name();
  return NoteVerifier(std::string(name), key);
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view vkey) {
  BOOST_OUTCOME_TRY(const auto parts, split_vkey(vkey, ed25519_type));
  return NoteVerifier(std::string(parts.name), parts.key);
}

std::string NoteVerifier::vkey() const {
  return name_ + "+" + to_hex(key_id_) + "+" + to_base64(typed_key(ed25519_type, key_));
}

NoteSigner::NoteSigner(NoteVerifier verifier, SigningKey key) noexcept
    : verifier_(std::move(verifier)), key_(std::move(key)) {}

Result<NoteSigner> NoteSigner::create(std::string_view name, SigningKey key) {
  BOOST_OUTCOME_TRY(auto verifier, NoteVerifier::from_key(name, key.public_key()));
  return NoteSigner(std::move(verifier), std::move(key));
}

std::string NoteSigner::signature_line(std::string_view text) const {
  return format_signature_line(name(), verifier_.key_id(), key_.sign(as_bytes(text)));
}

Result<std::string> sign_note(std::string_view text, const NoteSigner& signer) {
  if (!is_note_text(text))
    return Error{Errc::malformed,
                 "signed note refused: its text must be UTF-8 that ends in a newline, without control characters"};
  return std::string(text) + "\n" + signer.signature_line(text);
}

Result<std::string> open_note(std::string_view note, std::span<const NoteVerifier> verifiers) {
  BOOST_OUTCOME_TRY(const auto parts, split_note(note));
  bool verified = false;
  for (const SignatureLine& line : parts.signatures) {
    for (const auto& verifier : verifiers) {
      if (line.name != verifier.name() || line.key_id != verifier.key_id()) continue;
      if (!is_valid(line, verifier, parts.text)) {
        return Error{Errc::bad_signature, "signed note refused: the signature of " + verifier.name() + " is wrong"};
      }
      verified = true;
    }
  }
  if (!verified) return Error{Errc::bad_signature, "signed note refused: none of the expected keys signed it"};
  return std::string(parts.text);
}

}  // namespace unavoce::crypto
