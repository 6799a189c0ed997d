// What a service that was started again does with what it finds.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("after a restart the gate is closed, and the recording goes on once everybody approved again", "[meeting]") {
  const TemporaryFolder folder;
  auto in_folder = [&](Config& config) { config.data_folder = folder.path() / "data"; };
  auto server = std::make_unique<RunningServer>(in_folder);
  const Host before(*server);
  consent::RecordingId recording;
  {
    Attendee anna(before, Attendee::As::host);
    anna.ask();
    REQUIRE(anna.approve().status == 201);
    anna.wait_for_gate("open");
    recording = anna.request->body.recording;
    std::filesystem::copy(folder.path() / "data", folder.path() / "crashed", std::filesystem::copy_options::recursive);
  }
  server.reset();
  RunningServer again([&](Config& config) { config.data_folder = folder.path() / "crashed"; });
  const Reply login =
      again.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})");
  const std::string cookie = login.headers.at("set-cookie");
  Host after(before, again, {{"Cookie", cookie.substr(0, cookie.find(';'))}});
  const auto kinds = kinds_of(again, after, recording);
  CHECK(kinds.back() == "seal");
  Attendee anna(after, Attendee::As::host);
  REQUIRE(anna.request);
  CHECK(anna.request->body.recording == recording);
  CHECK(anna.welcome.at("gate").at("state") == "closed");
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 2);
}
