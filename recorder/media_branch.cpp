#include "recorder/media_branch.hpp"

#include <gst/app/gstappsink.h>
#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>
#include <array>
#include <span>

#include "recorder/av1.hpp"
#include "recorder/av1_depacketizer.hpp"
#include "recorder/frame_arrivals.hpp"
#include "recorder/gst_signal.hpp"
#include "recorder/h264.hpp"

namespace unavoce::recorder {
namespace {

/// When a frame is shown, and when it was captured by its sender's clock if that is known.
struct Stamp {
  std::optional<std::int64_t> pts_ns;
  std::optional<std::int64_t> ntp_ns;
};

/// State of one branch. Probe and callback run on the same streaming thread: the depayloader pushes a frame out from
/// within the call that brought its last packet. So no lock.
struct Branch {
  BranchPlan plan;
  GstElement* pipeline = nullptr;  // owns us, through the closures of its elements

  std::shared_ptr<const ArrivalRing> ring;
  std::optional<std::uint32_t> ssrc;
  std::uint16_t next_seq = 0;
  bool started = false;
  bool ended = false;  // VP8 and VP9: the latest packet had the marker
  FrameArrivals arrivals;
  H264ParameterSets parameter_sets;
  Av1Depacketizer av1;
  Stamp stamp;  // of the latest AV1 packet
  Unfinished unfinished;
  bool given_up = false;  // it sent a frame without an end
};

void note_source(Branch& branch, const PacketName& packet) {
  const bool is_the_same = branch.ssrc == packet.ssrc;
  if (!is_the_same || !branch.ring) branch.ring = branch.plan.packets->ring(packet.ssrc);
  if (is_the_same) return;
  branch.ssrc = packet.ssrc;
  branch.started = branch.ended = false;
  branch.arrivals.restart();
  branch.av1.restart();
}

void note_packet(Branch& branch, GstBuffer* buffer) {
  const PacketName packet = packet_name(buffer);
  note_source(branch, packet);
  const std::int64_t arrival_ns = branch.ring ? branch.ring->at(packet.seq) : 0;
  const Codec codec = branch.plan.section.codec;
  const int ahead = branch.started ? static_cast<std::int16_t>(packet.seq - branch.next_seq) : 0;
  // rtpbasedepayload lets nothing through that is so little behind its turn (max-reorder).
  const bool is_late = ahead < 0 && ahead >= -100;
  if (ahead != 0) branch.plan.on_loss();
  if (codec == Codec::vp8 || codec == Codec::vp9) {
    // With the marker these two push their frame out within the call, or drop it (what is no key frame while they wait
    // for one); and they drop what they have when a packet is missing. The H.264 one keeps its picture.
    if (branch.ended || ahead > 0) {
      branch.unfinished.clear(*branch.plan.unfinished);
      branch.arrivals.restart();
    }
    branch.ended = packet.marker && ahead >= 0;
  }
  using Marker = FrameArrivals::Marker;
  branch.arrivals.packet(packet.timestamp, packet.marker ? Marker::present : Marker::absent, arrival_ns);
  branch.started = true;
  if (!is_late) branch.next_seq = static_cast<std::uint16_t>(packet.seq + 1);
}

/// RFC 6184 section 5.4: in the packetization modes that we take a payload is one NAL unit (1 to 23), a STAP-A (24) or
/// an FU-A (28) with something of a NAL unit behind its two headers: of one that is cut off before, GStreamer's
/// depayloader (1.22) reads some gigabytes. It ends the whole pipeline, sound included, over some of the other types.
bool is_h264_payload(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return false;
  const auto* payload = static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp));
  const guint size = gst_rtp_buffer_get_payload_len(&rtp);
  const int type = size == 0 ? 0 : payload[0] & 0x1f;
  gst_rtp_buffer_unmap(&rtp);
  return (type >= 1 && type <= 24) || (type == 28 && size > 2);
}

/// The depayloader complains on standard error about every packet that brings no sound: a log that others can fill.
bool is_opus_payload(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return false;
  const bool has_bytes = gst_rtp_buffer_get_payload_len(&rtp) != 0;
  gst_rtp_buffer_unmap(&rtp);
  return has_bytes;
}

bool is_payload_of(Codec codec, GstBuffer* buffer) {
  if (codec == Codec::h264) return is_h264_payload(buffer);
  if (codec == Codec::opus) return is_opus_payload(buffer);
  return true;
}

/// In how many pieces a depayloader keeps this payload: in none without bytes (padding, as senders use it to probe the
/// network), as a whole, or each NAL unit of a STAP-A (a size of two bytes in front of each).
std::size_t pieces_of(Codec codec, std::span<const guint8> payload) {
  if (payload.empty()) return 0;
  if (codec != Codec::h264 || (payload[0] & 0x1f) != 24) return 1;
  std::size_t pieces = 0;
  for (payload = payload.subspan(1); payload.size() > 2; ++pieces) {
    const std::size_t unit = std::size_t{payload[0]} << 8 | payload[1];
    payload = payload.subspan(2 + std::min(unit, payload.size() - 2));
  }
  return pieces;
}

/// Counts a packet that is about to be kept until its frame is finished.
Holds keep(Branch& branch, GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return Holds::bearable;  // the depayloader drops it, too
  const std::span payload(static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp)),
                          gst_rtp_buffer_get_payload_len(&rtp));
  const std::size_t pieces = pieces_of(branch.plan.section.codec, payload);
  const std::size_t bytes = payload.size();
  gst_rtp_buffer_unmap(&rtp);
  return branch.unfinished.add(*branch.plan.unfinished, bytes, pieces);
}

/// Whether the packet may go on. Beyond the limit none may: the session is about to end, and until then nothing grows.
GstPadProbeReturn take_in(Branch& branch, GstBuffer* packet) {
  if (branch.given_up || !is_payload_of(branch.plan.section.codec, packet)) return GST_PAD_PROBE_DROP;
  if (keep(branch, packet) == Holds::bearable) return GST_PAD_PROBE_OK;
  branch.given_up = true;
  branch.plan.on_endless();
  return GST_PAD_PROBE_DROP;
}

GstPadProbeReturn before_depayloader(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<Branch> branch(data);
  taken_over(&*branch);  // from new_sample: both are called under the pad's stream lock
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
    taken_over(packet);  // from whoever made it, where that was code of ours
    note_packet(*branch, packet);
    return take_in(*branch, packet);
  }
  // A list would be depayloaded as a whole after this call: its frames' arrivals could not be told apart. Nothing in
  // this path makes lists; refuse rather than guess.
  return GST_PAD_PROBE_DROP;
}

Stamp stamp_of(Branch& branch, GstBuffer* buffer) {
  static const auto ntp = GstPtr<GstCaps>::adopt(gst_caps_new_empty_simple("timestamp/x-ntp"));
  Stamp stamp;
  if (GST_BUFFER_PTS_IS_VALID(buffer)) {
    // Live pipeline on the monotonic system clock: buffer time plus base time is CLOCK_MONOTONIC.
    stamp.pts_ns = static_cast<std::int64_t>(GST_BUFFER_PTS(buffer) + gst_element_get_base_time(branch.pipeline));
  }
  const GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, ntp.get());
  if (meta != nullptr && GST_CLOCK_TIME_IS_VALID(meta->timestamp)) {
    stamp.ntp_ns = static_cast<std::int64_t>(meta->timestamp);
  }
  return stamp;
}

/// What came out of a depayloader: `bytes` empty if it is not to be passed on.
void emit_frame(Branch& branch, PlainBytes bytes, FrameType type, const Stamp& stamp) {
  branch.unfinished.clear(*branch.plan.unfinished);
  const FrameArrivals::Span arrivals = branch.arrivals.frame();  // also of what is not passed on
  if (bytes.size() == 0 || !stamp.pts_ns) return;
  Frame frame;
  frame.stream = branch.plan.section.stream;
  frame.kind = branch.plan.section.kind;
  frame.codec = branch.plan.section.codec;
  frame.type = type;
  frame.bytes = std::move(bytes);
  frame.pts_ns = *stamp.pts_ns;
  frame.first_arrival_ns = arrivals.first_ns;
  frame.last_arrival_ns = arrivals.last_ns;
  if (stamp.ntp_ns && arrivals.last_ns != 0) {
    frame.capture_ns = branch.plan.packets->capture_time(*stamp.ntp_ns, arrivals.last_ns);
  }
  branch.plan.on_frame(std::move(frame));
}

/// A frame from one of GStreamer's depayloaders. Their flag is right for VP8 and VP9; for H.264 it also calls key what
/// only brings parameter sets.
void take_frame(Branch& branch, GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  const std::span<const std::uint8_t> bytes(map.data, map.size);
  const bool delta =
      branch.plan.section.stream == Stream::video && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  const Stamp stamp = stamp_of(branch, buffer);
  if (branch.plan.section.codec == Codec::h264) {
    const FrameType type = h264_starts_anew(bytes) ? FrameType::key : FrameType::delta;
    emit_frame(branch, PlainBytes(branch.parameter_sets.missing_from(bytes), bytes), type, stamp);
  } else {
    emit_frame(branch, PlainBytes(bytes), delta ? FrameType::delta : FrameType::key, stamp);
  }
  gst_buffer_unmap(buffer, &map);
}

/// An RTP packet with a piece of AV1, which has no depayloader.
void take_av1_packet(Branch& branch, GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return;
  const Av1Packet packet{
      gst_rtp_buffer_get_seq(&rtp),
      gst_rtp_buffer_get_timestamp(&rtp),
      gst_rtp_buffer_get_marker(&rtp) != FALSE,
      {static_cast<const std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)), gst_rtp_buffer_get_payload_len(&rtp)}};
  Av1Output out = branch.av1.add(packet);
  gst_rtp_buffer_unmap(&rtp);
  const Stamp before = std::exchange(branch.stamp, stamp_of(branch, buffer));
  if (out.lost || packet.marker) branch.unfinished.clear(*branch.plan.unfinished);  // it keeps nothing of that unit
  if (out.lost) branch.plan.on_loss();
  // The next frame arrived with its own packets: were it reckoned from those that were dropped, a key frame right
  // after the opening would be refused because of a loss before it. The unit before may have come out all the same,
  // with this packet; then it is this packet's own that was lost.
  const bool before_is_out = !out.units.empty() && out.units.front().timestamp != packet.timestamp;
  if (out.lost && !before_is_out) branch.arrivals.drop_before();
  for (Av1Unit& unit : out.units) {
    const FrameType type = av1_start(unit.bytes.view()) ? FrameType::key : FrameType::delta;
    emit_frame(branch, std::move(unit.bytes), type, unit.timestamp == packet.timestamp ? branch.stamp : before);
  }
  if (out.lost && !branch.av1.is_collecting()) branch.arrivals.drop();
}

GstFlowReturn new_sample(GstAppSink* sink, gpointer data) {
  const auto sample = GstPtr<GstSample>::adopt(gst_app_sink_try_pull_sample(sink, 0));
  if (!sample) return GST_FLOW_OK;
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  if (buffer == nullptr) return GST_FLOW_OK;
  const Held<Branch> branch(data);
  taken_over(&*branch);
  branch->plan.section.codec == Codec::av1 ? take_av1_packet(*branch, buffer) : take_frame(*branch, buffer);
  return GST_FLOW_OK;
}

/// AV1 has none in Debian 12: its packets go to the appsink as they are.
const char* depayloader_for(Codec codec) {
  switch (codec) {
    case Codec::opus:
      return "rtpopusdepay";
    case Codec::vp8:
      return "rtpvp8depay";
    case Codec::vp9:
      return "rtpvp9depay";
    case Codec::h264:
      return "rtph264depay";
    case Codec::av1:
      return "identity";
  }
  return "";
}

GstPtr<GstElement> make_sink(const std::shared_ptr<Branch>& branch) {
  auto sink = GstPtr<GstElement>::ref_sink(gst_element_factory_make("appsink", nullptr));
  if (!sink) return sink;
  // enable-last-sample would keep one frame of plaintext for ever.
  g_object_set(sink.get(), "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "wait-on-eos", FALSE, nullptr);
  if (branch->plan.section.codec == Codec::h264) {
    // Annex B keeps parameter sets in the stream; "avc" would move them into caps and lose those that change.
    const auto caps = GstPtr<GstCaps>::adopt(
        gst_caps_from_string("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"));
    gst_app_sink_set_caps(GST_APP_SINK(sink.get()), caps.get());
  }
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = new_sample;
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, hold(branch), let_go<Branch>);
  return sink;
}

}  // namespace

PacketName packet_name(GstBuffer* buffer) {
  std::array<std::uint8_t, 12> h{};
  if (gst_buffer_extract(buffer, 0, h.data(), h.size()) != h.size()) return {};
  const auto word = [&](std::size_t i) {
    return std::uint32_t{h[i]} << 24 | std::uint32_t{h[i + 1]} << 16 | std::uint32_t{h[i + 2]} << 8 | h[i + 3];
  };
  return {h[1] & 0x7f, static_cast<std::uint16_t>(h[2] << 8 | h[3]), word(4), word(8), (h[1] & 0x80) != 0};
}

Grown grow_branch(GstElement* pipeline, GstPad* pad, BranchPlan plan) {
  auto branch = std::make_shared<Branch>();
  branch->plan = std::move(plan);
  branch->pipeline = pipeline;

  const auto depay =
      GstPtr<GstElement>::ref_sink(gst_element_factory_make(depayloader_for(branch->plan.section.codec), nullptr));
  const auto sink = make_sink(branch);
  if (!depay || !sink) return Grown::failed;
  gst_bin_add_many(GST_BIN(pipeline), depay.get(), sink.get(), nullptr);
  if (!gst_element_link(depay.get(), sink.get())) return Grown::failed;

  const auto entry = GstPtr<GstPad>::adopt(gst_element_get_static_pad(depay.get(), "sink"));
  watch(entry.get(), before_depayloader, branch);
  // Downstream first, so that the first packet finds everything running.
  gst_element_sync_state_with_parent(sink.get());
  gst_element_sync_state_with_parent(depay.get());
  return gst_pad_link(pad, entry.get()) == GST_PAD_LINK_OK ? Grown::linked : Grown::failed;
}

}  // namespace unavoce::recorder
