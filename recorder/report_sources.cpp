#include "recorder/report_sources.hpp"

#include <gst/rtp/gstrtcpbuffer.h>

#include <vector>

namespace unavoce::recorder {
namespace {

using Sources = std::vector<std::uint32_t>;

/// A description names any number of sources.
void describe(GstRTCPPacket& packet, Sources& sources) {
  for (gboolean more = gst_rtcp_packet_sdes_first_item(&packet); more != FALSE;
       more = gst_rtcp_packet_sdes_next_item(&packet)) {
    sources.push_back(gst_rtcp_packet_sdes_get_ssrc(&packet));
  }
}

void note(GstRTCPPacket& packet, Sources& sources) {
  guint32 sender = 0;
  switch (gst_rtcp_packet_get_type(&packet)) {
    case GST_RTCP_TYPE_SR:
      gst_rtcp_packet_sr_get_sender_info(&packet, &sender, nullptr, nullptr, nullptr, nullptr);
      break;
    case GST_RTCP_TYPE_RR:
      sender = gst_rtcp_packet_rr_get_ssrc(&packet);
      break;
    case GST_RTCP_TYPE_RTPFB:
    case GST_RTCP_TYPE_PSFB:
      sender = gst_rtcp_packet_fb_get_sender_ssrc(&packet);
      break;
    case GST_RTCP_TYPE_APP:
      sender = gst_rtcp_packet_app_get_ssrc(&packet);
      break;
    case GST_RTCP_TYPE_XR:
      sender = gst_rtcp_packet_xr_get_ssrc(&packet);
      break;
    case GST_RTCP_TYPE_SDES:
      return describe(packet, sources);
    case GST_RTCP_TYPE_BYE:  // before it was decrypted it made a stream of the first one
      sender = gst_rtcp_packet_bye_get_nth_ssrc(&packet, 0);
      break;
    default:
      return;
  }
  sources.push_back(sender);
}

}  // namespace

Reports ReportSources::add(GstBuffer* packet) {
  if (gst_buffer_get_size(packet) == 0 || gst_rtcp_buffer_validate_reduced(packet) == FALSE) return Reports::malformed;
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  if (gst_rtcp_buffer_map(packet, GST_MAP_READ, &rtcp) == FALSE) return Reports::malformed;
  Sources sources;
  GstRTCPPacket part;
  for (gboolean more = gst_rtcp_buffer_get_first_packet(&rtcp, &part); more != FALSE;
       more = gst_rtcp_packet_move_to_next(&part)) {
    note(part, sources);
  }
  gst_rtcp_buffer_unmap(&rtcp);
  const std::scoped_lock lock(mutex_);
  for (const std::uint32_t source : sources) {
    if (known_.size() == max_sources && !known_.contains(source)) return Reports::too_many_sources;
    known_.insert(source);
  }
  return Reports::bearable;
}

}  // namespace unavoce::recorder
