// The few facts about VP8, VP9 and Opus bitstreams that a muxer needs (H.264: h264.hpp); nothing is decoded.
// Owner: values. Thread: any. Errors: nullopt when the bytes are not what they should be.
// Sources: RFC 6386 section 9.1 (VP8 key frame header), VP9 bitstream specification section 6.2 (uncompressed header),
// RFC 7845 section 5.1 (OpusHead), RFC 6716 section 3.1 (Opus TOC).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace unavoce::recorder {

struct PictureSize {
  int width = 0;
  int height = 0;
};

/// Size of a VP8 picture from its key frame; nullopt for delta frames and anything that is no VP8 frame.
std::optional<PictureSize> vp8_size(std::span<const std::uint8_t> frame);

/// Size of a VP9 picture from its key frame; nullopt for other frames and anything that is no VP9 frame.
std::optional<PictureSize> vp9_size(std::span<const std::uint8_t> frame);

/// The 19 bytes of OpusHead: 48 kHz, two channels, no pre-skip (we start amid a stream; nothing is encoder delay).
std::array<std::uint8_t, 19> opus_head();

/// Duration of an Opus packet in microseconds, from its first two bytes; nullopt for an empty or invalid one.
std::optional<std::int64_t> opus_duration_us(std::span<const std::uint8_t> packet);

}  // namespace unavoce::recorder
