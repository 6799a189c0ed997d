// Reading and writing age files (c2sp.org/age): binary, to X25519 recipients or with a passphrase.
//
// Owner: Sealer and Opener are move-only and used by one thread at a time; sinks run on the caller's thread. Errors
// stick: after one, nothing more comes out. Errc::not_for_you or wrong_passphrase: wrong key; malformed, damaged,
// weak_key: broken file; too_large, unsupported: beyond our limits; anything else comes from the sink.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "crypto/age_header.hpp"
#include "crypto/secret.hpp"
#include "crypto/stream.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::crypto {

/// Writes an age file piece by piece.
class Sealer {
 public:
  /// Sends the header to `sink` at once. At least one recipient; each of them can open the file.
  static Result<Sealer> to(std::span<const Recipient> recipients, Sink sink);
  /// Takes about a second and 256 MiB (scrypt, work factor 18).
  static Result<Sealer> with_passphrase(ByteView passphrase, Sink sink);

  Result<void> write(ByteView plain) { return stream_.write(plain, sink_); }
  /// Without finish() the file is cut off, and readers say so.
  Result<void> finish() { return stream_.finish(sink_); }

 private:
  Sealer(const Secret<32>& payload_key, Sink sink) : stream_(payload_key), sink_(std::move(sink)) {}
  static Result<Sealer> start(const Secret<16>& file_key, std::vector<Stanza> stanzas, Sink sink);

  StreamSealer stream_;
  Sink sink_;
};

/// Reads an age file piece by piece. Whatever reaches the sink is authentic and in its place; that it is complete is
/// known only when finish() has succeeded.
class Opener {
 public:
  /// `identities` must outlive the Opener.
  static Opener with(std::span<const Identity> identities, Sink sink);
  /// Keeps a copy of the passphrase in secret memory until the header is read.
  static Opener with_passphrase(ByteView passphrase, Sink sink);

  Result<void> write(ByteView sealed);
  Result<void> finish();

  /// Whether the header was authentic and for one of the keys.
  bool header_opened() const noexcept { return stream_.has_value(); }

 private:
  using Unwrap = std::function<Result<Secret<16>>(std::span<const Stanza>)>;
  Opener(Unwrap unwrap, Sink sink) : unwrap_(std::move(unwrap)), sink_(std::move(sink)) {}
  Result<void> read_header();

  Unwrap unwrap_;
  Sink sink_;
  Bytes start_;  // until the payload nonce is complete
  std::optional<StreamOpener> stream_;
  std::optional<Error> error_;
};

/// A whole buffer at once.
Result<Bytes> seal(ByteView plain, std::span<const Recipient> recipients);
Result<Bytes> seal_with_passphrase(ByteView plain, ByteView passphrase);
Result<SecretBytes> open(ByteView sealed, std::span<const Identity> identities);
Result<SecretBytes> open_with_passphrase(ByteView sealed, ByteView passphrase);

/// How many X25519 stanzas the header has; needs no key and proves nothing about who can open the file.
Result<std::size_t> count_x25519_stanzas(ByteView sealed);

}  // namespace unavoce::crypto
