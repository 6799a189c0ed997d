#include "publisher.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>

#include "av1_payloader.hpp"
#include "invented_reports.hpp"
#include "publisher_pipeline.hpp"
#include "recorder/gst_signal.hpp"
#include "recorder/monotonic.hpp"
#include "rtp_damage.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

using namespace std::chrono_literals;

/// State of the sending pipeline; shared with its signals.
struct Shared {
  std::atomic<std::uint64_t> audio{0}, video{0}, keyframes{0};
  std::atomic<bool> audio_muted{false}, video_muted{false};
  std::atomic<std::int64_t> connected_ns{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool gathered = false;
};

struct Publisher::Impl {
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  GstPtr<GstElement> pipeline;
  GstPtr<GstElement> webrtc;
  std::unique_ptr<NumberedSource> numbered;
  std::shared_ptr<RtpDamage> damage = std::make_shared<RtpDamage>();
  std::shared_ptr<RtpDamage> damage_of_sound = std::make_shared<RtpDamage>();
  std::shared_ptr<InventedReports> reports = std::make_shared<InventedReports>();
};

namespace {

/// Behind the encoders' payloaders would count packets; behind the encoders counts frames. A muted frame is not sent
/// and not counted.
GstPadProbeReturn after_audio_encoder(GstPad*, GstPadProbeInfo*, gpointer data) {
  const Held<Shared> shared(data);
  if (shared->audio_muted) return GST_PAD_PROBE_DROP;
  ++shared->audio;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn after_video_encoder(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<Shared> shared(data);
  if (shared->video_muted) return GST_PAD_PROBE_DROP;
  ++shared->video;
  taken_over(GST_PAD_PROBE_INFO_BUFFER(info));  // from numbered_source.cpp
  if (!GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT)) ++shared->keyframes;
  return GST_PAD_PROBE_OK;
}

void on_gathering(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCICEGatheringState gathering{};
  g_object_get(webrtc, "ice-gathering-state", &gathering, nullptr);
  if (gathering != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
  const Held<Shared> shared(data);
  const std::scoped_lock lock(shared->mutex);
  shared->gathered = true;
  shared->changed.notify_all();
}

void on_connection(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCPeerConnectionState state{};
  g_object_get(webrtc, "connection-state", &state, nullptr);
  std::int64_t never = 0;
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED) {
    Held<Shared>(data)->connected_ns.compare_exchange_strong(never, monotonic_ns());
  }
}

GstPtr<GstPromise> run(GstElement* webrtc, const char* signal, gpointer argument) {
  auto promise = GstPtr<GstPromise>::adopt(gst_promise_new());
  g_signal_emit_by_name(webrtc, signal, argument, promise.get());
  if (gst_promise_wait(promise.get()) != GST_PROMISE_RESULT_REPLIED) throw std::runtime_error(signal);
  return promise;
}

template <class Probe>
void count_behind(GstElement* pipeline, const char* encoder, Probe* probe, const std::shared_ptr<Shared>& shared) {
  const auto element = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), encoder));
  if (!element) return;
  const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
  watch(pad.get(), probe, shared);
}

/// A browser's pc.close() sends DTLS close_notify; GStreamer's encoder does on EOS, which nothing else sends it.
void say_goodbye(GstElement* pipeline) {
  GstIterator* all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), "dtlsenc");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(all, &item) == GST_ITERATOR_OK) {
    const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(GST_ELEMENT(g_value_get_object(&item)), "sink"));
    if (pad) gst_pad_send_event(pad.get(), gst_event_new_eos());
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(all);
}

void use_address(GstElement* webrtc, const std::string& address) {
  GstPtr<GObject> ice;
  g_object_get(webrtc, "ice-agent", ice.out(), nullptr);
  GstPtr<GObject> nice;
  g_object_get(ice.get(), "agent", nice.out(), nullptr);
  g_object_set(nice.get(), "upnp", FALSE, "ice-tcp", FALSE, nullptr);
  if (address.empty()) return;
  gboolean added = FALSE;
  g_signal_emit_by_name(ice.get(), "add-local-ip-address", address.c_str(), &added);
}

}  // namespace

Publisher::Publisher(const PublisherOptions& options) : impl_(std::make_unique<Impl>()) {
  gst_init(nullptr, nullptr);
  register_av1_payloader();
  GstPtr<GError> error;
  impl_->pipeline = GstPtr<GstElement>::ref_sink(gst_parse_launch(describe(options).c_str(), error.out()));
  if (!impl_->pipeline || error) throw std::runtime_error(error ? error->message : "no pipeline");
  impl_->webrtc = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(impl_->pipeline.get()), "w"));
  GstElement* webrtc = impl_->webrtc.get();
  use_address(webrtc, options.address);
  GArray* transceivers = nullptr;
  g_signal_emit_by_name(webrtc, "get-transceivers", &transceivers);
  for (guint i = 0; i < transceivers->len; ++i) {
    g_object_set(g_array_index(transceivers, GstWebRTCRTPTransceiver*, i), "direction",
                 GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, nullptr);
  }
  g_array_unref(transceivers);
  for (const char* source : {"aenc", "anum"}) {
    count_behind(impl_->pipeline.get(), source, after_audio_encoder, impl_->shared);
  }
  for (const char* source : {"venc", "vnum"}) {
    count_behind(impl_->pipeline.get(), source, after_video_encoder, impl_->shared);
  }
  if (options.frames == Frames::numbered) {
    impl_->numbered = std::make_unique<NumberedSource>(impl_->pipeline.get(), options.audio_padding_bytes,
                                                       options.video_padding_bytes);
  }
  RtpDamage::attach(impl_->damage, impl_->pipeline.get(), "vpay");
  RtpDamage::attach(impl_->damage_of_sound, impl_->pipeline.get(), "apay");
  connect(webrtc, "notify::ice-gathering-state", on_gathering, impl_->shared);
  connect(webrtc, "notify::connection-state", on_connection, impl_->shared);
  gst_element_set_state(impl_->pipeline.get(), GST_STATE_PLAYING);

  const auto created = run(webrtc, "create-offer", nullptr);
  GstPtr<GstWebRTCSessionDescription> offer;
  gst_structure_get(gst_promise_get_reply(created.get()), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, offer.out(),
                    nullptr);
  if (!offer) throw std::runtime_error("no offer");
  run(webrtc, "set-local-description", offer.get());
  std::unique_lock lock(impl_->shared->mutex);
  if (!impl_->shared->changed.wait_for(lock, testing::patience(10s), [&] { return impl_->shared->gathered; })) {
    throw std::runtime_error("no candidates");
  }
}

Publisher::~Publisher() {
  close();
}

std::string Publisher::offer() const {
  GstPtr<GstWebRTCSessionDescription> local;
  g_object_get(impl_->webrtc.get(), "local-description", local.out(), nullptr);
  const auto text = GstPtr<gchar>::adopt(gst_sdp_message_as_text(local->sdp));
  return text.get();
}

void Publisher::accept(const std::string& answer) {
  GstPtr<GstSDPMessage> sdp;
  gst_sdp_message_new_from_text(answer.c_str(), sdp.out());
  const auto remote = GstPtr<GstWebRTCSessionDescription>::adopt(
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, sdp.release()));
  run(impl_->webrtc.get(), "set-remote-description", remote.get());
  if (impl_->numbered) impl_->numbered->start();
}

Sent Publisher::sent() const {
  return {impl_->shared->audio.load(), impl_->shared->video.load(), impl_->shared->keyframes.load()};
}

std::vector<SentFrame> Publisher::numbered() const {
  if (!impl_->numbered) return {};
  auto frames = impl_->numbered->sent();
  const std::int64_t connected = connected_ns();
  for (SentFrame& frame : frames) frame.free_ns = connected == 0 ? INT64_MAX : std::max(frame.sent_ns, connected);
  return frames;
}

std::int64_t Publisher::connected_ns() const {
  return impl_->shared->connected_ns;
}

void Publisher::mute_audio(Has muted) {
  impl_->shared->audio_muted = muted == Has::yes;
}
void Publisher::mute_video(Has muted) {
  impl_->shared->video_muted = muted == Has::yes;
}

void Publisher::resize(int width, int height) {
  const auto filter = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(impl_->pipeline.get()), "size"));
  const auto caps = GstPtr<GstCaps>::adopt(gst_caps_from_string(size_caps(width, height).c_str()));
  g_object_set(filter.get(), "caps", caps.get(), nullptr);
}

void Publisher::damage(Damage damage) {
  impl_->damage->kind = damage;
}

void Publisher::damage_sound(Damage damage) {
  impl_->damage_of_sound->kind = damage;
}

void Publisher::invent_sources(int count) {
  InventedReports::attach(impl_->reports, impl_->webrtc.get());
  impl_->reports->wanted = count;
}

int Publisher::invented() const {
  return impl_->reports->sent;
}

void Publisher::hang_up() {
  say_goodbye(impl_->pipeline.get());
}

void Publisher::close() {
  if (!impl_->pipeline) return;
  if (impl_->numbered) impl_->numbered->stop();
  gst_element_set_state(impl_->pipeline.get(), GST_STATE_NULL);
  impl_->webrtc = GstPtr<GstElement>();
  impl_->pipeline = GstPtr<GstElement>();
}

}  // namespace unavoce::recorder::test
