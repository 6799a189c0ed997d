// A disk that fills up: recordings stop before it is full, everything else goes on, and they begin again by themselves.

#include <catch2/catch.hpp>
#include <optional>

#include "faulty_service.hpp"
#include "publishing.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;

namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

/// A service on a disk that is as full as a test says.
struct Filling {
  explicit Filling(std::uint64_t free_mib) {
    let_be_free(free_mib);
    service.emplace(folder.path() / "data", disk, book);
  }
  void let_be_free(std::uint64_t mib) { disk.let_be_free(mib * kMib); }
  std::string health() const { return service->fetch("GET", "/api/v1/health").body; }
  /// How often the log says this.
  std::size_t lines(const std::string& text) const {
    const std::string log = book.text();
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  TemporaryFolder folder;
  FaultyDisk disk{folder.path() / "data"};
  LogBook book;
  std::optional<FaultyService> service;
};

void wait_for_reason(Attendee& attendee, const std::string& reason) {
  while (attendee.gate.at("reason") != reason) attendee.wait_for("gate");
}

}  // namespace

TEST_CASE("a take ends when less of the disk is free than the reserve, and the next one begins when there is room",
          "[meeting]") {
  Filling disk(5000);
  Recorded meeting(*disk.service);
  const auto publisher = publish(*disk.service, meeting.publish);
  await([&] { return disk.lines("first frame of a track sealed") == 1; });
  CHECK(disk.health() == R"({"status":"ok"})");

  disk.let_be_free(1023);
  wait_for_reason(meeting.anna, "recorder_fault");
  CHECK(meeting.anna.gate.at("state") == "closed");
  CHECK(disk.health() == R"({"status":"disk_low"})");
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const auto has_seal = [&] {
    return disk.service->fetch("GET", target, meeting.host.login).body.find("\"seal\"") != std::string::npos;
  };
  await(has_seal);

  disk.let_be_free(5000);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take").get<int>() > 1);
  CHECK(disk.health() == R"({"status":"ok"})");
  CHECK(disk.lines("the disk is nearly full: only 1023 MiB are free") == 1);
  CHECK(disk.lines("5000 MiB are free on the volume of the recordings again") == 1);
  CHECK(disk.service->fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
}

TEST_CASE("below the reserve people log in, come, approve and take back as ever, and no take begins", "[meeting]") {
  Filling disk(5000);
  Recorded meeting(*disk.service);
  disk.let_be_free(100);
  wait_for_reason(meeting.anna, "recorder_fault");
  CHECK(disk.service
            ->fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})")
            .status == 200);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.approve().status == 201);
  CHECK(post_statement(*disk.service, meeting.ben.withdrawal()).status == 201);
  const std::string key =
      "/api/v1/recordings/" + meeting.recording().hex() + "/keys/" + meeting.ben.last_approval.hex();
  check_problem(disk.service->fetch("GET", key, meeting.host.login), 410, "gone");
  CHECK(disk.lines("gate open ") == 1);
}

TEST_CASE("a service whose disk is nearly full at its start says so, and begins its takes when there is room",
          "[meeting]") {
  Filling disk(10);
  CHECK(disk.lines("the disk is nearly full: only 10 MiB are free") == 1);
  const Host host(*disk.service);
  Attendee anna(host, Attendee::As::host, "Anna");
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  wait_for_reason(anna, "recorder_fault");
  disk.let_be_free(1100);  // more than the reserve, but not enough to go on
  anna.look(std::chrono::milliseconds(1500));
  CHECK(anna.gate.at("state") == "closed");
  CHECK(disk.lines("gate open ") == 0);
  disk.let_be_free(1152);
  anna.wait_for_gate("open");
}
