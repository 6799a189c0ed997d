// What a file's header says about its video, read from the key frame it begins with.
// Owner: values. Thread: any. Errors: nullopt when the bytes are not what they should be.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "recorder/codec_facts.hpp"
#include "recorder/frame.hpp"

namespace unavoce::recorder {

struct VideoFormat {
  Codec codec = Codec::vp8;
  PictureSize size;                      ///< of the first picture; later key frames may have another
  std::vector<std::uint8_t> extra_data;  ///< H.264: SPS and PPS in Annex B form; AV1: av1C; else empty
};

/// nullopt for delta frames, and for key frames whose headers are broken: decoding cannot start with them.
std::optional<VideoFormat> video_format(const Frame& frame);

/// The word for a codec in `seal` statements (FORMATS 2).
std::string_view name_of(Codec codec);

}  // namespace unavoce::recorder
