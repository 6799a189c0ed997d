// Cosignatures of witnesses on checkpoints (c2sp.org/tlog-cosignature, Ed25519, type 0x04): "I have seen this tree, at
// this time, and everything I saw of this log before is in it". A line of its own kind in a signed note.
//
// Owner: Cosigner owns its key, move-only; the rest are values. Thread: any. Errors: malformed, unsupported,
// bad_signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/note.hpp"

namespace unavoce::crypto {

struct SignatureLine;

/// A good cosignature as it stands in a note.
struct Cosignature {
  std::string text;  ///< the line, verbatim, with its newline
  std::uint64_t unix_seconds = 0;
};

/// Checks cosignatures of one named key.
class CosignatureVerifier {
 public:
  /// Reads a vkey: "<name>+<8 hex digits of the key id>+<base64(0x04 ‖ public key)>".
  static Result<CosignatureVerifier> parse(std::string_view vkey);
  /// Errors as NoteVerifier::from_key().
  static Result<CosignatureVerifier> from_key(std::string_view name, const PublicKey& key);

  const std::string& name() const noexcept { return name_; }
  std::string vkey() const;

  /// When this witness cosigned the note, in seconds since 1970; nothing if it did not. Errc::bad_signature if a line
  /// claims to be its cosignature and is not, malformed if this is no note. What the note says is not looked at.
  Result<std::optional<std::uint64_t>> time_in(std::string_view note) const;

  /// This witness's line among `lines` (what a witness answers), verbatim with its newline, if it is a good cosignature
  /// of the note text. How old it may be is the caller's to say. Errors: bad_signature if it is wrong or not there,
  /// malformed.
  Result<Cosignature> pick(std::string_view lines, std::string_view note_text) const;

 private:
  CosignatureVerifier(std::string name, const PublicKey& key);
  Result<std::optional<std::uint64_t>> check(const SignatureLine& line, std::string_view text) const;

  std::string name_;
  NoteKeyId key_id_;
  PublicKey key_;
};

/// Cosigns under one name.
class Cosigner {
 public:
  /// Errors as NoteVerifier::from_key().
  static Result<Cosigner> create(std::string_view name, SigningKey key);

  const CosignatureVerifier& verifier() const noexcept { return verifier_; }
  /// One signature line over the note text, with its newline. `unix_seconds` is when the note was seen.
  std::string cosign(std::string_view note_text, std::uint64_t unix_seconds) const;

 private:
  Cosigner(CosignatureVerifier verifier, SigningKey key) noexcept;
  CosignatureVerifier verifier_;
  SigningKey key_;
};

}  // namespace unavoce::crypto
