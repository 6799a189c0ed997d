#include "recorder/whip_session.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "recorder/arrival_ring.hpp"
#include "recorder/candidates.hpp"
#include "recorder/gst_signal.hpp"
#include "recorder/media_branch.hpp"
#include "recorder/media_pace.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/report_sources.hpp"
#include "recorder/thread_cost.hpp"
#include "recorder/webrtc_bin.hpp"
#include "recorder/wire_sources.hpp"

namespace unavoce::recorder {

/// Shared with every signal and probe of the pipeline, so that late callbacks find it alive.
struct WhipSession::State {
  OfferPlan plan;
  SessionHooks hooks;
  std::shared_ptr<PacketLog> packets = std::make_shared<PacketLog>();
  std::shared_ptr<UnfinishedTotal> unfinished = std::make_shared<UnfinishedTotal>();
  std::optional<MediaPace> pace;  // set before the pipeline is made
  WireSources sources;
  ReportSources reporters;
  GstPtr<GstElement> pipeline;  // reset by close(), which ends the circle pipeline → closures → state
  GstPtr<GstElement> webrtc;
  std::string sdp;
  std::atomic<bool> closed{false};
  std::atomic<bool> is_told_gone{false};
  std::atomic<bool> is_told_of_sources{false};
  std::atomic<unsigned> candidates{0};  // with the offer and after it
  std::atomic<unsigned> transports{0};  // that webrtcbin has made, however it reads the offer's bundle

  std::mutex mutex;  // leaf lock
  std::condition_variable gathered_changed;
  bool gathered = false;
  std::vector<GstPtr<GstPad>> video_pads;

  void gone(std::string reason, Ending ending = Ending::lost) {
    // Once: some reasons hold for every packet that follows, and each telling is a job in a queue.
    if (!closed.load() && !is_told_gone.exchange(true)) hooks.on_gone(ending, std::move(reason));
  }

  bool brings_too_much(GstBuffer* packet) {
    const Brings brings = pace->add(gst_buffer_get_size(packet), monotonic_ns());
    if (brings == Brings::too_many_bytes) gone("it sent more than one publisher may (max_mbit_per_publisher)");
    if (brings == Brings::too_many_packets)
      gone("it sent more packets than one publisher may (" + std::to_string(max_packets_per_second) + " in a second)");
    return brings != Brings::bearable;
  }
};

namespace {

/// The accepted section of this payload type, or null.
const Section* accepted_section(const OfferPlan& plan, int payload) {
  const auto found = std::find_if(plan.sections.begin(), plan.sections.end(),
                                  [&](const Section& s) { return s.take == Take::accept && s.payload == payload; });
  return found == plan.sections.end() ? nullptr : &*found;
}

// ---- signals; all on threads of GStreamer

using State = WhipSession::State;

/// Sources for which rtpbin makes a jitter buffer with its threads, before any probe of ours sees a packet of theirs.
/// (thread_cost.hpp.) More than the packet log lets send: one too many must still be noticed.
static_assert(max_streams > PacketLog::max_sources);

/// No sender comes round to the number of a packet of theirs that may still be on its way here.
static_assert(max_packets_per_second * (ArrivalRing::wrap_ns + media_pace_window_ns) / 1'000'000'000 < 65536);

void on_gathering_state(GstElement* webrtc, GParamSpec*, gpointer data) {
  GstWebRTCICEGatheringState gathering{};
  g_object_get(webrtc, "ice-gathering-state", &gathering, nullptr);
  if (gathering != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
  const Held<State> state(data);
  const std::scoped_lock lock(state->mutex);
  state->gathered = true;
  state->gathered_changed.notify_all();
}

/// `pc.close()` in a browser shows here within 4 ms; webrtcbin's own connection-state never changes.
void on_dtls_state(GObject* transport, GParamSpec*, gpointer data) {
  GstWebRTCDTLSTransportState dtls{};
  g_object_get(transport, "state", &dtls, nullptr);
  if (dtls == GST_WEBRTC_DTLS_TRANSPORT_STATE_CLOSED) {
    Held<State>(data)->gone("the publisher closed the connection", Ending::goodbye);
  }
  if (dtls == GST_WEBRTC_DTLS_TRANSPORT_STATE_FAILED) Held<State>(data)->gone("the DTLS handshake failed");
}

/// Notes a packet's arrival. Packets of what was not accepted go no further, not even into the jitter buffer: a sender
/// that ignores "inactive" would otherwise break its pipeline on an unlinked pad.
GstPadProbeReturn before_jitterbuffer(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<State> state(data);
  // Nothing before the jitter buffer makes lists; one would pass without arrivals, and so never be written.
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) return GST_PAD_PROBE_DROP;
  if (state->brings_too_much(GST_PAD_PROBE_INFO_BUFFER(info))) return GST_PAD_PROBE_DROP;
  const PacketName packet = packet_name(GST_PAD_PROBE_INFO_BUFFER(info));
  if (accepted_section(state->plan, packet.payload) == nullptr) return GST_PAD_PROBE_DROP;
  const Noted noted = state->packets->arrived(packet, monotonic_ns());
  if (noted == Noted::first_ever) state->hooks.on_connected();
  if (noted == Noted::too_many_sources) {
    state->gone("the publisher sends from too many sources");
    return GST_PAD_PROBE_DROP;  // it would have no arrival, and cost a jitter buffer's memory
  }
  return GST_PAD_PROBE_OK;
}

/// Reports (RTCP) count as what a publisher sends; nothing comes of those that invent sources.
GstPadProbeReturn before_reports(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<State> state(data);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) return GST_PAD_PROBE_DROP;
  GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
  if (state->brings_too_much(packet)) return GST_PAD_PROBE_DROP;
  const Reports reports = state->reporters.add(packet);
  if (reports == Reports::too_many_sources) state->gone("its reports name too many sources");
  return reports == Reports::bearable ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

void on_rtpbin_pad(GstElement*, GstPad* pad, gpointer data) {
  const auto name = GstPtr<gchar>::adopt(gst_pad_get_name(pad));
  if (std::string_view(name.get()).starts_with("recv_rtcp_sink_"))
    watch(pad, before_reports, Held<State>(data).shared());
}

/// What comes from the network and names too many sources goes no further. Nobody is ended for it, because it may be
/// forged; it is told, because it may be what somebody says.
GstPadProbeReturn before_decryption(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<State> state(data);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) return GST_PAD_PROBE_DROP;
  const Admitted admitted = state->sources.add(GST_PAD_PROBE_INFO_BUFFER(info));
  if (admitted == Admitted::too_many_sources && !state->is_told_of_sources.exchange(true)) state->hooks.on_left_out();
  return admitted == Admitted::yes ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

void on_element_added(GstBin*, GstBin*, GstElement* element, gpointer data) {
  const GstElementFactory* factory = gst_element_get_factory(element);
  if (factory == nullptr || std::string_view(GST_OBJECT_NAME(factory)) != "dtlssrtpdec") return;
  ++Held<State>(data)->transports;
  const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(element, "sink"));
  watch(pad.get(), before_decryption, Held<State>(data).shared());
}

void on_new_jitterbuffer(GstElement*, GstElement* jitterbuffer, guint, guint, gpointer data) {
  // By default it reckons when the next packet is due, asks for it again, gives it up, and drops it when it comes: the
  // first packet after every pause (a still screen, silence, a busy encoder). Gaps in the numbers are asked for anyway.
  g_object_set(jitterbuffer, "rtx-next-seqnum", FALSE, nullptr);
  const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(jitterbuffer, "sink"));
  watch(pad.get(), before_jitterbuffer, Held<State>(data).shared());
}

/// The section that a pad's packets belong to, by their payload type. Not by the pad's transceiver: for senders that
/// name no SSRC in their offer webrtcbin 1.22 sometimes gives the picture's pad to the sound's transceiver and the
/// other way round.
const Section* section_of(const State& state, GstPad* pad) {
  auto caps = GstPtr<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  if (!caps) caps = GstPtr<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
  int payload = -1;
  if (!caps || gst_caps_get_size(caps.get()) == 0) return nullptr;
  if (!gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "payload", &payload)) return nullptr;
  return accepted_section(state.plan, payload);
}

void on_pad_added(GstElement*, GstPad* pad, gpointer data) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  const Held<State> state(data);
  const Section* section = section_of(*state, pad);
  if (section == nullptr) {
    state->gone("webrtcbin shows media that was not accepted");  // its packets are dropped before the jitter buffer
    return;
  }
  BranchPlan plan;
  plan.section = *section;
  plan.packets = state->packets;
  plan.unfinished = state->unfinished;
  // Plain pointer: the branch's closures belong to elements of the pipeline, which dies before the state (close()).
  State* raw = &*state;
  plan.on_frame = [raw](Frame&& frame) {
    if (!raw->closed.load(std::memory_order_relaxed)) raw->hooks.on_frame(std::move(frame));
  };
  plan.on_loss = [raw, video = section->stream == Stream::video] {
    if (video && !raw->closed.load(std::memory_order_relaxed)) raw->hooks.on_loss();
  };
  plan.on_endless = [raw] { raw->gone("it sent a picture that never ends"); };
  if (section->stream == Stream::video) {
    const std::scoped_lock lock(state->mutex);
    state->video_pads.push_back(GstPtr<GstPad>::share(pad));
  }
  if (grow_branch(state->pipeline.get(), pad, std::move(plan)) == Grown::failed) {
    state->gone("its media cannot be linked to a depayloader");
  }
}

/// No main loop: errors are read where they are posted. Every other message is dropped here.
GstBusSyncReply on_bus_message(GstBus*, GstMessage* message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GstPtr<GError> error;
    gst_message_parse_error(message, error.out(), nullptr);
    Held<State>(data)->gone(std::string("pipeline error: ") + (error ? error->message : "unknown"));
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

// ---- set-up, on the queue for answers

Result<void> build(const std::shared_ptr<State>& state, const Config& config) {
  state->pace.emplace(config.max_bytes_per_second);
  state->pipeline = GstPtr<GstElement>::ref_sink(gst_pipeline_new(nullptr));
  state->webrtc = GstPtr<GstElement>::ref_sink(gst_element_factory_make("webrtcbin", nullptr));
  if (!state->pipeline || !state->webrtc) return failed("webrtcbin cannot be made");
  GstElement* webrtc = state->webrtc.get();
  g_object_set(webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency",
               static_cast<guint>(config.latency.count()), nullptr);
  gst_bin_add(GST_BIN(state->pipeline.get()), webrtc);
  // The system clock is CLOCK_MONOTONIC, the one that permits use.
  const auto clock = GstPtr<GstClock>::adopt(gst_system_clock_obtain());
  gst_pipeline_use_clock(GST_PIPELINE(state->pipeline.get()), clock.get());

  const auto bus = GstPtr<GstBus>::adopt(gst_element_get_bus(state->pipeline.get()));
  gst_bus_set_sync_handler(bus.get(), on_bus_message, hold(state), let_go<State>);

  BOOST_OUTCOME_TRY(configure_ice(webrtc, config));
  const auto rtpbin = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin"));
  if (!rtpbin) return failed("webrtcbin has no rtpbin");
  g_object_set(rtpbin.get(), "add-reference-timestamp-meta", TRUE, "max-streams", guint{max_streams}, nullptr);
  connect(rtpbin.get(), "new-jitterbuffer", on_new_jitterbuffer, state);
  connect(rtpbin.get(), "pad-added", on_rtpbin_pad, state);
  connect(webrtc, "deep-element-added", on_element_added, state);
  connect(webrtc, "pad-added", on_pad_added, state);
  connect(webrtc, "notify::ice-gathering-state", on_gathering_state, state);
  if (gst_element_set_state(state->pipeline.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    return failed("it does not start");
  }
  return boost::outcome_v2::success();
}

/// The transports exist once the offer is set. With max-bundle all sections share one; watching each costs nothing.
void watch_transport(GstWebRTCRTPTransceiver* transceiver, const std::shared_ptr<State>& state) {
  GstPtr<GstWebRTCRTPReceiver> receiver;
  g_object_get(transceiver, "receiver", receiver.out(), nullptr);
  if (!receiver) return;
  GstPtr<GstWebRTCDTLSTransport> transport;
  g_object_get(receiver.get(), "transport", transport.out(), nullptr);
  if (transport) connect(transport.get(), "notify::state", on_dtls_state, state);
}

void watch_transports(const std::shared_ptr<State>& state) {
  GArray* list = nullptr;
  g_signal_emit_by_name(state->webrtc.get(), "get-transceivers", &list);
  if (list == nullptr) return;
  for (guint i = 0; i < list->len; ++i) {
    watch_transport(g_array_index(list, GstWebRTCRTPTransceiver*, i), state);
  }
  g_array_unref(list);
}

Error no_port() {
  return Error{Errc::no_port,
               "No port for media could be opened: all of udp_port_min to udp_port_max may be taken, or a configured "
               "address is gone. Try again later."};
}

Result<void> await_candidates(State& state) {
  std::unique_lock lock(state.mutex);
  if (!state.gathered_changed.wait_for(lock, webrtc_step_timeout, [&] { return state.gathered; })) {
    // libnice says nothing more when it can bind no port.
    return no_port();
  }
  return boost::outcome_v2::success();
}

Result<void> negotiate(const std::shared_ptr<State>& state, std::string_view offer) {
  GstElement* webrtc = state->webrtc.get();
  BOOST_OUTCOME_TRY(const ReadOffer offered, read_offer(offer));
  state->candidates = offered.candidates;
  add_transceivers(webrtc, state->plan);
  BOOST_OUTCOME_TRY(describe(webrtc, "set-remote-description", offered.description.get()));
  BOOST_OUTCOME_TRY(const auto created, describe(webrtc, "create-answer", nullptr));
  GstPtr<GstWebRTCSessionDescription> answer;
  gst_structure_get(gst_promise_get_reply(created.get()), "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, answer.out(),
                    nullptr);
  if (!answer) return failed("create-answer gave no answer");
  BOOST_OUTCOME_TRY(describe(webrtc, "set-local-description", answer.get()));
  if (state->transports > 1)
    return Error{Errc::unsupported, "The offer's sections are not all in one bundle (RFC 9725)."};
  watch_transports(state);
  BOOST_OUTCOME_TRY(await_candidates(*state));
  BOOST_OUTCOME_TRY(state->sdp, local_description(webrtc));
  if (state->sdp.find("a=candidate:") == std::string::npos) return no_port();
  widen_rtcp(webrtc);
  return boost::outcome_v2::success();
}

}  // namespace

WhipSession::WhipSession(const OfferPlan& plan, SessionHooks hooks) : state_(std::make_shared<State>()) {
  state_->plan = plan;
  state_->hooks = std::move(hooks);
}

/// The destructor takes the pipeline down, also when a step fails.
Result<void> WhipSession::answer(const Config& config, std::string_view offer) {
  BOOST_OUTCOME_TRY(build(state_, config));
  BOOST_OUTCOME_TRY(negotiate(state_, offer));
  state_->sdp = with_public_addresses(state_->sdp, config.public_addresses);
  return boost::outcome_v2::success();
}

WhipSession::~WhipSession() {
  state_->closed = true;
  if (!state_->pipeline) return;
  gst_element_set_state(state_->pipeline.get(), GST_STATE_NULL);
  taken_over(state_.get());  // from the callbacks: the threads that called them have ended
  const auto bus = GstPtr<GstBus>::adopt(gst_element_get_bus(state_->pipeline.get()));
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  std::vector<GstPtr<GstPad>> pads;
  {
    const std::scoped_lock lock(state_->mutex);
    pads.swap(state_->video_pads);
  }
  // Outside the lock: the last references end GStreamer's own threads, which may be waiting for it.
  pads.clear();
  state_->webrtc = GstPtr<GstElement>();
  state_->pipeline = GstPtr<GstElement>();
}

const std::string& WhipSession::sdp() const {
  return state_->sdp;
}

Result<void> WhipSession::trickle(std::string_view fragment) {
  BOOST_OUTCOME_TRY(const auto candidates, read_fragment(fragment, state_->plan.ice));
  for (const RemoteCandidate& candidate : candidates) {
    if (state_->candidates.fetch_add(1) >= max_candidates) break;
    g_signal_emit_by_name(state_->webrtc.get(), "add-ice-candidate", candidate.section, candidate.text.c_str());
  }
  return boost::outcome_v2::success();
}

void WhipSession::request_keyframe() {
  std::vector<GstPtr<GstPad>> pads;
  {
    const std::scoped_lock lock(state_->mutex);
    for (const auto& pad : state_->video_pads) pads.push_back(GstPtr<GstPad>::share(pad.get()));
  }
  // all_headers FALSE is answered with PLI, TRUE would send FIR.
  for (const auto& pad : pads) {
    gst_pad_send_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, FALSE, 0));
  }
}

std::int64_t WhipSession::last_packet_ns() const noexcept {
  return state_->packets->last_packet_ns();
}

void start_gstreamer() {
  GstPtr<GError> error;
  if (!gst_init_check(nullptr, nullptr, error.out())) {
    throw std::runtime_error(std::string("GStreamer does not start: ") + (error ? error->message : "unknown"));
  }
  struct Need {
    const char* element;
    const char* package;
  };
  constexpr std::array needs{
      Need{"webrtcbin", "gstreamer1.0-plugins-bad"},     Need{"nicesrc", "gstreamer1.0-nice"},
      Need{"dtlsdec", "gstreamer1.0-plugins-bad"},       Need{"srtpdec", "gstreamer1.0-plugins-bad"},
      Need{"rtpbin", "gstreamer1.0-plugins-good"},       Need{"rtpvp8depay", "gstreamer1.0-plugins-good"},
      Need{"rtpvp9depay", "gstreamer1.0-plugins-good"},  Need{"rtph264depay", "gstreamer1.0-plugins-good"},
      Need{"rtpopusdepay", "gstreamer1.0-plugins-good"}, Need{"appsink", "gstreamer1.0-plugins-base"}};
  for (const Need& need : needs) {
    GstElementFactory* factory = gst_element_factory_find(need.element);
    if (factory == nullptr) {
      throw std::runtime_error(std::string("The GStreamer element ") + need.element + " is missing: install " +
                               need.package);
    }
    gst_object_unref(factory);
  }
}

}  // namespace unavoce::recorder
