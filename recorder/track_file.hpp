// One sealed track file from its header to its end: muxer on top, sealed sink below, and the account of what went in.
// Owner: a TrackWriter, one file at a time being written. Thread: that writer's thread (created on a worker). Errors:
// the first one ends the file: it is abandoned, what was sealed stays and is recoverable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consent/ids.hpp"
#include "recorder/error.hpp"
#include "recorder/muxer.hpp"
#include "recorder/order.hpp"
#include "recorder/sealed_sink.hpp"

namespace unavoce::recorder {

/// What a file belongs to.
struct FileContext {
  consent::RecordingId recording;
  std::uint32_t take = 0;
  consent::StatementId approval;
  std::uint32_t file = 0;
  consent::Scope kinds;
  Container container = Container::webm;
};

/// `t001-<first 16 hex of the approval id>-f001.webm.age`, or `.mkv.age` (FORMATS 5).
std::string track_file_name(const FileContext& context);
/// Whether a file of this name, or its tail, belongs to this approval, in this take or in any.
bool is_track_file_of(const std::string& name, std::optional<std::uint32_t> take, const consent::StatementId& approval);

class TrackFile {
 public:
  /// Creates the sealed file with its header and no media.
  static Result<std::unique_ptr<TrackFile>> create(storage::BlobStore& blobs, const crypto::Recipient& recipient,
                                                   const FileContext& context);
  TrackFile(SealedSink sink, FileContext context);  // use `create`

  PreparedTrack prepared() const;
  const FileContext& context() const noexcept { return context_; }

  /// Writes the container's header. `zero_ns` is the file's time zero on the common clock.
  Result<void> open_streams(const StreamSet& streams, std::int64_t zero_ns);
  bool is_open() const noexcept { return muxer_ != nullptr; }
  bool has(Stream stream) const noexcept { return streams_.has(stream); }
  /// True if frames of this codec can be written: a stream's codec is fixed with the header.
  bool has(Codec codec) const noexcept { return streams_.has(codec); }
  const StreamSet& streams() const noexcept { return streams_; }
  /// True once a frame was written.
  bool has_media() const noexcept { return frames_audio_ + frames_video_ != 0; }
  /// True once a frame has reached the sealer: libavformat's muxer keeps one audio packet back.
  bool has_sealed_media() const noexcept { return sink_.taken() > header_bytes_; }

  Result<void> write(const Frame& frame);
  /// Everything written so far to the disk: cluster, chunks, tail.
  Result<void> flush();
  /// The normal end. A file without media is erased and reported as empty. `take_start_ns`: see offset_ms.
  Result<SealedTrackFile> finish(std::int64_t take_start_ns, std::uint64_t dropped);
  /// The end after a fault: no trailer, key destroyed; the file and its tail stay.
  SealedTrackFile abandon(std::uint64_t dropped) noexcept;
  /// The end after a withdrawal: no trailer, key destroyed, file, tail and temporary file removed. May be repeated.
  Result<void> erase();

 private:
  SealedTrackFile account(std::uint64_t dropped) const;
  std::int64_t offset_ns(std::int64_t take_start_ns) const;

  SealedSink sink_;
  FileContext context_;
  std::unique_ptr<Muxer> muxer_;  // writes into sink_: destroyed first
  StreamSet streams_;
  std::uint64_t header_bytes_ = 0;
  std::int64_t zero_ns_ = 0;
  std::optional<std::int64_t> first_ms_;
  std::int64_t end_ms_ = 0;
  std::int64_t last_ms_ = 0;
  std::int64_t last_arrival_ns_ = 0;
  std::uint64_t frames_audio_ = 0;
  std::uint64_t frames_video_ = 0;
  std::vector<std::int64_t> capture_offsets_ns_;  // capture time minus pts, of the first frames that have one
};

}  // namespace unavoce::recorder
