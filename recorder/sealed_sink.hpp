// Plaintext in, sealed file out: cuts the muxer's bytes into 65536-byte chunks, seals them, writes them, keeps the
// tail. Owner: a TrackFile. Thread: one at a time (the track's writer). Errors: storage or sealing; after the first one
// the sink refuses everything but `abandon` and `erase` (never seal a chunk index twice), and what is on disk stays
// recoverable. The order of DESIGN 7 lives here: fdatasync main → write temp → fsync → rename → fsync folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "crypto/hash.hpp"
#include "crypto/secret.hpp"
#include "crypto/track_sealer.hpp"
#include "recorder/error.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::recorder {

/// What a finished file measures.
struct SealedSize {
  std::uint64_t size_bytes = 0;
  crypto::Digest sha256{};
};

class SealedSink {
 public:
  /// Creates the file with header and F(0), and its first tail, durably.
  static Result<SealedSink> create(storage::BlobStore& blobs, const std::string& recording, const std::string& name,
                                   const crypto::Recipient& recipient, const crypto::TrackContext& context);
  SealedSink(SealedSink&&) noexcept = default;
  SealedSink& operator=(SealedSink&&) noexcept = default;
  ~SealedSink();

  const crypto::Digest& header_sha256() const noexcept { return sealer_.header_sha256(); }
  /// Plaintext bytes taken so far.
  std::uint64_t taken() const noexcept { return sealer_.chunks() * crypto::chunk_bytes + partial_used_; }

  /// Takes muxed plaintext; whole chunks go to the file at once.
  Result<void> write(std::span<const std::uint8_t> plain);
  /// Makes everything taken so far survive a power cut: main file, then the tail. Nothing new: does nothing.
  Result<void> sync_tail();
  /// Pads the last chunk with an EBML Void, ends the file, removes the tail, destroys the key.
  Result<SealedSize> finish();
  /// Destroys the key and wipes the plaintext; the files stay as they are, as after a crash.
  void abandon() noexcept;
  /// Destroys the key and removes file, tail and temporary file. May be repeated after an error.
  Result<void> erase();

 private:
  SealedSink(storage::BlobWriter writer, crypto::TrackSealer sealer);
  Result<void> put(const crypto::FileWrite& write);
  Result<void> append_chunk();
  Result<void> healthy() const;
  template <class T>
  Result<T> fail(const Error& error);

  storage::BlobWriter writer_;
  crypto::TrackSealer sealer_;
  std::vector<std::uint8_t> partial_;  // always chunk_bytes long; the first partial_used_ are plaintext
  std::size_t partial_used_ = 0;
  crypto::Sha256 settled_hash_;      // over the bytes that no append will overwrite
  std::vector<std::uint8_t> final_;  // F(n), the bytes that the next append overwrites
  std::uint64_t synced_ = 0;         // plaintext bytes that the last tail covers
  std::uint64_t synced_chunks_ = 0;
  std::optional<Error> error_;
};

}  // namespace unavoce::recorder
