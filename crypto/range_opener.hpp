// Reads any part of an age file without reading what lies before it: for seeking in recordings.
//
// Owner: move-only, one thread at a time; the callback runs on the caller's thread. Errors: those of age.hpp and of the
// callback; a failed read changes nothing and may be tried again.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "crypto/stream.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::crypto {

class RangeOpener {
 public:
  /// Fills all of `out` with the sealed file's bytes from `offset` on, or fails.
  using ReadAt = std::function<Result<void>(std::uint64_t offset, std::span<std::uint8_t> out)>;

  /// Reads the header and authenticates the last chunk, without which the length would be anyone's claim
  /// (c2sp.org/age, "Payload"). `file_bytes` is the size of the sealed file.
  static Result<RangeOpener> open(ReadAt read_at, std::uint64_t file_bytes, std::span<const Identity> identities);

  /// Bytes of plaintext.
  std::uint64_t size() const noexcept { return size_; }

  /// Copies plaintext from `offset` on; less than out.size() only at the end, 0 behind it. Each chunk is
  /// authenticated before any of it is copied; the last one read is kept.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out);

 private:
  RangeOpener(ReadAt read_at, const Secret<32>& payload_key, std::uint64_t payload_offset, std::uint64_t payload_bytes);
  Result<void> load(std::uint64_t index);

  ReadAt read_at_;
  ChunkCipher cipher_;
  std::uint64_t payload_offset_;
  std::uint64_t payload_bytes_;
  std::uint64_t last_index_;
  std::uint64_t size_;
  SecretBytes chunk_{chunk_bytes};
  std::size_t chunk_size_ = 0;
  std::optional<std::uint64_t> loaded_;  // index of what is in chunk_
};

}  // namespace unavoce::crypto
