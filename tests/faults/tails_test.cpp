// Tails are replaced twice a second for as long as a take runs: any of them may be the one that fails.

#include <catch2/catch.hpp>

#include "faulty_service.hpp"
#include "tests/recorder/publisher.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;

TEST_CASE("a tail that cannot be replaced closes the gate, however many were before it, and the recording goes on",
          "[meeting]") {
  const TemporaryFolder folder;
  FaultyDisk disk{folder.path() / "data"};
  LogBook book;
  const FaultyService service{folder.path() / "data", disk, book};
  Recorded meeting(service);
  disk.arm({"recording", "rename", "tail"}, Trouble::once, 6);
  disk.enter("recording");
  recorder::test::PublisherOptions options;
  options.address.clear();
  recorder::test::Publisher publisher(options);
  const Reply answer = service.fetch("POST", meeting.publish.at("url").get<std::string>(),
                                     {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()},
                                      {"Content-Type", "application/sdp"}},
                                     publisher.offer());
  REQUIRE(answer.status == 201);
  publisher.accept(answer.body);
  while (meeting.anna.gate.at("reason") != "recorder_fault") meeting.anna.wait_for("gate");
  CHECK(disk.was_hit());
  CHECK(disk.seen().at({"recording", "rename", "tail"}) >= 6);
  CHECK(book.text().find(".webm") != std::string::npos);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") > 1);
}
