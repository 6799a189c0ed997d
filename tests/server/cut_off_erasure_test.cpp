// The erasure of a whole recording that a crash or the disk cuts off goes on by itself; until it is done nothing of the
// recording is given out, and nothing of it counts as damage.

#include <catch2/catch.hpp>

#include "verified.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::ErasedReason;

namespace {

/// A recording that has ended, and whose erasure ended between its keys and its files: one of these cannot be removed.
struct HalfErased {
  explicit HalfErased(const RunningServer& server) : meeting(server), recording(meeting.recording().hex()) {
    const std::string target = "/api/v1/recordings/" + recording;
    REQUIRE(server.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
    std::filesystem::create_directories(stuck_in(server.data_folder()));
    REQUIRE(server.fetch("DELETE", target, meeting.host.login).status >= 500);
    REQUIRE_FALSE(erasure_of(server, recording));
  }
  std::filesystem::path stuck_in(const std::filesystem::path& data) const {
    return data / "blobs" / recording / "stuck";
  }

  Recorded meeting;
  std::string recording;
};

}  // namespace

TEST_CASE("of a recording whose erasure was cut off nothing is given out", "[meeting][erasure]") {
  const RunningServer server;
  const HalfErased half(server);
  const Host& host = half.meeting.host;
  for (const char* below : {"", "/bundle", "/tracks"}) {
    CAPTURE(below);
    check_problem(server.fetch("GET", "/api/v1/recordings/" + half.recording + below, host.login), 410, "gone");
  }
  check_problem(wrapped_key(server, host, half.meeting.recording(), half.meeting.ben.last_approval), 410, "gone");
  const Json list = Json::parse(server.fetch("GET", "/api/v1/recordings", host.login).body);
  CHECK(list.at("recordings").at(0).at("state") == "erasing");
}

TEST_CASE("an erasure that a crash cut off is no damage, and the next start finishes it", "[meeting][erasure]") {
  const TemporaryFolder folder;
  const auto crashed = folder.path() / "crashed";
  std::string recording;
  {
    const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
    const HalfErased half(first);
    recording = half.recording;
    copy_live(first.data_folder(), crashed);
    std::filesystem::remove(half.stuck_in(crashed));
  }
  const auto fsck = testing::run(std::string(UNAVOCE_PROGRAM) + " fsck --json " + crashed.string() + " 2>&1");
  INFO(fsck.output);
  CHECK(fsck.exit_code == 0);
  CHECK_THAT(fsck.output, Catch::Contains("is being erased as a whole"));

  const RunningServer later([&](Config& config) {
    config.data_folder = crashed;
    config.come_back_within = std::chrono::hours(1);  // not by a sweep
  });
  const auto erased = erasure_of(later, recording);
  REQUIRE(erased);
  CHECK(erased->body.reason == ErasedReason::recording_deleted);
  CHECK(files_of(later, recording) == 0);
}

TEST_CASE("an erasure that the disk cut off is finished by a later sweep", "[meeting][erasure]") {
  const RunningServer server([](Config& config) {
    config.come_back_within = std::chrono::milliseconds(1);
    config.sweep_every = std::chrono::milliseconds(100);
    config.max_requests_per_second = 1'000'000;
  });
  const HalfErased half(server);
  std::filesystem::remove(half.stuck_in(server.data_folder()));
  std::optional<consent::Signed<consent::Erased>> erased;
  await([&] { return (erased = erasure_of(server, half.recording)).has_value(); });
  CHECK(erased->body.reason == ErasedReason::recording_deleted);
  CHECK(files_of(server, half.recording) == 0);
}
