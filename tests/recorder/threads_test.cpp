// What a publisher costs in threads, at most: the service takes no more publishers than there are threads for
// (server/thread_limit.hpp), because GLib ends the process when it cannot have one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "opened.hpp"
#include "recorder/thread_cost.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

std::uint64_t threads_now() {
  std::uint64_t threads = 0;
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/task")) ++threads;
  return threads;
}

/// A camera's offer of so many sections, the further ones of nothing, each of them with a transport of its own if no
/// bundle says otherwise.
std::string offer_of(int sections, const std::string& groups) {
  std::string offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + groups;
  for (int section = 0; section < sections; ++section) {
    const bool is_sound = section == 0;
    offer += is_sound ? "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" : "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    offer +=
        "c=IN IP4 0.0.0.0\r\na=mid:" + std::to_string(section) + "\r\n" + (section < 2 ? "a=sendonly" : "a=inactive") +
        "\r\na=rtcp-mux\r\na=setup:actpass\r\na=ice-ufrag:some\r\na=ice-pwd:somesomesomesomesomesome\r\n"
        "a=fingerprint:sha-256 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:00:00:00\r\n";
    offer += is_sound ? "a=rtpmap:111 opus/48000/2\r\n" : "a=rtpmap:96 VP8/90000\r\n";
  }
  return offer;
}

}  // namespace

TEST_CASE("a publisher has one connection: an offer that wants more, however it says so, is refused", "[threads]") {
  Stage stage;
  const Person ada;
  const auto bundled = stage.publish(ada.publisher, offer_of(8, "a=group:BUNDLE 0 1 2 3 4 5 6 7\r\n"), both);
  CHECK(bundled);
  // Of several groups webrtcbin reads the first only.
  for (const char* groups : {"", "a=group:LS 0 1\r\na=group:BUNDLE 0 1\r\n"}) {
    CAPTURE(groups);
    const auto refused = stage.publish(ada.publisher, offer_of(2, groups), both);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().text.find("bundle") != std::string::npos);
  }
}

TEST_CASE("sources that nobody accepted cost no more threads than are counted for a publisher", "[threads]") {
  Stage stage;
  const Person ada;
  const auto camera = stage.join(ada);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  const auto honest = threads_now();  // of both sides
  camera->damage_sound(Damage::many_sources);
  constexpr auto of_its_own = 2;
  constexpr auto most = (max_streams - of_its_own) * threads_for_each_source;
  await([&] { return threads_now() >= honest + most / 2; });  // or they are not made, and this shows nothing
  std::uint64_t seen = 0;
  const auto until = camera->sent().audio + 150;  // three seconds: four of each in turn
  await([&] {
    seen = std::max(seen, threads_now() - honest);
    return camera->sent().audio >= until;
  });
  CHECK(seen <= most + threads_to_spare);
}
