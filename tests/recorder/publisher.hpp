// A WHIP client for tests, without HTTP: a second webrtcbin in this process that sends a test picture and a tone.
// Owner: the test. Thread: the test's; counters are atomic. Errors: std::runtime_error, the test fails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "numbered_source.hpp"

namespace unavoce::recorder::test {

enum class Has { no, yes };

/// Encoders (a test picture and a tone), or prepared frames that carry their number.
enum class Frames { encoded, numbered };

/// `h264_sets_in_sdp`: high profile, parameter sets in the offer only, never in the stream. `av1`: a key frame every
/// half second, none on demand.
enum class Encoder { vp8, vp9, h264_baseline, h264_high, h264_sets_in_sdp, av1 };

/// What is done to every RTP packet of the picture, or of the sound, before it is encrypted. `no_end` (VP8): one
/// picture begins, and all that follows goes on with it. `many_sets` (H.264): to every key frame, more sequence
/// parameter sets than a header holds. `new_contributors` (sound): one source more contributes to each. `crumbs`
/// (sound): forty packets of one byte in front of each. `many_sources` (sound): they come from sixteen others, a few
/// from each, and are of a payload type that nobody accepted.
enum class Damage {
  none,
  random_bytes,
  cut_short,
  empty,
  wrong_payload_type,
  no_marker,
  no_end,
  many_sets,
  new_contributors,
  crumbs,
  many_sources
};

/// What the publisher sends. 320×240 at 30 pictures/s, VP8; 440 Hz, Opus in 20 ms packets.
struct PublisherOptions {
  Has audio = Has::yes;
  Has video = Has::yes;
  Encoder encoder = Encoder::vp8;
  int width = 320;
  int height = 240;
  /// Where it sends from; empty: whatever the machine has besides loopback.
  std::string address = "127.0.0.1";
  /// Key frames come every so many pictures, and when asked for.
  int keyframe_distance = 3000;
  Frames frames = Frames::encoded;
  /// Numbered frames are so much larger than they need to be.
  std::size_t audio_padding_bytes = 0;
  std::size_t video_padding_bytes = 0;
};

/// Frames that left the encoders.
struct Sent {
  std::uint64_t audio = 0;
  std::uint64_t video = 0;
  std::uint64_t keyframes = 0;
};

class Publisher {
 public:
  explicit Publisher(const PublisherOptions& options);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// The SDP offer, candidates included.
  std::string offer() const;
  void accept(const std::string& answer);

  /// Frames sent since the start (encoded ones).
  Sent sent() const;
  /// Numbered frames sent since the answer was accepted; none if they are encoded.
  std::vector<SentFrame> numbered() const;
  /// When it was connected (CLOCK_MONOTONIC); 0: not yet.
  std::int64_t connected_ns() const;
  /// Stops sending a kind of media without a word, as a frozen tab does; and lets it go on. Numbered frames are counted
  /// as sent all the same.
  void mute_audio(Has muted);
  void mute_video(Has muted);
  /// From now on the picture has this size.
  void resize(int width, int height);
  /// From now on the picture's packets are damaged like this.
  void damage(Damage damage);
  /// The same of the sound's.
  void damage_sound(Damage damage);
  /// Sends reports of so many sources that do not exist beside its next one, some seconds from now at most. Once, and
  /// only when connected.
  void invent_sources(int count);
  /// How many of them are sent.
  int invented() const;
  /// Says that it closes the connection (DTLS close_notify), as a browser's pc.close() does. Only once connected.
  void hang_up();
  /// Stops without a word.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace unavoce::recorder::test
