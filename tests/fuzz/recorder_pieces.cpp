// RTP packets as a hostile sender makes them, from behind the jitter buffer through a real branch: payload descriptors
// (VP8, VP9), NAL units alone, together and in fragments (H.264), OBUs (AV1), sound. No crash; the depayloader never
// ends the pipeline; every frame has bytes and arrived within packets that were sent; what is kept is counted right.
// The first byte picks the codec. Then packets: one byte of flags (1: marker, 2: another timestamp, 4: a packet is
// missing before, 8: another source, 16: padding), one of length, the payload.
#include <gst/gst.h>
#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "recorder/codec_facts.hpp"
#include "recorder/media_branch.hpp"
#include "recorder/whip_session.hpp"
#include "require.hpp"

using namespace unavoce::recorder;

namespace {

constexpr std::int64_t ms = 1'000'000;

struct Coded {
  Codec codec;
  const char* caps;
};
constexpr Coded codecs[] = {
    {Codec::opus, "application/x-rtp, media=audio, clock-rate=48000, payload=96, encoding-name=OPUS"},
    {Codec::vp8, "application/x-rtp, media=video, clock-rate=90000, payload=96, encoding-name=VP8"},
    {Codec::vp9, "application/x-rtp, media=video, clock-rate=90000, payload=96, encoding-name=VP9"},
    {Codec::h264, "application/x-rtp, media=video, clock-rate=90000, payload=96, encoding-name=H264"},
    {Codec::av1, "application/x-rtp, media=video, clock-rate=90000, payload=96, encoding-name=AV1"}};

/// What a writer believes of how long a packet of sound lasts: up to 120 ms (RFC 6716 section 3.2.5), or nothing.
void require_possible(std::optional<std::int64_t> duration_us) {
  require(!duration_us || (*duration_us > 0 && *duration_us <= 120'000));
}

/// A branch behind a pad that hands each packet on within the call.
class Source {
 public:
  explicit Source(const Coded& coded) {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    BranchPlan plan;
    plan.section.codec = coded.codec;
    plan.section.stream = coded.codec == Codec::opus ? Stream::audio : Stream::video;
    plan.packets = packets_;
    plan.unfinished = unfinished_;
    plan.on_frame = [this, expected = plan.section](Frame&& frame) {
      require(frame.codec == expected.codec && frame.stream == expected.stream);
      require(frame.bytes.size() != 0);
      require(frame.first_arrival_ns >= ms && frame.first_arrival_ns <= frame.last_arrival_ns);
      require(frame.last_arrival_ns <= now_ns_);
      if (frame.codec == Codec::opus) require_possible(opus_duration_us(frame.bytes.view()));
    };
    plan.on_loss = [] {};
    gst_pad_set_active(pad_.get(), TRUE);
    require(grow_branch(pipeline_.get(), pad_.get(), std::move(plan)) == Grown::linked);
    gst_pad_push_event(pad_.get(), gst_event_new_stream_start("packets"));
    const auto caps = GstPtr<GstCaps>::adopt(gst_caps_from_string(coded.caps));
    gst_pad_push_event(pad_.get(), gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
  }
  ~Source() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void send(std::uint8_t flags, std::span<const std::uint8_t> payload) {
    now_ns_ += ms;
    const bool marker = (flags & 1) != 0;
    if ((flags & 2) != 0) timestamp_ += 3000;
    seq_ = static_cast<std::uint16_t>(seq_ + ((flags & 4) != 0 ? 2 : 1));
    if ((flags & 8) != 0) ++ssrc_;
    // As before the jitter buffer: those of too many sources come no further.
    if (packets_->arrived({96, seq_, timestamp_, ssrc_, marker}, now_ns_) == Noted::too_many_sources) return;
    GstBuffer* packet =
        gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), (flags & 16) != 0 ? guint8{4} : guint8{0}, 0);
    GST_BUFFER_PTS(packet) = static_cast<GstClockTime>(now_ns_);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    require(gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp) != FALSE);
    gst_rtp_buffer_set_payload_type(&rtp, 96);
    gst_rtp_buffer_set_seq(&rtp, seq_);
    gst_rtp_buffer_set_timestamp(&rtp, timestamp_);
    gst_rtp_buffer_set_ssrc(&rtp, ssrc_);
    gst_rtp_buffer_set_marker(&rtp, marker);
    std::ranges::copy(payload, static_cast<std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
    gst_rtp_buffer_unmap(&rtp);
    gst_pad_push(pad_.get(), packet);
  }

  std::size_t unfinished_bytes() const { return unfinished_->bytes(); }
  bool has_failed() const {
    const auto bus = GstPtr<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    GstMessage* error = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
    if (error != nullptr) gst_message_unref(error);
    return error != nullptr;
  }

 private:
  GstPtr<GstElement> pipeline_ = GstPtr<GstElement>::ref_sink(gst_pipeline_new(nullptr));
  GstPtr<GstPad> pad_ = GstPtr<GstPad>::ref_sink(gst_pad_new("src", GST_PAD_SRC));
  std::shared_ptr<PacketLog> packets_ = std::make_shared<PacketLog>();
  std::shared_ptr<UnfinishedTotal> unfinished_ = std::make_shared<UnfinishedTotal>();
  std::int64_t now_ns_ = 0;
  std::uint16_t seq_ = 65530;
  std::uint32_t timestamp_ = 3000;
  std::uint32_t ssrc_ = 7;
};

/// The header of a packet that is not known to be one.
void read_name(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  const PacketName name = packet_name(buffer);
  gst_buffer_unref(buffer);
  require(bytes.size() < 12 ? name.payload == -1 : name.payload >= 0 && name.payload <= 127);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const bool started = (start_gstreamer(), true);
  if (!started || size == 0) return 0;
  std::span<const std::uint8_t> rest(bytes + 1, size - 1);
  read_name(rest);
  Source source(codecs[bytes[0] % std::size(codecs)]);
  while (rest.size() >= 2) {
    const std::uint8_t flags = rest[0];
    const auto payload = rest.subspan(2, std::min<std::size_t>(rest[1], rest.size() - 2));
    rest = rest.subspan(2 + payload.size());
    source.send(flags, payload);
    // Not below nothing, either.
    require(source.unfinished_bytes() <= size * (1 + unfinished_piece_bytes));
  }
  require(!source.has_failed());
  return 0;
}
