// Encoded frames that carry their number, sent in real time into a publisher's pipeline in place of its encoders: no
// encoding while it runs, so that many publishers fit on a small machine. Numbers are given once per process: a frame
// in somebody else's file is recognised. A frame is logged before it is handed over, so that its time is the earliest
// at which anything of it can have been on the wire.
// Owner: Publisher. Thread: one of its own; `sent` from anywhere. Errors: std::runtime_error from `prepare` and start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "numbered_frames.hpp"

typedef struct _GstElement GstElement;

namespace unavoce::recorder::test {

/// A frame that was handed to the payloader.
struct SentFrame {
  FrameName name;
  FrameType type = FrameType::key;
  std::int64_t sent_ns = 0;  ///< CLOCK_MONOTONIC, just before
  /// From when on nothing but load can have kept it from arriving, as its publisher says: the same, or the moment of
  /// the connection, up to which webrtcbin holds everything back. INT64_MAX: it was never connected.
  std::int64_t free_ns = 0;
};

class NumberedSource {
 public:
  /// The GStreamer text that stands for the encoder of a stream; the payloader follows.
  static std::string describe(Stream stream);

  /// Takes the sources out of the pipeline that was made from `describe`; frames are padded by so many bytes.
  NumberedSource(GstElement* pipeline, std::size_t audio_padding_bytes, std::size_t video_padding_bytes);
  /// Stops sending.
  ~NumberedSource();
  NumberedSource(const NumberedSource&) = delete;
  NumberedSource& operator=(const NumberedSource&) = delete;

  /// From now on 50 sounds and 30 pictures a second; a key frame first, when asked for, and every 10 s.
  void start();
  void stop();

  /// Everything sent so far, per stream in order.
  std::vector<SentFrame> sent() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace unavoce::recorder::test
