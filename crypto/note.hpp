// Signed notes (c2sp.org/signed-note) with Ed25519 (type 0x01): the text that carries the ledger's checkpoints.
//
// A note is text ending in a newline, a blank line, and lines "— <name> <base64(key id ‖ signature)>".
// Owner: NoteSigner owns its key, move-only; the rest are values. Thread: any. Errors: malformed, bad_signature.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/ed25519.hpp"

namespace unavoce::crypto {

/// First 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key); tells keys of one name apart.
using NoteKeyId = std::array<std::uint8_t, 4>;

/// Checks signatures of one named key.
class NoteVerifier {
 public:
  /// Reads a vkey: "<name>+<8 hex digits of the key id>+<base64(0x01 ‖ public key)>".
  static Result<NoteVerifier> parse(std::string_view vkey);
  /// Errc::malformed if `name` is empty, not UTF-8 or has spaces, control characters or '+'.
  static Result<NoteVerifier> from_key(std::string_view name, const PublicKey& key);

  const std::string& name() const noexcept { return name_; }
  const NoteKeyId& key_id() const noexcept { return key_id_; }
  const PublicKey& key() const noexcept { return key_; }
  std::string vkey() const;

 private:
  NoteVerifier(std::string name, const PublicKey& key);
  std::string name_;
  NoteKeyId key_id_;
  PublicKey key_;
};

/// Signs notes under one name.
class NoteSigner {
 public:
  /// Errors as NoteVerifier::from_key().
  static Result<NoteSigner> create(std::string_view name, SigningKey key);

  const NoteVerifier& verifier() const noexcept { return verifier_; }
  const std::string& name() const noexcept { return verifier_.name(); }
  std::string vkey() const { return verifier_.vkey(); }
  /// One signature line over `text`, with its newline.
  std::string signature_line(std::string_view text) const;

 private:
  NoteSigner(NoteVerifier verifier, SigningKey key) noexcept;
  NoteVerifier verifier_;
  SigningKey key_;
};

/// text, blank line, signature. `text` must be non-empty UTF-8, end in a newline and have no other control characters.
Result<std::string> sign_note(std::string_view text, const NoteSigner& signer);

/// The text of `note` if at least one of `verifiers` signed it. Lines of unknown keys are skipped; a wrong signature
/// under a known key refuses the whole note.
Result<std::string> open_note(std::string_view note, std::span<const NoteVerifier> verifiers);

}  // namespace unavoce::crypto
