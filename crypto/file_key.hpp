// What an age file key does (c2sp.org/age): it is wrapped into stanzas, authenticates the header, and gives the key of
// the payload. Inner part of age.hpp and track_sealer.hpp.
//
// Owner: FileKey lives in secret memory and dies with the call that needed it. Thread: any.
// Errors: see each function. "Not for you" and "broken" are different codes.
#pragma once

#include <span>
#include <vector>

#include "crypto/age_header.hpp"
#include "crypto/secret.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::crypto {

using FileKey = Secret<16>;
inline constexpr std::size_t payload_nonce_bytes = 16;

/// log2 of scrypt's work factor: what we write (as age does), and the most we are willing to compute (1 GiB of RAM).
inline constexpr unsigned scrypt_work_factor = 18;
inline constexpr unsigned max_scrypt_work_factor = 20;

/// One X25519 stanza with an ephemeral key of its own.
Stanza wrap_for(const Recipient& recipient, const FileKey& key);

/// One scrypt stanza; it must stay the only stanza of its file. Errc::too_large if memory does not suffice.
Result<Stanza> wrap_for_passphrase(ByteView passphrase, const FileKey& key, unsigned work_factor = scrypt_work_factor);

/// The file key, by the first stanza that one of the identities opens. Errc::not_for_you if none does;
/// Errc::malformed or Errc::weak_key for stanzas that no honest writer makes.
Result<FileKey> unwrap(std::span<const Stanza> stanzas, std::span<const Identity> identities);

/// Errc::not_for_you if the file is not sealed with a passphrase, Errc::wrong_passphrase, Errc::too_large above
/// max_scrypt_work_factor, Errc::malformed.
Result<FileKey> unwrap_with_passphrase(std::span<const Stanza> stanzas, ByteView passphrase);

/// Errc::damaged if the header's MAC is not by this key.
Result<void> check_mac(const Header& header, const FileKey& key);

/// `nonce` are the payload_nonce_bytes after the header.
Secret<32> payload_key(const FileKey& key, ByteView nonce);

/// The beginning of a file we write.
struct FileStart {
  Bytes head;                ///< header and payload nonce
  std::size_t header_bytes;  ///< how much of `head` is header
  Secret<32> payload_key;
};
/// Authenticates the stanzas and draws a payload nonce.
FileStart start_file(const FileKey& key, std::vector<Stanza> stanzas);

}  // namespace unavoce::crypto
