// The form of signed notes and vkeys (c2sp.org/signed-note), without judging a signature. Private to crypto/.
// Pure functions over texts, any thread; views point into what was given. Errors: malformed, too_large.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/note.hpp"

namespace unavoce::crypto {

/// Kinds of keys in vkeys (c2sp.org/signed-note, c2sp.org/tlog-cosignature).
inline constexpr std::uint8_t ed25519_type = 0x01;
inline constexpr std::uint8_t cosignature_type = 0x04;

/// Non-empty UTF-8 without spaces, control characters and '+'.
bool is_key_name(std::string_view name);
Error bad_key_name();
/// UTF-8 that ends in a newline and has no other control characters.
bool is_note_text(std::string_view text);

/// The key with its type in front, as it is hashed and printed.
std::array<std::uint8_t, 33> typed_key(std::uint8_t type, const PublicKey& key);
/// First 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
NoteKeyId note_key_id(std::uint8_t type, std::string_view name, const PublicKey& key);

struct VkeyParts {
  std::string_view name;
  PublicKey key;
};
/// Reads `<name>+<8 hex digits>+<base64(type ‖ key)>`. Errors: unsupported for another type than `type`; malformed,
/// also if the key id does not belong to name and key.
Result<VkeyParts> split_vkey(std::string_view vkey, std::uint8_t type);

struct SignatureLine {
  std::string_view name;
  NoteKeyId key_id;
  Bytes signature;
};

struct NoteParts {
  std::string_view text;  ///< with its last newline
  std::vector<SignatureLine> signatures;
};
/// Splits a note of at most 1 MB with 1 to 100 signature lines.
Result<NoteParts> split_note(std::string_view note);
/// The same for signature lines alone, each with its newline: what a witness answers.
Result<std::vector<SignatureLine>> split_signature_lines(std::string_view lines);

/// "— <name> <base64(key id ‖ signature)>" and a newline.
std::string format_signature_line(std::string_view name, const NoteKeyId& key_id, ByteView signature);

}  // namespace unavoce::crypto
