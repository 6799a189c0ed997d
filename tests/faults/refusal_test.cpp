// A refusal on a disk that fails: the gate is closed whatever becomes of its row, and it is in the ledger once the disk
// works again.

#include <algorithm>
#include <catch2/catch.hpp>

#include "faulty_service.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;

TEST_CASE("whoever refuses while the disk fails is not recorded, is told, and refuses for good once it works",
          "[meeting]") {
  // Nothing becomes durable; or nothing works at all any more.
  const auto [operation, trouble] =
      GENERATE(table<std::string, Trouble>({{"sqlite sync", Trouble::no_sync}, {"sqlite write", Trouble::dead}}));
  CAPTURE(operation);
  const TemporaryFolder folder;
  FaultyDisk disk(folder.path() / "data");
  LogBook book;
  const FaultyService service(folder.path() / "data", disk, book);
  Recorded meeting(service);
  meeting.ben.was_sent("challenge");
  disk.arm({"refusal", operation, "ledger.db-wal"}, trouble);
  disk.enter("refusal");
  check_problem(meeting.ben.refuse(), 503, "storage");
  CHECK(disk.was_hit());
  meeting.ben.wait_for_gate("closed");
  meeting.anna.wait_for_gate("closed");
  while (meeting.anna.gate.at("reason") != "ledger_fault") meeting.anna.wait_for("gate");

  disk.heal();
  await([&] { return meeting.ben.was_sent("challenge"), meeting.ben.refuse().status == 201; });
  while (meeting.anna.gate.at("reason") == "ledger_fault") meeting.anna.wait_for("gate");
  CHECK(meeting.anna.gate.at("state") == "closed");
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const Json details = Json::parse(service.fetch("GET", target, meeting.host.login).body);
  const auto is_refusal = [](const Json& entry) { return entry.at("kind") == "refusal"; };
  CHECK(std::ranges::count_if(details.at("entries"), is_refusal) == 1);
}
