// Which candidates of an offer webrtcbin is told: it looks names up, and tries all there are.
#include <catch2/catch.hpp>

#include "recorder/trickle.hpp"
#include "recorder/webrtc_bin.hpp"
#include "recorder/whip_session.hpp"

using namespace unavoce::recorder;

namespace {

const std::string head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const std::string section =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n";
const std::string good = "a=candidate:1 1 UDP 1 192.0.2.1 5000 typ host\r\n";

struct Read {
  unsigned candidates = 0;
  std::string text;
};

Read read(const std::string& sdp) {
  start_gstreamer();
  const auto offered = read_offer(sdp);
  REQUIRE(offered);
  const auto text = GstPtr<gchar>::adopt(gst_sdp_message_as_text(offered.value().description->sdp));
  return {offered.value().candidates, text.get()};
}

}  // namespace

TEST_CASE("the names in an offer are not looked up, in whatever way they are written", "[candidates]") {
  for (const std::string& line :
       {std::string("a=candidate:1 1 UDP 1 printer.local 5000 typ host\r\n"),
        std::string("a=candidate:1 1 UDP 1 server.example 5000 typ host\r\n"),
        std::string("  a=candidate:1 1 UDP 1 printer.local 5000 typ host\r\n"),
        std::string("a=x\ra=candidate:1 1 UDP 1 printer.local 5000 typ host\r\n"),
        std::string("a=candidate:1 1 UDP 1  printer.local 5000 typ host\r\n"), std::string("a=candidate\r\n")}) {
    CAPTURE(line);
    for (const std::string& sdp : {head + section + good + line + section + line, head + line + section + good}) {
      const Read offered = read(sdp);
      CHECK(offered.candidates == 1);
      CHECK(offered.text.find(".local") == std::string::npos);
      CHECK(offered.text.find(".example") == std::string::npos);
      CHECK(offered.text.find("192.0.2.1 5000") != std::string::npos);
      CHECK(offered.text.find("opus/48000/2") != std::string::npos);
    }
  }
}

TEST_CASE("TCP and RTCP candidates are left out of an offer", "[candidates]") {
  CHECK(read(head + section + "a=candidate:1 1 TCP 1 192.0.2.1 9 typ host tcptype active\r\n").candidates == 0);
  CHECK(read(head + section + "a=candidate:1 2 UDP 1 192.0.2.1 5000 typ host\r\n").candidates == 0);
}

TEST_CASE("no more candidates of an offer are tried than anybody has", "[candidates]") {
  std::string sdp = head + section;
  for (int i = 0; i < 500; ++i) sdp += good;
  sdp += section;
  for (int i = 0; i < 500; ++i) sdp += good;
  const Read offered = read(sdp);
  CHECK(offered.candidates == max_candidates);
  std::size_t lines = 0;
  for (auto at = offered.text.find("a=candidate:"); at != std::string::npos;
       at = offered.text.find("a=candidate:", at + 1))
    ++lines;
  CHECK(lines == max_candidates);
}
