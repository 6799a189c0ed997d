// Pictures that never end: what a depayloader keeps of them is bounded, and the session of whoever sends them ends.
#include <gst/app/gstappsrc.h>
#include <gst/rtp/rtp.h>

#include <catch2/catch.hpp>

#include "recorder/hand_over.hpp"
#include "recorder/media_branch.hpp"
#include "recorder/whip_session.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;

enum class Marker { absent, present };

/// How a codec's packets begin a picture and go on with it.
struct Packets {
  Codec codec;
  const char* encoding;
  Bytes start;
  Bytes more;
};

/// A key frame of 320×240 as its depayloader reads it.
const Packets vp8{Codec::vp8, "VP8", {0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}, {0x00, 0}};
const Packets vp9{Codec::vp9, "VP9", {0x08, 0}, {0x00, 0}};
const Packets h264_fragments{Codec::h264, "H264", {0x7c, 0x85}, {0x7c, 0x05}};
/// Slices that are not the first of a picture.
const Packets h264_slices{Codec::h264, "H264", {0x41, 0x00}, {0x41, 0x00}};

Bytes filled(Bytes payload) {
  payload.resize(1000);
  return payload;
}

/// Packets that go into a branch as from behind the jitter buffer.
class Sender {
 public:
  explicit Sender(const Packets& packets) : packets_(packets) {
    start_gstreamer();
    pipeline_ = GstPtr<GstElement>::ref_sink(gst_pipeline_new(nullptr));
    source_ = GstPtr<GstElement>::ref_sink(gst_element_factory_make("appsrc", nullptr));
    const auto caps = GstPtr<GstCaps>::adopt(gst_caps_from_string(
        (std::string("application/x-rtp, media=video, clock-rate=90000, payload=96, encoding-name=") +
         packets_.encoding)
            .c_str()));
    g_object_set(source_.get(), "caps", caps.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), GST_ELEMENT(gst_object_ref(source_.get())));
    BranchPlan plan;
    plan.section.stream = Stream::video;
    plan.section.codec = packets_.codec;
    plan.section.kind = consent::Kind::video;
    plan.packets = std::make_shared<PacketLog>();
    plan.unfinished = unfinished;
    plan.on_frame = [this](Frame&&) { ++frames; };
    plan.on_loss = [] {};
    plan.on_endless = [this] { ++endless; };
    const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(source_.get(), "src"));
    REQUIRE(grow_branch(pipeline_.get(), pad.get(), std::move(plan)) == Grown::linked);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~Sender() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Each packet has a time of its own: that ends no picture.
  void send(const Bytes& payload, Marker marker = Marker::absent) {
    timestamp_ += 3000;
    GstBuffer* packet = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
    GST_BUFFER_PTS(packet) = GstClockTime{timestamp_ / 3000} * 100'000;
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_payload_type(&rtp, 96);
    gst_rtp_buffer_set_seq(&rtp, seq_++);
    gst_rtp_buffer_set_timestamp(&rtp, timestamp_);
    gst_rtp_buffer_set_ssrc(&rtp, 7);
    gst_rtp_buffer_set_marker(&rtp, marker == Marker::present);
    std::copy(payload.begin(), payload.end(), static_cast<std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
    gst_rtp_buffer_unmap(&rtp);
    handed_over(packet);
    gst_app_src_push_buffer(GST_APP_SRC(source_.get()), packet);
  }
  /// A picture's start and so many packets of 1000 bytes that go on with it.
  void send_unfinished(int more) {
    send(filled(packets_.start));
    for (int i = 0; i < more; ++i) send(filled(packets_.more));
  }
  void lose_packet() { ++seq_; }

  std::shared_ptr<UnfinishedTotal> unfinished = std::make_shared<UnfinishedTotal>();
  std::atomic<int> frames{0};
  std::atomic<int> endless{0};

 private:
  const Packets& packets_;
  GstPtr<GstElement> pipeline_;
  GstPtr<GstElement> source_;
  std::uint16_t seq_ = 1;
  std::uint32_t timestamp_ = 0;
};

/// So many packets of 1000 bytes weigh more than the limit.
constexpr int too_many = 10'000;

}  // namespace

TEST_CASE("what is kept of a picture without an end is bounded, and it is told once", "[endless]") {
  const Packets& packets = *GENERATE(&vp8, &vp9, &h264_fragments, &h264_slices);
  CAPTURE(packets.encoding);
  Sender sender(packets);
  sender.send_unfinished(too_many);
  await([&] { return sender.endless == 1; });
  sender.send_unfinished(100);
  sender.send_unfinished(100);
  CHECK(sender.unfinished->bytes() < max_unfinished_bytes + 2000);
  CHECK(sender.endless == 1);
  CHECK(sender.frames == 0);
}

TEST_CASE("many tiny units weigh what they cost, not what they hold", "[endless]") {
  Sender sender(h264_slices);
  Bytes aggregate{24};
  for (int i = 0; i < 190; ++i) aggregate.insert(aggregate.end(), {0, 3, 0x41, 0, 0});
  for (int i = 0; i < 200; ++i) sender.send(aggregate);  // less than 200 kB
  await([&] { return sender.endless == 1; });
}

TEST_CASE("all streams of a session share one limit", "[endless]") {
  Sender one(vp8);
  one.unfinished->add(max_unfinished_bytes);  // what another branch of the session keeps
  one.send_unfinished(1);
  await([&] { return one.endless == 1; });
}

TEST_CASE("pictures that end may be as many as they like", "[endless]") {
  Sender sender(vp8);
  const int pictures = 1000;
  for (int i = 0; i < pictures; ++i) {
    sender.send_unfinished(18);
    sender.send(filled(vp8.more), Marker::present);
  }
  await([&] { return sender.frames == pictures; });
  CHECK(sender.endless == 0);
  CHECK(sender.unfinished->bytes() == 0);
}

TEST_CASE("packets without payload, as senders probe the network with, weigh nothing", "[endless]") {
  Sender sender(vp8);
  const int more_than_bearable = static_cast<int>(max_unfinished_bytes / unfinished_piece_bytes) + 1000;
  for (int i = 0; i < more_than_bearable; ++i) sender.send({});
  sender.send(filled(vp8.start), Marker::present);
  await([&] { return sender.frames == 1; });
  CHECK(sender.endless == 0);
  CHECK(sender.unfinished->bytes() == 0);
}

TEST_CASE("pictures that are dropped for want of a key frame weigh nothing once they have ended", "[endless]") {
  Sender sender(vp8);
  Bytes no_key_frame = filled(vp8.start);
  no_key_frame[1] = 1;
  for (int i = 0; i < too_many; ++i) sender.send(no_key_frame, Marker::present);
  sender.send(filled(vp8.start), Marker::present);
  await([&] { return sender.frames == 1; });
  CHECK(sender.endless == 0);
}

TEST_CASE("what a depayloader drops after a loss is not counted; a picture that it keeps is", "[endless]") {
  SECTION("VP8 begins anew") {
    Sender sender(vp8);
    for (int i = 0; i < 10; ++i) {
      sender.send_unfinished(too_many / 5);
      sender.lose_packet();
    }
    sender.send(filled(vp8.start), Marker::present);
    await([&] { return sender.frames == 1; });
    CHECK(sender.endless == 0);
  }
  SECTION("H.264 goes on") {
    Sender sender(h264_slices);
    for (int i = 0; i < 10; ++i) {
      sender.send_unfinished(too_many / 5);
      sender.lose_packet();
    }
    await([&] { return sender.endless == 1; });
  }
}

TEST_CASE("a publisher whose picture never ends is gone", "[endless]") {
  auto config = Stage::loopback();
  config.max_bytes_per_second *= 10;  // it is not the pace that ends it
  Stage stage(config);
  const Person ada;
  PublisherOptions large;
  large.frames = Frames::numbered;
  large.video_padding_bytes = 60'000;
  const auto publisher = stage.join(ada, large);
  publisher->damage(Damage::no_end);
  const auto gone = stage.events.await<PublisherDisconnected>(40s);
  CHECK(gone.reason == "it sent a picture that never ends");
  CHECK(gone.ending == Ending::lost);
}
