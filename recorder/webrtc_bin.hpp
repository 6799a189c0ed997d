// What one does to a webrtcbin: settings that were measured to work, and its promises with a bound on waiting.
// Owner: functions over a pipeline that a WhipSession owns. Thread: an ingest worker; the ones that return a Result may
// block for up to webrtc_step_timeout. Errors: Errc::pipeline, Errc::bad_offer.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "recorder/config.hpp"
#include "recorder/error.hpp"
#include "recorder/gst_ptr.hpp"
#include "recorder/offer.hpp"

namespace unavoce::recorder {

/// Of one negotiation step; usual are 1 to 20 ms.
inline constexpr std::chrono::seconds webrtc_step_timeout{5};

/// An error of this publisher's pipeline.
Error failed(std::string what);

/// Before PLAYING: libnice by default sends SSDP multicast and costs 200 ms, and never gathers loopback by itself.
Result<void> configure_ice(GstElement* webrtc, const Config& config);

/// What we take of each section, and how. webrtcbin makes transceivers for an offer only inside create-answer, as
/// "recvonly" whatever on-new-transceiver says; ones that exist before are matched to the sections by their codec, in
/// order.
void add_transceivers(GstElement* webrtc, const OfferPlan& plan);

/// Emits an action signal that takes an argument and a promise, and waits for the reply.
Result<GstPtr<GstPromise>> describe(GstElement* webrtc, const char* signal, gpointer argument);

/// What webrtcbin is told of an offer.
struct ReadOffer {
  GstPtr<GstWebRTCSessionDescription> description;
  unsigned candidates = 0;  ///< that are left in it
};

/// Reads an offer for webrtcbin, without the candidates that we do not use: names it would look up (`….local`, by mDNS
/// or a name server), and more than `max_candidates` of them it would all try.
Result<ReadOffer> read_offer(std::string_view text);

/// The answer with its candidates, once they are gathered.
Result<std::string> local_description(GstElement* webrtc);

/// RTCP may use what NACKs need: with the default share 6 to 15 video packets per 12 s stay lost at 5 % loss, with this
/// none.
void widen_rtcp(GstElement* webrtc);

}  // namespace unavoce::recorder
