// Which file format holds which codec: WebM where it can (browsers play it everywhere), Matroska for the rest. Both are
// the same bytes but for the name at the start and what may be inside.
// Owner: values. Thread: any. Errors: none. Source: WebM container guidelines (VP8, VP9, AV1; Vorbis, Opus).
#pragma once

#include <string_view>

#include "recorder/frame.hpp"

namespace unavoce::recorder {

/// Fixed with a file's name, before its first byte.
enum class Container { webm, matroska };

constexpr Container container_for(Codec codec) {
  return codec == Codec::h264 ? Container::matroska : Container::webm;
}

/// Matroska holds what WebM holds, too.
constexpr bool can_hold(Container container, Codec codec) {
  return container == Container::matroska || container_for(codec) == Container::webm;
}

/// The name of libavformat's muxer, and the ending of plaintext files: FORMATS 5.
constexpr std::string_view ending_of(Container container) {
  return container == Container::webm ? "webm" : "mkv";
}

}  // namespace unavoce::recorder
