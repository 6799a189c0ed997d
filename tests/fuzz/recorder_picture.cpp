// A picture as a publisher's packets make it: no crash; what a file may begin with has a size and, for H.264 and AV1,
// what the container's header needs, and libavformat does begin and end a file with it. The first byte picks the codec.
#include "crypto/bytes.hpp"
#include "recorder/h264.hpp"
#include "recorder/muxer.hpp"
#include "recorder/video_format.hpp"
#include "require.hpp"

namespace {

using namespace unavoce::recorder;

/// The picture itself may be refused, and is then lost; the file goes on.
void require_file(const VideoFormat& format, const Frame& picture) {
  const auto muxer =
      Muxer::open(container_for(format.codec), {.audio = true, .video = format},
                  [](std::span<const std::uint8_t>) -> Result<void> { return boost::outcome_v2::success(); });
  require(muxer.has_value());
  const auto written = muxer.value()->write(picture, 0);
  require(written || written.error().code == Errc::bad_media);
  require(muxer.value()->finish().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> picture(bytes + 1, size - 1);
  Frame frame;
  frame.stream = Stream::video;
  frame.type = FrameType::key;
  constexpr Codec codecs[] = {Codec::vp8, Codec::vp9, Codec::h264, Codec::av1};
  frame.codec = codecs[bytes[0] % 4];
  frame.bytes = PlainBytes(picture);
  if (const auto format = video_format(frame)) {
    require(format->size.width > 0 && format->size.height > 0);
    const bool described = frame.codec == Codec::h264 || frame.codec == Codec::av1;
    require(described == !format->extra_data.empty());
    require_file(*format, frame);
  }
  std::size_t total = 0;
  for (const auto nal : nal_units(picture)) total += nal.size();
  require(total <= picture.size());
  H264ParameterSets sets;
  (void)sets.missing_from(picture);
  require(sets.missing_from(picture).size() <= 64 * 1024);
  return 0;
}
