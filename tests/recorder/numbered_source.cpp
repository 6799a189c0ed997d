#include "numbered_source.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "recorder/gst_signal.hpp"
#include "recorder/monotonic.hpp"

namespace unavoce::recorder::test {

using namespace std::chrono_literals;

namespace {

std::atomic<int> next_number{1};

/// Real VP8, because the payloader reads a frame's partitions; what follows the last partition it carries along.
struct Templates {
  std::vector<std::vector<std::uint8_t>> frames;  // the first one is a key frame

  Templates() {
    GstPtr<GError> error;
    const auto pipeline = GstPtr<GstElement>::ref_sink(
        gst_parse_launch("videotestsrc num-buffers=31 pattern=ball ! video/x-raw,width=64,height=48,framerate=30/1 ! "
                         "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=1000 ! appsink name=sink sync=false",
                         error.out()));
    if (!pipeline || error) throw std::runtime_error(error ? error->message : "no encoder");
    const auto sink = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    while (auto sample =
               GstPtr<GstSample>::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 10 * GST_SECOND))) {
      GstMapInfo map;
      if (!gst_buffer_map(gst_sample_get_buffer(sample.get()), &map, GST_MAP_READ)) continue;
      frames.emplace_back(map.data, map.data + map.size);
      gst_buffer_unmap(gst_sample_get_buffer(sample.get()), &map);
    }
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    if (frames.size() < 2) throw std::runtime_error("no encoded frames");
  }
};

const Templates& templates() {
  static const Templates made;
  return made;
}

GstPadProbeReturn on_upstream_event(GstPad*, GstPadProbeInfo* info, gpointer data) {
  if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info))) *Held<std::atomic<bool>>(data) = true;
  return GST_PAD_PROBE_OK;
}

}  // namespace

struct NumberedSource::Impl {
  GstPtr<GstElement> audio, video;
  std::size_t audio_padding = 0, video_padding = 0;
  std::shared_ptr<std::atomic<bool>> key_wanted = std::make_shared<std::atomic<bool>>(true);
  mutable std::mutex mutex;
  std::vector<SentFrame> log;
  std::size_t pictures = 0;
  std::jthread thread;  // last: uses the rest

  void push(GstElement* source, Stream stream, FrameType type, std::vector<std::uint8_t> bytes) {
    const int number = next_number++;
    char text[32];
    const int length =
        std::snprintf(text, sizeof text, "unavoce-frame-%c%08d", stream == Stream::audio ? 'a' : 'v', number);
    bytes.insert(bytes.end(), text, text + length);
    bytes.resize(bytes.size() + (stream == Stream::audio ? audio_padding : video_padding), 0x55);
    {
      const std::scoped_lock lock(mutex);
      log.push_back({{stream, number}, type, monotonic_ns()});
    }
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    if (type == FrameType::delta) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    handed_over(buffer);
    gst_app_src_push_buffer(GST_APP_SRC(source), buffer);  // takes the buffer
  }

  void sound() { push(audio.get(), Stream::audio, FrameType::key, {0xfc}); }  // CELT, 20 ms, one frame

  void picture() {
    const auto& all = templates().frames;
    const bool key = key_wanted->exchange(false) || pictures % 300 == 0;
    const std::size_t which = key ? 0 : 1 + pictures % (all.size() - 1);
    ++pictures;
    push(video.get(), Stream::video, key ? FrameType::key : FrameType::delta, all[which]);
  }

  void run(const std::stop_token& stop) {
    const auto begin = std::chrono::steady_clock::now();
    for (int tick = 0; !stop.stop_requested(); ++tick) {
      if (audio && tick % 2 == 0) sound();
      if (video && tick % 3 == 0) picture();
      std::this_thread::sleep_until(begin + (tick + 1) * 10ms);
    }
  }
};

std::string NumberedSource::describe(Stream stream) {
  if (stream == Stream::audio) {
    return "appsrc name=anum is-live=true format=time do-timestamp=true "
           "caps=audio/x-opus,rate=48000,channels=2,channel-mapping-family=0 ";
  }
  return "appsrc name=vnum is-live=true format=time do-timestamp=true "
         "caps=video/x-vp8,width=64,height=48,framerate=30/1 ";
}

NumberedSource::NumberedSource(GstElement* pipeline, std::size_t audio_padding_bytes, std::size_t video_padding_bytes)
    : impl_(std::make_unique<Impl>()) {
  (void)templates();
  impl_->audio_padding = audio_padding_bytes;
  impl_->video_padding = video_padding_bytes;
  impl_->audio = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), "anum"));
  impl_->video = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), "vnum"));
  if (!impl_->video) return;
  const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(impl_->video.get(), "src"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event, hold(impl_->key_wanted),
                    let_go<std::atomic<bool>>);
}

NumberedSource::~NumberedSource() = default;

void NumberedSource::start() {
  impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void NumberedSource::stop() {
  impl_->thread = std::jthread();
}

std::vector<SentFrame> NumberedSource::sent() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->log;
}

}  // namespace unavoce::recorder::test
