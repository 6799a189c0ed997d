// Rooms in which a withdrawal erases whole takes: which takes these are, with media in them.

#include <catch2/catch.hpp>

#include "recorded.hpp"
#include "tests/program.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

void erase_whole_takes(consent::Room& room) {
  room.withdrawal_erases = consent::WithdrawalErases::whole_takes;
}

/// The bytes of all files of a take, as far as they are on the disk.
std::uintmax_t bytes_of_take(const RunningServer& server, const std::string& prefix) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder() / "blobs")) {
    if (file.path().filename().string().starts_with(prefix)) bytes += file.file_size();
  }
  return bytes;
}

void publish(const RunningServer& server, const Json& place, recorder::test::Publisher& publisher) {
  const auto url = place.at("url").get<std::string>();
  const Headers headers{{"Content-Type", "application/sdp"},
                        {"Authorization", "Bearer " + place.at("token").get<std::string>()}};
  const Reply answer = server.fetch("POST", url, headers, publisher.offer());
  if (answer.status != 201) throw std::runtime_error("not answered: " + answer.body);
  publisher.accept(answer.body);
}

}  // namespace

TEST_CASE("a withdrawal that takes whole takes leaves those alone in which the person was not", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server, erase_whole_takes);
  recorder::test::PublisherOptions options;
  options.address.clear();  // the service, too, uses the machine's addresses
  recorder::test::Publisher ben(options);
  publish(server, meeting.publish, ben);
  await([&] { return bytes_of_take(server, "t001-") > 20'000; });
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  meeting.anna.wait_for_gate("closed");
  REQUIRE(carl.approve().status == 201);
  while (meeting.anna.gate.at("state") != "open") meeting.anna.wait_for("gate");
  REQUIRE(meeting.anna.gate.at("take") == 2);
  await([&] { return bytes_of_take(server, "t002-") > 20'000; });
  const std::uintmax_t kept = bytes_of_take(server, "t001-");

  REQUIRE(post_statement(server, carl.withdrawal()).status == 201);
  CHECK(bytes_of_take(server, "t001-") == kept);
  CHECK(bytes_of_take(server, "t002-") == 0);

  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  REQUIRE(server.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
  meeting.anna.wait_for("recording_ended");
  const Reply bundle = server.fetch("GET", target + "/bundle", meeting.host.login);
  REQUIRE(bundle.status == 200);
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "bundle.tar", bundle.body);
  const auto verified = testing::run(std::string(UNAVOCE_PROGRAM) + " verify " + folder / "bundle.tar" + " 2>&1");
  INFO(verified.output);
  CHECK(verified.exit_code == 0);
}
