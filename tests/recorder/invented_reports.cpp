#include "invented_reports.hpp"

#include <stdexcept>

#include "recorder/gst_signal.hpp"

namespace unavoce::recorder::test {
namespace {

/// The sender's SSRC of an RTCP packet (RFC 3550 section 6.4.1).
constexpr gsize ssrc_offset = 4;

GstBuffer* from_another_source(GstBuffer* report, int number) {
  GstBuffer* copy = gst_buffer_copy_deep(report);
  const guint32 ssrc = g_htonl(0xabcd0000U + static_cast<guint32>(number));
  gst_buffer_fill(copy, ssrc_offset, &ssrc, sizeof ssrc);
  return copy;
}

GstPadProbeReturn behind_session(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  const Held<InventedReports> reports(data);
  if (reports->is_sending || reports->wanted == 0) return GST_PAD_PROBE_OK;
  GstBuffer* report = GST_PAD_PROBE_INFO_BUFFER(info);
  reports->is_sending = true;  // they come by here as well
  for (int left = reports->wanted.exchange(0); left > 0; --left) {
    gst_pad_push(pad, from_another_source(report, left));
    ++reports->sent;
  }
  reports->is_sending = false;
  return GST_PAD_PROBE_OK;
}

}  // namespace

void InventedReports::attach(const std::shared_ptr<InventedReports>& reports, GstElement* webrtc) {
  const auto rtpbin = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin"));
  const auto pad =
      GstPtr<GstPad>::adopt(rtpbin ? gst_element_get_static_pad(rtpbin.get(), "send_rtcp_src_0") : nullptr);
  if (!pad) throw std::runtime_error("the publisher has no RTCP session");
  watch(pad.get(), behind_session, reports);
}

}  // namespace unavoce::recorder::test
