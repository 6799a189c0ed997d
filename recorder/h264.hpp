// The few facts about H.264 bitstreams that a muxer needs; nothing is decoded.
// Owner: values. Thread: any. Errors: nullopt when the bytes are not what they should be.
// Sources: ITU-T H.264 sections 7.3.1 (NAL units), 7.3.2.1.1 (SPS), annex B (start codes); RFC 6184 section 8.4
// (parameter sets may come in the SDP instead of in the stream).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "recorder/codec_facts.hpp"

namespace unavoce::recorder {

/// The NAL units of an access unit in Annex B form, without start codes; views into it.
std::vector<std::span<const std::uint8_t>> nal_units(std::span<const std::uint8_t> access_unit);

/// True if the access unit holds an IDR picture: decoding can start here, given its parameter sets.
bool h264_starts_anew(std::span<const std::uint8_t> access_unit);

/// Size of the picture after cropping, from a sequence parameter set.
std::optional<PictureSize> h264_size(std::span<const std::uint8_t> sps);

/// What a file's header needs to know of the key frame it begins with.
struct H264Start {
  PictureSize size;
  std::vector<std::uint8_t> parameter_sets;  ///< every SPS and PPS of the access unit (the last of each id), Annex B
};

/// nullopt unless the access unit holds an IDR picture together with its SPS and PPS, and of these no more than a
/// file's header takes.
std::optional<H264Start> h264_start(std::span<const std::uint8_t> access_unit);

/// Remembers the parameter sets of one stream, for key frames that come without: a sender may send them once, or in
/// its SDP only (the depayloader then puts them in front of the first picture).
class H264ParameterSets {
 public:
  /// What must stand in front of this access unit so that it can be decoded by itself: nothing, or parameter sets.
  /// Valid until the next call.
  std::span<const std::uint8_t> missing_from(std::span<const std::uint8_t> access_unit);

 private:
  std::vector<std::uint8_t> known_;  // Annex B
};

}  // namespace unavoce::recorder
