// What is taken of an offer, and what an answer says about addresses.
#include "recorder/offer.hpp"

#include <catch2/catch.hpp>

#include "recorder/candidates.hpp"
#include "recorder/codec_facts.hpp"
#include "recorder/whip_session.hpp"

using namespace unavoce::recorder;
using unavoce::consent::Kind;
using unavoce::consent::Scope;

namespace {

constexpr Scope both{Kind::audio, Kind::video};
const std::string head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const std::string opus =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n";
const std::string vp8 =
    "m=video 9 UDP/TLS/RTP/SAVPF 45 96\r\na=sendonly\r\na=rtpmap:45 AV1/90000\r\na=rtpmap:96 VP8/90000\r\n"
    "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";
const std::string av1 =
    "m=video 9 UDP/TLS/RTP/SAVPF 46 45\r\na=sendonly\r\na=rtpmap:46 AV1/90000\r\na=fmtp:46 "
    "level-idx=5;profile=1;tier=0\r\n"
    "a=rtpmap:45 AV1/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\n";
const std::string h265 = "m=video 9 UDP/TLS/RTP/SAVPF 49\r\na=sendonly\r\na=rtpmap:49 H265/90000\r\n";
const std::string h264 =
    "m=video 9 UDP/TLS/RTP/SAVPF 101 102 98 45\r\na=sendonly\r\na=rtpmap:45 AV1/90000\r\na=rtpmap:101 H264/90000\r\n"
    "a=fmtp:101 packetization-mode=2;profile-level-id=42e01f\r\na=rtpmap:102 H264/90000\r\n"
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:98 VP9/90000\r\n";
const std::string idle = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n";

struct Started {
  Started() { start_gstreamer(); }
} const started;

Errc refusal(const std::string& sdp, Scope allowed = both) {
  const auto plan = plan_offer(sdp, PublishKind::camera, allowed);
  REQUIRE_FALSE(plan);
  CHECK_FALSE(plan.error().text.empty());
  return plan.error().code;
}

}  // namespace

TEST_CASE("VP8 and Opus are taken, with the payload types and the congestion control that the offer names") {
  const auto plan = plan_offer(head + opus + vp8, PublishKind::camera, both);
  REQUIRE(plan);
  const auto& sections = plan.value().sections;
  REQUIRE(sections.size() == 2);
  CHECK(sections[0].take == Take::accept);
  CHECK(sections[0].payload == 111);
  CHECK(sections[1].take == Take::accept);
  CHECK(sections[1].payload == 96);
  CHECK(sections[1].caps.find("extmap-4") != std::string::npos);
}

TEST_CASE("an offer is taken as a whole or not at all, and the refusal names what is in the way") {
  const auto unapproved = plan_offer(head + opus + vp8, PublishKind::camera, {Kind::video});
  REQUIRE_FALSE(unapproved);
  CHECK(unapproved.error().code == Errc::unsupported);
  CHECK(unapproved.error().text.find("Section 0: recording audio was not approved") != std::string::npos);
  const auto unknown = plan_offer(head + opus + h265, PublishKind::camera, both);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().text.find("Section 1: none of VP8, VP9, H.264 and AV1 (profile 0) in it") != std::string::npos);
  CHECK(refusal(head + vp8 + vp8) == Errc::unsupported);
}

TEST_CASE("a section in which nothing is sent stands in nobody's way") {
  const auto plan = plan_offer(head + opus + idle, PublishKind::camera, {Kind::audio});
  REQUIRE(plan);
  CHECK(accepts(plan.value(), Stream::audio) == Codec::opus);
  CHECK(plan.value().sections[1].take == Take::idle);
}

TEST_CASE("VP8 is preferred, else the sender's order decides among what can be depayloaded") {
  const std::string h264_then_vp8 = h264 + "a=rtpmap:96 VP8/90000\r\n";
  const auto both_offered = head + std::string(h264_then_vp8).replace(h264.find(" 45\r"), 3, " 45 96");
  CHECK(plan_offer(both_offered, PublishKind::camera, both).value().sections[0].payload == 96);
  const auto plan = plan_offer(head + h264, PublishKind::camera, both);
  REQUIRE(plan);
  CHECK(accepts(plan.value(), Stream::video) == Codec::h264);
  CHECK(plan.value().sections[0].payload == 102);  // not the interleaved 101
  const auto av1_first = head + std::string(h264).replace(h264.find("101 102 98 45"), 13, "45 101 102 98");
  CHECK(accepts(plan_offer(av1_first, PublishKind::camera, both).value(), Stream::video) == Codec::av1);
}

TEST_CASE("what has a payload type that RTCP needs on the same port is passed over") {
  const auto offered = [](const std::string& payload) {
    return head + "m=video 9 UDP/TLS/RTP/SAVPF " + payload + " 102\r\na=sendonly\r\na=rtpmap:" + payload +
           " VP8/90000\r\na=rtpmap:102 VP9/90000\r\n";
  };
  for (const char* reserved : {"64", "72", "95"})
    CHECK(plan_offer(offered(reserved), PublishKind::camera, both).value().sections[0].payload == 102);
  for (const char* free : {"63", "96"})
    CHECK(plan_offer(offered(free), PublishKind::camera, both).value().sections[0].payload == std::stoi(free));
}

TEST_CASE("AV1 is taken in profile 0, also where none is named; the others are passed over") {
  const auto plan = plan_offer(head + opus + av1, PublishKind::camera, both);
  REQUIRE(plan);
  CHECK(accepts(plan.value(), Stream::video) == Codec::av1);
  CHECK(plan.value().sections[1].payload == 45);
  const std::string bare = "m=video 9 UDP/TLS/RTP/SAVPF 45\r\na=sendonly\r\na=rtpmap:45 AV1/90000\r\n";
  CHECK(plan_offer(head + bare, PublishKind::camera, both));
  CHECK(refusal(head + bare + "a=fmtp:45 profile=1\r\n") == Errc::unsupported);
  CHECK(refusal(head + bare + "a=fmtp:45 profile=00\r\n") == Errc::unsupported);
}

TEST_CASE("a screen and its sound need the approval of screen") {
  const auto plan = plan_offer(head + opus + vp8, PublishKind::screen, {Kind::screen});
  REQUIRE(plan);
  CHECK(plan.value().sections[0].kind == Kind::screen);
  CHECK(plan.value().sections[1].kind == Kind::screen);
  CHECK_FALSE(plan_offer(head + opus + vp8, PublishKind::screen, both));
}

TEST_CASE("a section in a bundle without a port of its own is taken, a rejected one is not") {
  const std::string bundled =
      "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n";
  const std::string rejected = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n";
  CHECK(plan_offer(head + bundled, PublishKind::camera, both));
  CHECK(refusal(head + rejected) == Errc::unsupported);
}

TEST_CASE("offers that cannot be taken are told why") {
  CHECK(refusal(head + h265) == Errc::unsupported);
  CHECK(refusal(head + opus, {Kind::video}) == Errc::unsupported);
  CHECK(refusal(head + idle) == Errc::unsupported);
  CHECK(refusal(head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n") == Errc::unsupported);
}

TEST_CASE("what is no offer is refused as such") {
  CHECK(refusal("") == Errc::bad_offer);
  CHECK(refusal("{}") == Errc::bad_offer);
  CHECK(refusal(head) == Errc::bad_offer);
  CHECK(refusal(head + std::string(70'000, 'a')) == Errc::bad_offer);
  CHECK(refusal(head + opus + std::string(1, '\0')) == Errc::bad_offer);
  CHECK(refusal(head + opus + "a=x:\xff\r\n") == Errc::bad_offer);
  std::string many = head;
  for (int i = 0; i < 9; ++i) many += opus;
  CHECK(refusal(many) == Errc::bad_offer);
}

TEST_CASE("strange payload types and attributes do no harm") {
  CHECK(refusal(head + "m=video 9 UDP/TLS/RTP/SAVPF 999 -1 abc\r\na=sendonly\r\na=rtpmap:999 VP8/90000\r\n") ==
        Errc::unsupported);
  CHECK(plan_offer(head + vp8 + "a=extmap:x y\r\na=extmap:\r\na=extmap:99999999 z\r\n", PublishKind::camera, both));
}

TEST_CASE("public addresses stand beside the local candidate of the same family") {
  const std::string sdp = "v=0\r\na=candidate:1 1 UDP 2015364095 10.0.0.5 50000 typ host\r\na=end-of-candidates\r\n";
  CHECK(with_public_addresses(sdp, {}) == sdp);
  const std::string with = with_public_addresses(sdp, {"192.0.2.7", "2001:db8::1"});
  CHECK(with.find("a=candidate:1p1 1 UDP 2015364095 192.0.2.7 50000 typ host\r\n") != std::string::npos);
  CHECK(with.find("10.0.0.5") != std::string::npos);
  CHECK(with.find("2001:db8") == std::string::npos);
}

TEST_CASE("the size of a VP8 picture stands in its key frame") {
  const std::vector<std::uint8_t> key{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x40};
  const auto size = vp8_size(key);
  REQUIRE(size);
  CHECK(size->width == 320);
  CHECK(size->height == 240);
  CHECK_FALSE(vp8_size(std::vector<std::uint8_t>{0x11, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0}));  // delta
  CHECK_FALSE(vp8_size(std::vector<std::uint8_t>{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40}));                 // cut off
  CHECK_FALSE(vp8_size(std::vector<std::uint8_t>{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0xf0, 0}));        // no width
}

TEST_CASE("the duration of an Opus packet stands in its first bytes") {
  const auto duration = [](std::vector<std::uint8_t> packet) { return opus_duration_us(packet); };
  CHECK(duration({0xfc}) == 20'000);        // CELT 20 ms
  CHECK(duration({0x18}) == 60'000);        // SILK 60 ms
  CHECK(duration({0x80}) == 2'500);         // CELT 2.5 ms
  CHECK(duration({0xfd}) == 40'000);        // two frames
  CHECK(duration({0xff, 0x03}) == 60'000);  // three frames
  CHECK_FALSE(duration({}));
  CHECK_FALSE(duration({0xff}));
  CHECK_FALSE(duration({0xff, 0x3f}));  // more than 120 ms
}
