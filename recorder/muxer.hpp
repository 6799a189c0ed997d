// WebM and Matroska by libavformat into a callback: no seeking, clusters of at most 500 ms, nothing decoded.
// Owner: a TrackFile. Thread: one at a time (the track's writer). Errors: Errc::bad_media from `write`: the frame is
// not in the file, which goes on. Errc::muxing, the error that the byte sink returned, or bad_media from anything else:
// the muxer is dead and its file abandoned. A Muxer that is not finished writes nothing more.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "recorder/container.hpp"
#include "recorder/error.hpp"
#include "recorder/frame.hpp"
#include "recorder/video_format.hpp"

namespace unavoce::recorder {

/// The streams of a file, fixed with its header.
struct StreamSet {
  bool audio = false;  ///< Opus
  std::optional<VideoFormat> video;
  bool has(Stream stream) const { return stream == Stream::audio ? audio : video.has_value(); }
  bool has(Codec codec) const { return codec == Codec::opus ? audio : video && video->codec == codec; }
};

class Muxer {
 public:
  /// Takes muxed bytes: all of them, or an error.
  using ByteSink = std::function<Result<void>(std::span<const std::uint8_t>)>;

  /// Writes the header for these streams.
  static Result<std::unique_ptr<Muxer>> open(Container container, const StreamSet& streams, ByteSink sink);
  ~Muxer();
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  /// Writes a frame at `at_ms` of the file's own time; a stream's times are made strictly ascending. Returns the time
  /// used.
  Result<std::int64_t> write(const Frame& frame, std::int64_t at_ms);
  /// Ends the current cluster and hands everything to the sink.
  Result<void> flush();
  /// The trailer, and everything to the sink. Nothing may be written afterwards.
  Result<void> finish();

  struct State;                                  // opaque: libav's handles
  explicit Muxer(std::unique_ptr<State> state);  // use `open`

 private:
  std::unique_ptr<State> state_;
};

}  // namespace unavoce::recorder
