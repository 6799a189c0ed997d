// Whom reports name as their senders: real ones are few, and invented ones are noticed.
#include "recorder/report_sources.hpp"

#include <gst/rtp/gstrtcpbuffer.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <vector>

using namespace unavoce::recorder;

namespace {

using Fill = std::function<void(GstRTCPBuffer&)>;

Reports add(ReportSources& sources, const Fill& fill) {
  GstBuffer* packet = gst_rtcp_buffer_new(1400);
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  REQUIRE(gst_rtcp_buffer_map(packet, GST_MAP_READWRITE, &rtcp));
  fill(rtcp);
  gst_rtcp_buffer_unmap(&rtcp);
  const Reports reports = sources.add(packet);
  gst_buffer_unref(packet);
  return reports;
}

void sender_report(GstRTCPBuffer& rtcp, guint32 ssrc) {
  GstRTCPPacket packet;
  REQUIRE(gst_rtcp_buffer_add_packet(&rtcp, GST_RTCP_TYPE_SR, &packet));
  gst_rtcp_packet_sr_set_sender_info(&packet, ssrc, 1, 2, 3, 4);
}

void receiver_report(GstRTCPBuffer& rtcp, guint32 ssrc) {
  GstRTCPPacket packet;
  REQUIRE(gst_rtcp_buffer_add_packet(&rtcp, GST_RTCP_TYPE_RR, &packet));
  gst_rtcp_packet_rr_set_ssrc(&packet, ssrc);
}

void feedback(GstRTCPBuffer& rtcp, guint32 ssrc) {
  GstRTCPPacket packet;
  REQUIRE(gst_rtcp_buffer_add_packet(&rtcp, GST_RTCP_TYPE_PSFB, &packet));
  gst_rtcp_packet_fb_set_type(&packet, GST_RTCP_PSFB_TYPE_PLI);
  gst_rtcp_packet_fb_set_sender_ssrc(&packet, ssrc);
}

void farewell(GstRTCPBuffer& rtcp, guint32 ssrc) {
  GstRTCPPacket packet;
  REQUIRE(gst_rtcp_buffer_add_packet(&rtcp, GST_RTCP_TYPE_BYE, &packet));
  REQUIRE(gst_rtcp_packet_bye_add_ssrc(&packet, ssrc));
}

/// A receiver report by 1, and a description of so many sources from `first` on. By hand: GStreamer 1.22 writes several
/// over one another.
Reports add_described(ReportSources& sources, int first, int count) {
  const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
  std::vector<std::uint8_t> bytes{0x80, GST_RTCP_TYPE_RR, 0, 1, 0, 0, 0, 1};
  bytes.insert(bytes.end(), {byte(0x80 + count), GST_RTCP_TYPE_SDES, 0, byte(2 * count)});
  for (int i = 0; i < count; ++i) bytes.insert(bytes.end(), {0, 0, 0, byte(first + i), GST_RTCP_SDES_CNAME, 1, 'x', 0});
  GstBuffer* packet = gst_buffer_new_memdup(bytes.data(), bytes.size());
  const Reports reports = sources.add(packet);
  gst_buffer_unref(packet);
  return reports;
}

}  // namespace

TEST_CASE("the same few sources may report for as long as they like") {
  ReportSources sources;
  for (int round = 0; round < 1000; ++round) {
    REQUIRE(add(sources, [](GstRTCPBuffer& rtcp) {
              sender_report(rtcp, 7);
              feedback(rtcp, 8);
            }) == Reports::bearable);
    REQUIRE(add(sources, [](GstRTCPBuffer& rtcp) { receiver_report(rtcp, 1); }) == Reports::bearable);
    REQUIRE(add_described(sources, 7, 2) == Reports::bearable);
  }
}

TEST_CASE("sources beyond the limit are too many, whatever kind of report names them, and those before stay known") {
  ReportSources sources;
  for (guint32 ssrc = 1; ssrc <= ReportSources::max_sources; ++ssrc)
    REQUIRE(add(sources, [&](GstRTCPBuffer& rtcp) { sender_report(rtcp, ssrc); }) == Reports::bearable);
  CHECK(add(sources, [](GstRTCPBuffer& rtcp) { sender_report(rtcp, 99); }) == Reports::too_many_sources);
  CHECK(add(sources, [](GstRTCPBuffer& rtcp) { receiver_report(rtcp, 99); }) == Reports::too_many_sources);
  CHECK(add(sources, [](GstRTCPBuffer& rtcp) { farewell(rtcp, 99); }) == Reports::too_many_sources);
  CHECK(add(sources, [](GstRTCPBuffer& rtcp) { farewell(rtcp, 1); }) == Reports::bearable);
  CHECK(add(sources, [](GstRTCPBuffer& rtcp) {
          receiver_report(rtcp, 1);
          feedback(rtcp, 99);
        }) == Reports::too_many_sources);
  CHECK(add_described(sources, 99, 1) == Reports::too_many_sources);
  CHECK(add_described(sources, 1, 16) == Reports::bearable);
}

TEST_CASE("one packet can name too many sources") {
  ReportSources sources;
  CHECK(add_described(sources, 1, 17) == Reports::too_many_sources);
}

TEST_CASE("what is no report is none") {
  ReportSources sources;
  GstBuffer* packet = gst_buffer_new_memdup("\x80\xc8\x00\xff rubbish", 12);
  CHECK(sources.add(packet) == Reports::malformed);
  gst_buffer_unref(packet);
  GstBuffer* nothing = gst_buffer_new();
  CHECK(sources.add(nothing) == Reports::malformed);
  gst_buffer_unref(nothing);
}
