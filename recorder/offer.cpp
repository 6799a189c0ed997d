#include "recorder/offer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>

#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder {
namespace {

constexpr std::string_view transport_cc_uri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
constexpr std::size_t max_sections = 8;

/// A codec we take, as it stands in an offer.
struct KnownCodec {
  Stream stream;
  Codec codec;
  std::string_view encoding;  ///< in upper case
};
constexpr std::array known_codecs{
    KnownCodec{Stream::audio, Codec::opus, "OPUS"}, KnownCodec{Stream::video, Codec::vp8, "VP8"},
    KnownCodec{Stream::video, Codec::vp9, "VP9"},   KnownCodec{Stream::video, Codec::h264, "H264"},
    KnownCodec{Stream::video, Codec::av1, "AV1"},
};

GstPtr<GstSDPMessage> parse(std::string_view sdp) {
  GstPtr<GstSDPMessage> message;
  if (gst_sdp_message_new(message.out()) != GST_SDP_OK) return {};
  const auto* data = reinterpret_cast<const guint8*>(sdp.data());
  if (gst_sdp_message_parse_buffer(data, static_cast<guint>(sdp.size()), message.get()) != GST_SDP_OK) return {};
  return message;
}

bool sends_to_us(const GstSDPMedia* media) {
  const auto has = [&](const char* name) { return gst_sdp_media_get_attribute_val(media, name) != nullptr; };
  // Port 0 says rejected, except with bundle-only, where it says "in the bundle or not at all" (RFC 8843 section 6).
  return !has("recvonly") && !has("inactive") && (gst_sdp_media_get_port(media) != 0 || has("bundle-only"));
}

/// The extmap number under which the sender offers transport-wide congestion control, or nothing. Without that
/// extension in the answer Chromium stays at 300 to 450 kbit/s.
std::string transport_cc_extension(const GstSDPMedia* media) {
  for (guint i = 0; i < gst_sdp_media_attributes_len(media); ++i) {
    const GstSDPAttribute* attribute = gst_sdp_media_get_attribute(media, i);
    if (attribute->value == nullptr || std::string_view(attribute->key) != "extmap") continue;
    const std::string_view value = attribute->value;  // "<id>[/direction] <uri> …"
    const auto space = value.find(' ');
    if (space == std::string_view::npos || !value.substr(space + 1).starts_with(transport_cc_uri)) continue;
    const std::string_view id = value.substr(0, std::min(space, value.find('/')));
    if (id.empty() || id.size() > 3 || !std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    return ", extmap-" + std::string(id) + "=(string)" + std::string(transport_cc_uri);
  }
  return {};
}

/// Preferences for the transceiver: this payload type of the offer, and the feedback we can serve.
std::string preferences(const GstSDPMedia* media, int payload, const KnownCodec& codec) {
  std::string caps = "application/x-rtp, media=(string)";
  caps += codec.stream == Stream::video ? "video, clock-rate=(int)90000" : "audio, clock-rate=(int)48000";
  caps += ", encoding-name=(string)" + std::string(codec.encoding) + ", payload=(int)" + std::to_string(payload);
  if (codec.stream == Stream::video) {
    caps += ", rtcp-fb-nack=(boolean)true, rtcp-fb-nack-pli=(boolean)true, rtcp-fb-ccm-fir=(boolean)true";
  }
  const std::string extension = transport_cc_extension(media);
  if (!extension.empty()) caps += ", rtcp-fb-transport-cc=(boolean)true" + extension;
  return caps;
}

/// Not 64 to 95: with RTP and RTCP on one port they cannot be told from reports (RFC 5761 section 4).
std::optional<int> payload_type(std::string_view format) {
  int payload = -1;
  const auto [end, failed] = std::from_chars(format.data(), format.data() + format.size(), payload);
  if (failed != std::errc{} || end != format.data() + format.size() || payload < 0 || payload > 127)
    return std::nullopt;
  if (payload >= 64 && payload <= 95) return std::nullopt;
  return payload;
}

/// What the offer's format parameters say of a codec. H.264 (RFC 6184 section 5.4): one NAL unit per packet, or
/// aggregated and fragmented in order; the depayloader cannot bring interleaved ones (2) back into order. AV1: profile
/// 0, which is meant when none is named; not every browser plays the others.
bool has_known_form(const GstStructure* offered, Codec codec) {
  const auto is_absent_or = [&](const char* parameter, std::string_view values) {
    const char* value = gst_structure_get_string(offered, parameter);
    return value == nullptr || (std::string_view(value).size() == 1 && values.find(value) != std::string_view::npos);
  };
  if (codec == Codec::h264) return is_absent_or("packetization-mode", "01");
  return codec != Codec::av1 || is_absent_or("profile", "0");
}

/// VP8 if it is offered: WebM, which every browser plays. Else the first payload type of the section whose codec we
/// know: the order is the sender's preference (RFC 3264 section 6.1).
void choose(const GstSDPMedia* media, Section& section) {
  for (guint i = 0; i < gst_sdp_media_formats_len(media); ++i) {
    const auto payload = payload_type(gst_sdp_media_get_format(media, i));
    if (!payload) continue;
    const auto caps = GstPtr<GstCaps>::adopt(gst_sdp_media_get_caps_from_media(media, *payload));
    if (!caps || gst_caps_is_empty(caps.get())) continue;
    const GstStructure* offered = gst_caps_get_structure(caps.get(), 0);
    const char* encoding = gst_structure_get_string(offered, "encoding-name");
    if (encoding == nullptr) continue;
    const auto upper = GstPtr<gchar>::adopt(g_ascii_strup(encoding, -1));
    for (const KnownCodec& known : known_codecs) {
      if (known.stream != section.stream || known.encoding != upper.get()) continue;
      const bool better = section.caps.empty() || (known.codec == Codec::vp8 && section.codec != Codec::vp8);
      if (!better || !has_known_form(offered, known.codec)) continue;
      section.codec = known.codec;
      section.payload = *payload;
      section.caps = preferences(media, *payload, known);
    }
  }
}

consent::Kind kind_of(PublishKind publish, Stream stream) {
  if (publish == PublishKind::screen) return consent::Kind::screen;
  return stream == Stream::audio ? consent::Kind::audio : consent::Kind::video;
}

/// Preferences that match whatever the section offers first. webrtcbin answers a section whose transceiver has none
/// with "recvonly", whatever direction the transceiver says; with them it answers "inactive" as told.
std::string any_preferences(const GstSDPMedia* media) {
  for (guint i = 0; i < gst_sdp_media_formats_len(media); ++i) {
    const auto payload = payload_type(gst_sdp_media_get_format(media, i));
    if (!payload) continue;
    const auto caps = GstPtr<GstCaps>::adopt(gst_sdp_media_get_caps_from_media(media, *payload));
    if (!caps || gst_caps_is_empty(caps.get())) continue;
    const GstStructure* offered = gst_caps_get_structure(caps.get(), 0);
    const char* encoding = gst_structure_get_string(offered, "encoding-name");
    int clock_rate = 0;
    if (encoding == nullptr || !gst_structure_get_int(offered, "clock-rate", &clock_rate)) continue;
    const auto bare = GstPtr<GstCaps>::adopt(gst_caps_new_simple(
        "application/x-rtp", "media", G_TYPE_STRING, gst_sdp_media_get_media(media), "encoding-name", G_TYPE_STRING,
        encoding, "clock-rate", G_TYPE_INT, clock_rate, "payload", G_TYPE_INT, *payload, nullptr));
    return GstPtr<gchar>::adopt(gst_caps_to_string(bare.get())).get();
  }
  return {};
}

Section plan_section(const GstSDPMedia* media, PublishKind publish, consent::Scope allowed, const OfferPlan& so_far) {
  Section section;
  const std::string_view type = gst_sdp_media_get_media(media);
  if (type != "audio" && type != "video") {
    section.why = "a section of type " + std::string(type.substr(0, 16)) + " is not taken here";
    return section;
  }
  section.stream = type == "audio" ? Stream::audio : Stream::video;
  section.kind = kind_of(publish, section.stream);
  choose(media, section);
  if (!sends_to_us(media)) {
    section.take = Take::idle;
  } else if (!allowed.contains(section.kind)) {
    section.why = "recording " + std::string(name_of(section.kind)) + " was not approved";
  } else if (section.caps.empty()) {
    section.why =
        section.stream == Stream::audio ? "no Opus in it" : "none of VP8, VP9, H.264 and AV1 (profile 0) in it";
  } else if (accepts(so_far, section.stream)) {
    section.why = "a second stream of one kind; publish it in a session of its own";
  } else {
    section.take = Take::accept;
  }
  if (section.take != Take::accept) section.caps = any_preferences(media);
  return section;
}

/// The mids of the offer's bundle, in order (RFC 9143).
std::vector<std::string> bundle_of(const GstSDPMessage* message) {
  std::vector<std::string> mids;
  for (guint i = 0; const char* group = gst_sdp_message_get_attribute_val_n(message, "group", i); ++i) {
    std::istringstream words{std::string(group)};
    std::string word;
    if (!(words >> word) || word != "BUNDLE") continue;
    while (words >> word) mids.push_back(word);
    break;
  }
  return mids;
}

OfferedIce ice_of(const GstSDPMessage* message) {
  OfferedIce ice;
  const auto note_ufrag = [&](const char* ufrag) {
    if (ufrag != nullptr) ice.ufrags.insert(ufrag);
  };
  note_ufrag(gst_sdp_message_get_attribute_val(message, "ice-ufrag"));
  for (guint i = 0; i < gst_sdp_message_medias_len(message); ++i) {
    const GstSDPMedia* media = gst_sdp_message_get_media(message, i);
    note_ufrag(gst_sdp_media_get_attribute_val(media, "ice-ufrag"));
    if (const char* mid = gst_sdp_media_get_attribute_val(media, "mid")) ice.transports.emplace(mid, i);
  }
  const auto bundle = bundle_of(message);
  const auto first = bundle.empty() ? ice.transports.end() : ice.transports.find(bundle.front());
  if (first == ice.transports.end()) return ice;
  const unsigned section = first->second;
  for (const std::string& mid : bundle) {
    if (const auto found = ice.transports.find(mid); found != ice.transports.end()) found->second = section;
  }
  return ice;
}

}  // namespace

std::optional<Codec> accepts(const OfferPlan& plan, Stream stream) {
  for (const Section& section : plan.sections) {
    if (section.take == Take::accept && section.stream == stream) return section.codec;
  }
  return std::nullopt;
}

Result<OfferPlan> plan_offer(std::string_view sdp, PublishKind kind, consent::Scope allowed) {
  if (sdp.size() > max_offer_bytes) {
    return Error{Errc::bad_offer, "The offer is larger than 64 KiB."};
  }
  if (!sdp.starts_with("v=0") || sdp.find('\0') != std::string_view::npos) {
    return Error{Errc::bad_offer, "The offer is no SDP: it does not start with v=0 or contains a zero byte."};
  }
  if (!g_utf8_validate(sdp.data(), static_cast<gssize>(sdp.size()), nullptr)) {
    return Error{Errc::bad_offer, "The offer is no SDP: it is not UTF-8."};
  }
  const auto message = parse(sdp);
  if (!message) return Error{Errc::bad_offer, "The offer cannot be read as SDP."};
  const guint count = gst_sdp_message_medias_len(message.get());
  if (count == 0 || count > max_sections) {
    return Error{Errc::bad_offer, "The offer has " + std::to_string(count) + " media sections; 1 to 8 are read."};
  }
  OfferPlan plan;
  plan.ice = ice_of(message.get());
  std::string reasons;
  for (guint i = 0; i < count; ++i) {
    plan.sections.push_back(plan_section(gst_sdp_message_get_media(message.get(), i), kind, allowed, plan));
    const Section& section = plan.sections.back();
    if (section.take == Take::refuse) reasons += " Section " + std::to_string(i) + ": " + section.why + ".";
  }
  if (!reasons.empty()) {
    return Error{Errc::unsupported, "The offer cannot be taken as a whole; offer only what can be." + reasons};
  }
  if (!accepts(plan, Stream::audio) && !accepts(plan, Stream::video)) {
    return Error{Errc::unsupported, "Nothing is sent in the offer."};
  }
  return plan;
}

}  // namespace unavoce::recorder
