// Hashing a track file at rest, in pieces: a file may have gigabytes, and others want the disk and the thread, too.
// Owner: whoever wants to know; the BlobStore outlives it. Thread: one at a time, a worker; blocks on the disk. Errors:
// storage; after one the next call begins with the file anew.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "crypto/hash.hpp"
#include "recorder/error.hpp"
#include "recorder/order.hpp"
#include "storage/blob_store.hpp"

namespace unavoce::recorder {

class Measuring {
 public:
  Measuring(storage::BlobStore& blobs, const consent::RecordingId& recording, std::string name);

  /// Reads on, at least a megabyte, until the file ends or that moment comes; nothing if there is more to read. The
  /// file is `empty` if there is none, or none any more; `header_sha256` is zero if it does not begin as an age file.
  Result<std::optional<SealedTrackFile>> read_until(std::chrono::steady_clock::time_point when);

 private:
  Result<std::optional<SealedTrackFile>> read_on(std::chrono::steady_clock::time_point when);
  Result<crypto::Digest> header_sha256() const;

  storage::BlobStore& blobs_;
  std::string recording_;
  std::string name_;
  crypto::Sha256 hash_;
  std::uint64_t size_bytes_ = 0;  // hashed so far
};

}  // namespace unavoce::recorder
