// One encoded frame on its way from the depayloader to the muxer: plaintext media, in RAM only.
// Owner: exactly one at a time (move-only); the bytes are wiped when it dies. Thread: handed from a streaming thread to
// a track's writer thread through its queue. Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "consent/scope.hpp"
#include "crypto/secret.hpp"

namespace unavoce::recorder {

/// Which of a file's two streams a frame belongs to.
enum class Stream { audio, video };

/// The codecs we take. A new one needs a line in video_format.cpp (name, header), offer.cpp (RTP), media_branch.cpp
/// (depayloader), container.hpp and muxer.cpp. H.264 is in Annex B form, its parameter sets in front of every key
/// frame; AV1 comes as temporal units in low-overhead form.
enum class Codec { opus, vp8, vp9, h264, av1 };

enum class FrameType { key, delta };

/// Bytes of media that are wiped when they go. Move-only.
class PlainBytes {
 public:
  PlainBytes() = default;
  explicit PlainBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}
  /// Takes them over; no copy stays behind.
  explicit PlainBytes(std::vector<std::uint8_t>&& bytes) noexcept : bytes_(std::move(bytes)) {}
  /// Both, one after the other.
  PlainBytes(std::span<const std::uint8_t> front, std::span<const std::uint8_t> back) {
    bytes_.reserve(front.size() + back.size());  // a growing vector would leave copies behind that nobody wipes
    bytes_.insert(bytes_.end(), front.begin(), front.end());
    bytes_.insert(bytes_.end(), back.begin(), back.end());
  }
  PlainBytes(PlainBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  PlainBytes& operator=(PlainBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PlainBytes() { crypto::wipe(bytes_); }

  std::span<const std::uint8_t> view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

/// Times are CLOCK_MONOTONIC in nanoseconds: pts on the clock that all tracks share, arrivals as measured before the
/// jitter buffer. A frame arrives with its first packet for opening and with its last for closing (DESIGN 5).
struct Frame {
  Stream stream = Stream::audio;
  consent::Kind kind = consent::Kind::audio;
  Codec codec = Codec::opus;
  FrameType type = FrameType::delta;
  std::uint64_t source = 0;  ///< number of the WHIP session it came through; another one needs a new key frame
  PlainBytes bytes;
  std::int64_t pts_ns = 0;
  std::int64_t first_arrival_ns = 0;
  std::int64_t last_arrival_ns = 0;
  /// Capture time by the sender's own clock, mapped to CLOCK_MONOTONIC; known from its first RTCP sender report on.
  std::optional<std::int64_t> capture_ns;
};

}  // namespace unavoce::recorder
