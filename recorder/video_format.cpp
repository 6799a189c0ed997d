#include "recorder/video_format.hpp"

#include "recorder/av1.hpp"
#include "recorder/h264.hpp"

namespace unavoce::recorder {

std::optional<VideoFormat> video_format(const Frame& frame) {
  if (frame.stream != Stream::video || frame.type != FrameType::key) return std::nullopt;
  if (frame.codec == Codec::h264) {
    auto start = h264_start(frame.bytes.view());
    if (!start) return std::nullopt;
    return VideoFormat{Codec::h264, start->size, std::move(start->parameter_sets)};
  }
  if (frame.codec == Codec::av1) {
    auto start = av1_start(frame.bytes.view());
    if (!start) return std::nullopt;
    return VideoFormat{Codec::av1, start->size, std::move(start->codec_record)};
  }
  const auto size = frame.codec == Codec::vp9 ? vp9_size(frame.bytes.view()) : vp8_size(frame.bytes.view());
  if (!size) return std::nullopt;
  return VideoFormat{frame.codec, *size, {}};
}

std::string_view name_of(Codec codec) {
  switch (codec) {
    case Codec::opus:
      return "opus";
    case Codec::vp8:
      return "vp8";
    case Codec::vp9:
      return "vp9";
    case Codec::h264:
      return "h264";
    case Codec::av1:
      return "av1";
  }
  return "";
}

}  // namespace unavoce::recorder
