#include "recorder/wire_sources.hpp"

#include <gst/rtp/gstrtcpbuffer.h>
#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>
#include <array>
#include <vector>

namespace unavoce::recorder {
namespace {

using Sources = std::vector<std::uint32_t>;

/// The fields of both kinds of packet that are never encrypted (RFC 3711 sections 3.1 and 3.4).
using Head = std::array<std::uint8_t, 8>;

bool is_rtp_or_rtcp(const Head& head) {
  return head[0] >= 128 && head[0] <= 191;
}

/// Where the source is that srtpdec takes: it looks for these kinds, and goes on to the next packet behind any other,
/// which is encrypted, so that anything could stand there.
bool is_known_report(std::uint8_t type) {
  constexpr std::array known{GST_RTCP_TYPE_SR,  GST_RTCP_TYPE_RR,    GST_RTCP_TYPE_BYE,
                             GST_RTCP_TYPE_APP, GST_RTCP_TYPE_RTPFB, GST_RTCP_TYPE_PSFB};
  return std::ranges::find(known, static_cast<GstRTCPType>(type)) != known.end();
}

bool is_media(std::uint8_t type) {
  const int payload = type & 0x7f;
  return payload < 64 || payload > 95;
}

/// False if it is no RTP packet: srtpdec would take it for RTCP then.
bool read_media(GstBuffer* packet, Sources& sources) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  const auto flags =
      static_cast<GstMapFlags>(static_cast<int>(GST_MAP_READ) | static_cast<int>(GST_RTP_BUFFER_MAP_FLAG_SKIP_PADDING));
  if (gst_rtp_buffer_map(packet, flags, &rtp) == FALSE) return false;
  sources.push_back(gst_rtp_buffer_get_ssrc(&rtp));
  for (guint8 i = 0; i < gst_rtp_buffer_get_csrc_count(&rtp); ++i) {
    sources.push_back(gst_rtp_buffer_get_csrc(&rtp, i));
  }
  gst_rtp_buffer_unmap(&rtp);
  return true;
}

}  // namespace

Admitted WireSources::add(GstBuffer* datagram) {
  Head head{};
  const bool is_cut_off = gst_buffer_extract(datagram, 0, head.data(), head.size()) != head.size();
  if (!is_rtp_or_rtcp(head)) return Admitted::yes;
  if (is_cut_off) return Admitted::unclear;
  Sources sources;
  if (is_known_report(head[1])) {
    sources.push_back(std::uint32_t{head[4]} << 24 | std::uint32_t{head[5]} << 16 | std::uint32_t{head[6]} << 8 |
                      head[7]);
  } else if (!is_media(head[1]) || !read_media(datagram, sources)) {
    return Admitted::unclear;
  }
  const std::scoped_lock lock(mutex_);
  const std::set<std::uint32_t> named(sources.begin(), sources.end());
  const auto fresh = std::ranges::count_if(named, [&](const std::uint32_t one) { return !known_.contains(one); });
  if (known_.size() + static_cast<std::size_t>(fresh) > max_sources) return Admitted::too_many_sources;
  known_.insert(named.begin(), named.end());
  return Admitted::yes;
}

}  // namespace unavoce::recorder
