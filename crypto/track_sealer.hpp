// Seals one track file while it is written (DESIGN 7, FORMATS 5): a main file that is a complete age file after every
// append, and a tail with what does not fill a chunk yet. Values out; writing them durably is the caller's part.
//
// Owner: the track's writer thread, one at a time. Every (key, index, flag) is sealed once: when writing fails, write
// the same FileWrite again or abandon the file; never ask for another one. Not to be used across fork().
// Errors: Errc::malformed from create() and from reading tails; use after wipe() is a broken invariant (logic_error).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "crypto/hash.hpp"
#include "crypto/stream.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::crypto {

/// What a track file is about; covered by the header's MAC.
struct TrackContext {
  std::string recording;  ///< 32 hex digits
  std::uint32_t take;     ///< from 1
  std::string approval;   ///< 64 hex digits
  std::uint32_t file;     ///< from 1
};

/// Bytes and where in the file they belong. Offsets never leave a gap.
struct FileWrite {
  std::uint64_t offset;
  Bytes bytes;
};

class TrackSealer {
 public:
  /// A new file key for a new file to exactly one recipient. Errc::malformed if an id of the context is not hex.
  static Result<TrackSealer> create(const Recipient& recipient, const TrackContext& context);

  /// SHA-256 of the header, what the `track` statement and the tails name.
  const Digest& header_sha256() const noexcept { return header_sha256_; }

  /// Header, payload nonce and F(0): the whole file before the first chunk.
  FileWrite begin() const;

  /// Chunk n and F(n+1), to be written over F(n).
  FileWrite append(std::span<const std::uint8_t, chunk_bytes> chunk);

  /// The tail file for the state after the last append: a complete age file with a file key of its own that holds
  /// `partial`, the plaintext from byte chunks()·65536 on (fewer than 65536 bytes, also none).
  Bytes tail(ByteView partial) const;

  /// Chunks appended so far (n).
  std::uint64_t chunks() const noexcept { return chunks_; }
  /// Size of the main file in bytes after the last append, F(n) included.
  std::uint64_t size() const noexcept;

  /// Destroys the file key; nothing can be sealed any more.
  void wipe() noexcept { cipher_.reset(); }

 private:
  TrackSealer(const Recipient& recipient, Bytes head, const Digest& header_sha256, ChunkCipher cipher);
  ChunkCipher& cipher();
  std::uint64_t final_offset() const noexcept;

  Recipient recipient_;
  Bytes head_;  // header and payload nonce
  Digest header_sha256_;
  std::optional<ChunkCipher> cipher_;
  std::uint64_t chunks_ = 0;
  Bytes final_;  // F(n), sealed once and kept for the tails
};

/// The EBML Void that fills the last chunk of a track whose plaintext ends `partial_size` bytes into it, ready to
/// append. One missing byte needs a Void of 65537 bytes, which fills one more chunk; a full chunk needs nothing.
Bytes pad_to_chunk(std::uint64_t partial_size);

/// What a tail file says without a key.
struct TailInfo {
  Digest track_sha256;  ///< header hash of its main file
  std::uint64_t chunk;  ///< number of whole chunks before the tail's plaintext
  Bytes fin;            ///< F(chunk)
};
/// Reads the header of a tail file.
Result<TailInfo> read_tail_header(ByteView tail_file);

/// How to bring a main file that was torn during an append back to the state its tail belongs to: truncate it, then
/// write `fin` at its new end. Doing it again changes nothing.
struct Repair {
  std::uint64_t truncate_to;  ///< bytes; a main file shorter than this lost data and cannot be repaired
  Bytes fin;
};
/// Needs no key. `main_file` is the main file or its first max_header_bytes. Errc::damaged if the tail belongs to
/// another main file.
Result<Repair> plan_repair(ByteView main_file, ByteView tail_file);

}  // namespace unavoce::crypto
