// SDP fragments with candidates that come after the offer.
#include "recorder/trickle.hpp"

#include <catch2/catch.hpp>

#include "recorder/offer.hpp"
#include "recorder/whip_session.hpp"

using namespace unavoce::recorder;

namespace {

const OfferedIce offered{{"here"}, {{"0", 0}, {"1", 0}, {"far", 2}}};
const std::string head =
    "a=ice-ufrag:here\r\na=ice-pwd:secretsecretsecretsecret\r\nm=audio 9 RTP/AVP 0\r\na=mid:far\r\n";
const std::string udp = "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag here";

Errc refusal(const std::string& fragment) {
  const auto read = read_fragment(fragment, offered);
  REQUIRE_FALSE(read);
  CHECK_FALSE(read.error().text.empty());
  return read.error().code;
}

std::size_t usable(const std::string& candidate) {
  return read_fragment(head + "a=candidate:" + candidate + "\r\n", offered).value().size();
}

}  // namespace

TEST_CASE("candidates come with the section whose transport they are for", "[trickle]") {
  const auto read = read_fragment(
      head + "a=" + udp + "\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\na=" + udp + "\na=new-thing\r\na=end-of-candidates\r\n",
      offered);
  REQUIRE(read);
  REQUIRE(read.value().size() == 2);
  CHECK(read.value()[0].section == 2);
  CHECK(read.value()[0].text == udp);
  CHECK(read.value()[1].section == 0);
}

TEST_CASE("only UDP to an address is used; names are not looked up", "[trickle]") {
  CHECK(usable("1 1 UDP 1 2001:db8::1 5000 typ srflx raddr ::1 rport 9") == 1);
  CHECK(usable("1 1 UDP 1 printer.local 5000 typ host") == 0);
  CHECK(usable("1 1 UDP 1 127.1 5000 typ host") == 0);
  CHECK(usable("1 1 TCP 1 192.0.2.1 9 typ host tcptype active") == 0);
  CHECK(usable("1 2 UDP 1 192.0.2.1 5000 typ host") == 0);
}

TEST_CASE("another user fragment asks for a restart", "[trickle]") {
  CHECK(refusal("a=ice-ufrag:there\r\na=ice-pwd:secretsecretsecretsecret\r\n") == Errc::unsupported);
}

TEST_CASE("what is no fragment of this offer is refused as such", "[trickle]") {
  for (const std::string& fragment :
       {std::string(), std::string("\r\n\r\n"), std::string("hello"), head + "a=mid:none\r\n", "a=" + udp,
        head + "a=candidate:\r\n", head + "a=candidate:1 1 UDP 1 192.0.2.1 70000 typ host\r\n",
        head + "a=candidate:1 x UDP 1 192.0.2.1 5000 typ host\r\n", head + "m=video 9 RTP/AVP 0\r\na=" + udp,
        head + std::string("a=x\0y", 5), std::string(20'000, 'a')}) {
    CAPTURE(fragment.substr(0, 200));
    CHECK(refusal(fragment) == Errc::bad_offer);
  }
}

TEST_CASE("an offer tells its user fragments, and that bundled sections share the first one's transport", "[trickle]") {
  start_gstreamer();
  const std::string sdp =
      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:LS x\r\na=group:BUNDLE v a\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=sendonly\r\na=ice-ufrag:one\r\na=rtpmap:111 opus/48000/2\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=sendonly\r\na=ice-ufrag:two\r\na=rtpmap:96 VP8/90000\r\n";
  const auto plan =
      plan_offer(sdp, PublishKind::camera, {unavoce::consent::Kind::audio, unavoce::consent::Kind::video});
  REQUIRE(plan);
  CHECK(plan.value().ice.ufrags == std::set<std::string>{"one", "two"});
  CHECK(plan.value().ice.transports == std::map<std::string, unsigned>{{"a", 1}, {"v", 1}});
}
