#include "recorder/webrtc_bin.hpp"

#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "recorder/gst_signal.hpp"
#include "recorder/trickle.hpp"

namespace unavoce::recorder {
namespace {

GstPtr<GObject> child_object(gpointer object, const char* property) {
  GstPtr<GObject> child;
  g_object_get(object, property, child.out(), nullptr);
  return child;
}

using Reply = std::promise<void>;

/// A GstPromise that tells a future of its reply, so that waiting can be bounded.
GstPtr<GstPromise> promise_for(const std::shared_ptr<Reply>& reply) {
  return GstPtr<GstPromise>::adopt(gst_promise_new_with_change_func(
      [](GstPromise*, gpointer d) { Held<Reply>(d)->set_value(); }, hold(reply), let_go<Reply>));
}

Result<GstPtr<GstPromise>> await(const std::future<void>& replied, GstPtr<GstPromise> promise, const char* step) {
  if (replied.wait_for(webrtc_step_timeout) != std::future_status::ready)
    return failed(std::string(step) + " took too long");
  const GstStructure* reply = gst_promise_get_reply(promise.get());
  if (gst_promise_wait(promise.get()) != GST_PROMISE_RESULT_REPLIED)
    return failed(std::string(step) + " was cut short");
  GstPtr<GError> error;
  if (reply != nullptr && gst_structure_has_field(reply, "error")) {
    gst_structure_get(reply, "error", G_TYPE_ERROR, error.out(), nullptr);
    return failed(std::string(step) + ": " + (error ? error->message : "unknown"));
  }
  return promise;
}

bool is_candidate(const GstSDPAttribute* attribute) {
  return attribute->key != nullptr && std::string_view(attribute->key) == "candidate";
}

/// Removes candidates from the sections, and all that stand above them, where none belongs; gives how many are left.
unsigned keep_usable_candidates(GstSDPMessage* sdp) {
  for (guint i = gst_sdp_message_attributes_len(sdp); i-- > 0;) {
    if (is_candidate(gst_sdp_message_get_attribute(sdp, i))) gst_sdp_message_remove_attribute(sdp, i);
  }
  unsigned kept = 0;
  for (guint section = 0; section < gst_sdp_message_medias_len(sdp); ++section) {
    // Its sections are the message's own, also through a pointer to const.
    auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(sdp, section));
    for (guint i = 0; i < gst_sdp_media_attributes_len(media);) {
      const GstSDPAttribute* attribute = gst_sdp_media_get_attribute(media, i);
      if (!is_candidate(attribute)) {
        ++i;
      } else if (kept < max_candidates && attribute->value != nullptr && is_usable_candidate(attribute->value)) {
        ++kept;
        ++i;
      } else {
        gst_sdp_media_remove_attribute(media, i);
      }
    }
  }
  return kept;
}

}  // namespace

Error failed(std::string what) {
  return Error{Errc::pipeline, "The WebRTC pipeline of this publisher failed: " + std::move(what)};
}

Result<void> configure_ice(GstElement* webrtc, const Config& config) {
  const auto ice = child_object(webrtc, "ice-agent");
  const auto nice = ice ? child_object(ice.get(), "agent") : GstPtr<GObject>();
  if (!nice) return failed("no ICE agent");
  g_object_set(nice.get(), "upnp", FALSE, "ice-tcp", FALSE, nullptr);
  if (config.max_port != 0) {
    g_object_set(ice.get(), "min-rtp-port", guint{config.min_port}, "max-rtp-port", guint{config.max_port}, nullptr);
  }
  for (const std::string& address : config.addresses) {
    gboolean added = FALSE;
    g_signal_emit_by_name(ice.get(), "add-local-ip-address", address.c_str(), &added);
    if (!added) return failed("the configured address " + address + " is not an address of this machine");
  }
  return boost::outcome_v2::success();
}

void add_transceivers(GstElement* webrtc, const OfferPlan& plan) {
  for (const Section& section : plan.sections) {
    if (section.caps.empty()) continue;
    const auto direction = section.take == Take::accept ? GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY
                                                        : GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_INACTIVE;
    const auto caps = GstPtr<GstCaps>::adopt(gst_caps_from_string(section.caps.c_str()));
    GstPtr<GstWebRTCRTPTransceiver> transceiver;
    g_signal_emit_by_name(webrtc, "add-transceiver", direction, caps.get(), transceiver.out());
    if (transceiver) g_object_set(transceiver.get(), "do-nack", TRUE, nullptr);
  }
}

Result<GstPtr<GstPromise>> describe(GstElement* webrtc, const char* signal, gpointer argument) {
  const auto reply = std::make_shared<Reply>();
  const auto replied = reply->get_future();
  auto promise = promise_for(reply);
  g_signal_emit_by_name(webrtc, signal, argument, promise.get());
  return await(replied, std::move(promise), signal);
}

Result<ReadOffer> read_offer(std::string_view text) {
  GstPtr<GstSDPMessage> sdp;
  const auto* bytes = reinterpret_cast<const guint8*>(text.data());
  if (gst_sdp_message_new(sdp.out()) != GST_SDP_OK ||
      gst_sdp_message_parse_buffer(bytes, static_cast<guint>(text.size()), sdp.get()) != GST_SDP_OK) {
    return Error{Errc::bad_offer, "The offer cannot be read as SDP."};
  }
  // In what GStreamer has read, not in the text: it reads lines, spaces and line ends in ways of its own.
  ReadOffer offered;
  offered.candidates = keep_usable_candidates(sdp.get());
  offered.description = GstPtr<GstWebRTCSessionDescription>::adopt(
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, sdp.release()));
  return offered;
}

Result<std::string> local_description(GstElement* webrtc) {
  GstPtr<GstWebRTCSessionDescription> local;
  g_object_get(webrtc, "local-description", local.out(), nullptr);
  if (!local) return failed("no local description");
  const auto text = GstPtr<gchar>::adopt(gst_sdp_message_as_text(local->sdp));
  return std::string(text.get());
}

void widen_rtcp(GstElement* webrtc) {
  const auto rtpbin = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin"));
  for (guint id = 0; id < 8; ++id) {
    GstPtr<GObject> session;
    g_signal_emit_by_name(rtpbin.get(), "get-internal-session", id, session.out());
    if (session) g_object_set(session.get(), "bandwidth", 2e6, nullptr);
  }
}

}  // namespace unavoce::recorder
