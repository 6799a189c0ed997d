// From AV1 packets behind the jitter buffer to frames: what the permit is asked about a frame is when its own packets
// arrived. Packets are made by hand and go through the real branch.
#include <gst/app/gstappsrc.h>
#include <gst/rtp/rtp.h>

#include <catch2/catch.hpp>
#include <mutex>

#include "recorder/hand_over.hpp"
#include "recorder/media_branch.hpp"
#include "recorder/whip_session.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int payload_type = 45;
constexpr std::int64_t ms = 1'000'000;

/// One piece of a frame OBU: a delta frame, or a key frame with its sequence header.
const Bytes first_piece{0x50, 0x30, 0x30, 1};                                      // goes on
const Bytes middle_piece{0xd0, 2};                                                 // from one to the next
const Bytes last_piece{0x90, 3};                                                   // the end
const Bytes whole_frame{0x10, 0x30, 0x30, 4};                                      // alone
const Bytes key_frame{0x28, 12,   0x08, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xff, 0xbc,  // N, two elements
                      0xda, 0xf9, 0x00, 0x40, 0x30, 0x10, 0x00, 0x84};

enum class Marker { absent, present };

/// A source of packets with a branch behind it, as behind webrtcbin's pad.
class Branch {
 public:
  Branch() {
    start_gstreamer();
    pipeline_ = GstPtr<GstElement>::ref_sink(gst_pipeline_new(nullptr));
    source_ = GstPtr<GstElement>::ref_sink(gst_element_factory_make("appsrc", nullptr));
    const auto caps = GstPtr<GstCaps>::adopt(
        gst_caps_from_string("application/x-rtp, media=video, encoding-name=AV1, clock-rate=90000, payload=45"));
    g_object_set(source_.get(), "caps", caps.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), GST_ELEMENT(gst_object_ref(source_.get())));
    BranchPlan plan;
    plan.section.stream = Stream::video;
    plan.section.codec = Codec::av1;
    plan.section.kind = consent::Kind::video;
    plan.packets = packets_;
    plan.on_frame = [this](Frame&& frame) {
      const std::scoped_lock lock(mutex_);
      frames_.push_back(std::move(frame));
    };
    plan.on_loss = [this] { ++losses_; };
    const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(source_.get(), "src"));
    REQUIRE(grow_branch(pipeline_.get(), pad.get(), std::move(plan)) == Grown::linked);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    // A first key frame, so that the branch knows where units begin.
    send(key_frame, Marker::present, 1 * ms);
    next_frame();
    REQUIRE(take(1).front().type == FrameType::key);
  }
  ~Branch() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;

  /// A packet that arrived then and has left the jitter buffer.
  void send(const Bytes& payload, Marker marker, std::int64_t arrival_ns) {
    packets_->arrived({payload_type, seq_, timestamp_, ssrc_, marker == Marker::present}, arrival_ns);
    GstBuffer* packet = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
    GST_BUFFER_PTS(packet) = GstClockTime{timestamp_ / 3000} * 33 * static_cast<GstClockTime>(ms);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_payload_type(&rtp, payload_type);
    gst_rtp_buffer_set_seq(&rtp, seq_++);
    gst_rtp_buffer_set_timestamp(&rtp, timestamp_);
    gst_rtp_buffer_set_ssrc(&rtp, ssrc_);
    gst_rtp_buffer_set_marker(&rtp, marker == Marker::present);
    std::copy(payload.begin(), payload.end(), static_cast<std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
    gst_rtp_buffer_unmap(&rtp);
    handed_over(packet);
    gst_app_src_push_buffer(GST_APP_SRC(source_.get()), packet);
  }
  void next_frame() { timestamp_ += 3000; }
  void lose_packet() { ++seq_; }
  void other_source() { ++ssrc_; }

  /// The frames since the last time; so many must come.
  std::vector<Frame> take(std::size_t count) {
    await([&] {
      const std::scoped_lock lock(mutex_);
      return frames_.size() >= count;
    });
    const std::scoped_lock lock(mutex_);
    CHECK(frames_.size() == count);
    return std::exchange(frames_, {});
  }
  int losses() const { return losses_; }

 private:
  std::shared_ptr<PacketLog> packets_ = std::make_shared<PacketLog>();
  GstPtr<GstElement> pipeline_;
  GstPtr<GstElement> source_;
  std::uint16_t seq_ = 65530;
  std::uint32_t timestamp_ = 3000;
  std::uint32_t ssrc_ = 7;
  std::mutex mutex_;
  std::vector<Frame> frames_;
  std::atomic<int> losses_{0};
};

void check_arrival(const Frame& frame, std::int64_t first_ns, std::int64_t last_ns) {
  CHECK(frame.first_arrival_ns == first_ns);
  CHECK(frame.last_arrival_ns == last_ns);
}

}  // namespace

TEST_CASE("an AV1 frame arrives with its first packet for opening and with its last for closing", "[av1]") {
  Branch branch;
  branch.send(first_piece, Marker::absent, 30 * ms);
  branch.send(middle_piece, Marker::absent, 20 * ms);  // overtook on the way
  branch.send(last_piece, Marker::present, 40 * ms);
  branch.next_frame();
  branch.send(whole_frame, Marker::present, 50 * ms);
  const auto frames = branch.take(2);
  check_arrival(frames[0], 20 * ms, 40 * ms);
  check_arrival(frames[1], 50 * ms, 50 * ms);
  CHECK(frames[0].type == FrameType::delta);
  CHECK(frames[0].codec == Codec::av1);
  CHECK(frames[1].pts_ns - frames[0].pts_ns == 33 * ms);
  const auto bytes = frames[0].bytes.view();
  CHECK(Bytes(bytes.begin(), bytes.end()) == Bytes{0x32, 4, 0x30, 1, 2, 3});
  CHECK(branch.losses() == 0);
}

TEST_CASE("an AV1 frame without a marker has its own time, and arrives with the packet that showed its end", "[av1]") {
  Branch branch;
  branch.send(whole_frame, Marker::absent, 30 * ms);
  branch.next_frame();
  branch.send(whole_frame, Marker::present, 60 * ms);
  const auto frames = branch.take(2);
  check_arrival(frames[0], 30 * ms, 60 * ms);
  check_arrival(frames[1], 60 * ms, 60 * ms);
  CHECK(frames[1].pts_ns - frames[0].pts_ns == 33 * ms);
}

TEST_CASE("an AV1 frame with a packet that was never seen arriving came before every permit", "[av1]") {
  Branch branch;
  branch.send(first_piece, Marker::absent, 0);
  branch.send(last_piece, Marker::present, 40 * ms);
  check_arrival(branch.take(1)[0], 0, 40 * ms);
}

TEST_CASE("a missing or broken AV1 packet asks for a key frame and costs its frame only", "[av1]") {
  Branch branch;
  SECTION("missing") {
    branch.send(first_piece, Marker::absent, 30 * ms);
    branch.lose_packet();
    branch.send(last_piece, Marker::present, 40 * ms);
  }
  SECTION("broken") {
    branch.send(last_piece, Marker::present, 40 * ms);
  }
  branch.next_frame();
  branch.send(whole_frame, Marker::present, 50 * ms);
  branch.take(1);
  CHECK(branch.losses() > 0);
}

TEST_CASE("a key frame after AV1 packets that were dropped arrived when its own packets did", "[av1]") {
  Branch branch;
  SECTION("one in the middle of a unit is missing") {
    branch.send(first_piece, Marker::absent, 30 * ms);
    branch.lose_packet();
    branch.send(middle_piece, Marker::absent, 35 * ms);
    branch.send(last_piece, Marker::present, 40 * ms);
  }
  SECTION("the last one of a unit is missing") {
    branch.send(first_piece, Marker::absent, 30 * ms);
    branch.lose_packet();
  }
  SECTION("the first one of a unit is missing") {
    branch.lose_packet();
    branch.send(last_piece, Marker::present, 40 * ms);
  }
  SECTION("they do not fit together, as the marker shows") {
    branch.send(last_piece, Marker::present, 40 * ms);
  }
  SECTION("they do not fit together, as the next packet shows") {
    branch.send(last_piece, Marker::absent, 40 * ms);
  }
  branch.next_frame();
  branch.send(key_frame, Marker::present, 50 * ms);
  const auto frames = branch.take(1);
  CHECK(frames[0].type == FrameType::key);
  check_arrival(frames[0], 50 * ms, 50 * ms);
}

TEST_CASE("an AV1 frame that comes out with the packet of a broken one keeps its own arrivals", "[av1]") {
  Branch branch;
  branch.send(whole_frame, Marker::absent, 30 * ms);
  branch.next_frame();
  branch.send(last_piece, Marker::present, 40 * ms);
  branch.next_frame();
  branch.send(key_frame, Marker::present, 50 * ms);
  const auto frames = branch.take(2);
  check_arrival(frames[0], 30 * ms, 40 * ms);
  check_arrival(frames[1], 50 * ms, 50 * ms);
}

TEST_CASE("another source's AV1 packets are not joined to those before", "[av1]") {
  Branch branch;
  branch.send(first_piece, Marker::absent, 30 * ms);
  branch.other_source();
  branch.send(last_piece, Marker::present, 40 * ms);
  branch.next_frame();
  branch.send(whole_frame, Marker::present, 50 * ms);
  // Whether the packet before belonged to it nobody can tell: rather a frame too few at the edge of a take.
  check_arrival(branch.take(1)[0], 40 * ms, 50 * ms);
}
