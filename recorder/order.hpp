// The values that go into and come out of a take: what to record of whom, which files that gave, how each one ended.
// Owner: plain values, copied freely. Thread: any. Formats: docs/FORMATS.md sections 2 and 5.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "consent/scope.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"

namespace unavoce::recorder {

/// One participant's part of a take: whose media, sealed to whom, and which kinds of it.
struct TrackOrder {
  consent::StatementId approval;  ///< the approval that allows it; names the track
  std::string publisher;          ///< the id under which the server called `publish`; opaque here
  crypto::Recipient recipient;    ///< E of the approval: the only key the media is sealed to
  consent::Scope kinds;           ///< granted kinds; `chat` is ignored here
};

/// A take has at most as many files, tails included: one statement names them all when it ends.
inline constexpr std::uint32_t kMaxFilesOfTake = 64;

/// A take to prepare. Participants with an empty scope have no TrackOrder.
struct TakeOrder {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  std::vector<TrackOrder> tracks;
};

/// A sealed file that exists on disk with its header and nothing else: what a `track` statement says.
/// Camera and microphone of a participant share a file; a shared screen (with its sound) has its own, so that players
/// can show both and so that one kind of trouble stays in one file.
struct PreparedTrack {
  consent::StatementId approval;
  std::uint32_t file = 0;  ///< 1, 2, …, counted per approval and take
  std::string name;        ///< name in the blob store, `t001-<16 hex>-f001.webm.age` or `….mkv.age`
  consent::Scope kinds;    ///< what may be in the file
  crypto::Digest header_sha256{};
};

/// How a track file ended: the `sealed track` object of FORMATS section 2, field by field.
struct SealedTrackFile {
  std::string name;
  consent::StatementId approval;
  std::uint32_t file = 0;
  crypto::Digest header_sha256{};
  std::uint64_t size_bytes = 0;
  crypto::Digest sha256{};          ///< of the whole sealed file
  bool empty = true;                ///< nothing arrived: there is no file (size and hash are zero)
  std::vector<std::string> codecs;  ///< `vp8`, `vp9`, `h264`, `opus`, in stream order
  std::int64_t duration_ms = 0;
  std::int64_t first_ms = 0;  ///< media timestamps inside the file
  std::int64_t last_ms = 0;
  std::int64_t offset_ms =
      0;  ///< the file's time zero after the take's start, on the common clock (sender reports when there are any)
  std::int64_t last_arrival_ms = 0;  ///< wall clock, milliseconds since 1970, of the last packet written
  std::uint64_t frames_audio = 0;
  std::uint64_t frames_video = 0;
  std::uint64_t dropped = 0;  ///< frames inside the permit that were lost here: overflow, or waiting for a key frame
};

}  // namespace unavoce::recorder
