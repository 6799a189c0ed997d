// The payload of an age file: STREAM over ChaCha20-Poly1305 in chunks of 64 KiB (c2sp.org/age, "Payload").
//
// Owner: one thread at a time. The payload key goes into OpenSSL's cipher context, which wipes it when it is freed;
// OpenSSL's AEAD is twice as fast as libsodium's (DESIGN 7). Errors: Errc::damaged, and whatever a sink returns; both
// stick. A failing OpenSSL is a broken invariant (std::runtime_error).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace unavoce::crypto {

inline constexpr std::size_t chunk_bytes = 64 * 1024;
inline constexpr std::size_t tag_bytes = 16;
inline constexpr std::size_t sealed_chunk_bytes = chunk_bytes + tag_bytes;

/// Takes bytes in order. They are only valid during the call; an error ends the stream.
using Sink = std::function<Result<void>(ByteView)>;

/// The flag in a chunk's nonce.
enum class ChunkPlace : std::uint8_t { before_others = 0, last = 1 };

/// Seals and opens single chunks of one payload. Sealing the same index and place twice with different plaintext
/// gives the key away; whoever seals keeps count.
class ChunkCipher {
 public:
  explicit ChunkCipher(const Secret<32>& payload_key);
  ChunkCipher(ChunkCipher&&) noexcept;
  ChunkCipher& operator=(ChunkCipher&&) noexcept;
  ~ChunkCipher();

  /// `out` has exactly tag_bytes more than `plain`; they may not overlap.
  void seal(std::uint64_t index, ChunkPlace place, ByteView plain, std::span<std::uint8_t> out);
  /// `out` has exactly tag_bytes less than `sealed`. False, and `out` wiped, if it is not authentic.
  [[nodiscard]] bool open(std::uint64_t index, ChunkPlace place, ByteView sealed, std::span<std::uint8_t> out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Cuts a stream into sealed chunks.
class StreamSealer {
 public:
  explicit StreamSealer(const Secret<32>& payload_key);

  Result<void> write(ByteView plain, const Sink& sink);
  /// Seals the last chunk. Nothing may follow.
  Result<void> finish(const Sink& sink);

 private:
  std::size_t fill(ByteView plain);
  Result<void> seal(ChunkPlace place, ByteView plain, const Sink& sink);

  ChunkCipher cipher_;
  SecretBytes buffer_;  // a full chunk waits here until it is known whether it is the last
  std::size_t buffered_ = 0;
  Bytes sealed_;  // one chunk, on its way to the sink
  std::uint64_t index_ = 0;
  std::optional<Error> error_;
};

/// Opens a stream of sealed chunks; only authenticated plaintext reaches the sink.
class StreamOpener {
 public:
  explicit StreamOpener(const Secret<32>& payload_key);

  Result<void> write(ByteView sealed, const Sink& sink);
  /// Opens the last chunk; Errc::damaged if the stream was cut off. A stream cut off between two chunks gives all of
  /// them before the error.
  Result<void> finish(const Sink& sink);

 private:
  Result<void> flush(ChunkPlace place, const Sink& sink);

  ChunkCipher cipher_;
  Bytes buffer_;       // sealed
  SecretBytes plain_;  // one chunk
  std::uint64_t index_ = 0;
  std::optional<Error> error_;
};

}  // namespace unavoce::crypto
