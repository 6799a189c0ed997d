#include "publisher_pipeline.hpp"

#include <algorithm>

#include "numbered_source.hpp"

namespace unavoce::recorder::test {

std::string size_caps(int width, int height) {
  return "video/x-raw,format=I420,width=" + std::to_string(width) + ",height=" + std::to_string(height) +
         ",framerate=30/1";
}

namespace {

constexpr const char* vp8_payloader =
    " ! rtpvp8pay name=vpay picture-id-mode=15-bit ! application/x-rtp,media=video,encoding-name=VP8,payload=102";

constexpr const char* av1_payloader =
    " ! testav1pay name=vpay ! application/x-rtp,media=video,encoding-name=AV1,payload=105";

std::string audio_frames(const PublisherOptions& options) {
  if (options.frames == Frames::numbered) return NumberedSource::describe(Stream::audio);
  return "audiotestsrc is-live=true wave=sine freq=440 ! audio/x-raw,rate=48000,channels=2 ! opusenc name=aenc "
         "frame-size=20 ";
}

/// Encoder and payloader.
std::string describe_encoder(const PublisherOptions& options) {
  const std::string distance = std::to_string(options.keyframe_distance);
  const std::string libvpx = " name=venc deadline=1 cpu-used=8 target-bitrate=300000 keyframe-max-dist=" + distance;
  const std::string h264 =
      "openh264enc name=venc bitrate=300000 complexity=low gop-size=" + distance + " ! video/x-h264,profile=";
  const std::string pay_h264 =
      " ! rtph264pay name=vpay config-interval=0 aggregate-mode=zero-latency ! "
      "application/x-rtp,media=video,encoding-name=H264,payload=104";
  switch (options.encoder) {
    case Encoder::vp9:
      return "vp9enc" + libvpx +
             " ! rtpvp9pay name=vpay picture-id-mode=15-bit ! "
             "application/x-rtp,media=video,encoding-name=VP9,payload=103";
    case Encoder::h264_baseline:
      return h264 + "constrained-baseline" + pay_h264;
    case Encoder::h264_high:
      return h264 + "high" + pay_h264;
    case Encoder::h264_sets_in_sdp:
      return h264 + "high ! h264parse config-interval=0 ! video/x-h264,stream-format=avc" + pay_h264;
    case Encoder::av1:
      // GStreamer 1.22's makes no key frame on demand.
      return "av1enc name=venc usage-profile=realtime cpu-used=10 lag-in-frames=0 threads=1 end-usage=cbr "
             "min-quantizer=2 max-quantizer=56 target-bitrate=300 keyframe-max-dist=" +
             std::to_string(std::min(options.keyframe_distance, 15)) + av1_payloader;
    case Encoder::vp8:
      break;
  }
  return "vp8enc" + libvpx + vp8_payloader;
}

std::string video_frames(const PublisherOptions& options) {
  if (options.frames == Frames::numbered) {
    return NumberedSource::describe(Stream::video) + vp8_payloader;
  }
  return "videotestsrc is-live=true pattern=ball ! capsfilter name=size caps=" +
         size_caps(options.width, options.height) + " ! " + describe_encoder(options);
}

}  // namespace

std::string describe(const PublisherOptions& options) {
  std::string text = "webrtcbin name=w bundle-policy=max-bundle ";
  if (options.audio == Has::yes) {
    text += audio_frames(options) +
            "! rtpopuspay name=apay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w. ";
  }
  if (options.video == Has::yes) {
    text += video_frames(options) + ",rtcp-fb-nack-pli=true ! w. ";
  }
  return text;
}

}  // namespace unavoce::recorder::test
