// Withdrawals on a disk that works but for one place: nothing is said to be erased that is not, and it follows.

#include <algorithm>
#include <catch2/catch.hpp>

#include "faulty_service.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// A recording under way, on a disk that can be told to fail.
struct Running {
  std::vector<std::string> kinds() const {
    const Reply reply = service.fetch("GET", "/api/v1/recordings/" + meeting.recording().hex(), meeting.host.login);
    std::vector<std::string> list;
    if (reply.status != 200) throw std::runtime_error(reply.body);
    const Json details = Json::parse(reply.body);
    for (const Json& entry : details.at("entries")) list.push_back(entry.at("kind"));
    return list;
  }
  std::ptrdiff_t count(const std::string& kind) const { return std::ranges::count(kinds(), kind); }
  Reply bundle() const {
    return service.fetch("GET", "/api/v1/recordings/" + meeting.recording().hex() + "/bundle", meeting.host.login);
  }
  unsigned key_of_ben() const {
    const std::string path = "/api/v1/recordings/" + meeting.recording().hex() + "/keys/";
    return service.fetch("GET", path + meeting.ben.last_approval.hex(), meeting.host.login).status;
  }

  TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  FaultyDisk disk{data};
  LogBook book;
  FaultyService service{data, disk, book};
  Recorded meeting{service};
};

}  // namespace

TEST_CASE("a key whose slot cannot be overwritten is not said to be erased, and is erased when it can be",
          "[meeting][withdrawal]") {
  Running running;
  running.disk.arm({"withdrawal", "pwrite", "slots"}, Trouble::bad);
  running.disk.enter("withdrawal");
  const std::string envelope = running.meeting.ben.withdrawal();
  check_problem(post_statement(running.service, envelope), 503, "proof_follows");
  CHECK(running.disk.was_hit());
  CHECK(running.count("withdrawal") == 1);
  CHECK(running.count("erased") == 0);
  CHECK(running.book.text().find("slots: Input/output error") != std::string::npos);
  running.disk.heal();
  await([&] { return running.count("erased") >= 1; });
  CHECK(running.key_of_ben() == 410);
  CHECK(post_statement(running.service, envelope).status == 201);
}

TEST_CASE(
    "a file that cannot be removed is not said to be erased, its key is gone at once, and it is removed when it can be",
    "[meeting][withdrawal]") {
  Running running;
  running.disk.arm({"withdrawal", "unlink", "main"}, Trouble::bad);
  running.disk.enter("withdrawal");
  const std::string envelope = running.meeting.ben.withdrawal();
  check_problem(post_statement(running.service, envelope), 503, "proof_follows");
  CHECK(running.key_of_ben() == 410);  // noise from now on, though its files are there
  CHECK(running.count("erased") == 0);
  // A bundle without them in which nothing says that they were erased would never verify.
  check_problem(running.bundle(), 503, "proof_follows");
  running.disk.heal();
  await([&] { return running.count("erased") >= 1; });
  CHECK(post_statement(running.service, envelope).status == 201);
  CHECK(running.bundle().status != 503);
}

TEST_CASE("an erasure that the ledger does not take has no proof, nothing comes back, and the proof follows",
          "[meeting][withdrawal]") {
  Running running;
  running.disk.turn({"withdrawal", "unlink", "main"}, "erasing");  // its row is in the ledger by then
  running.disk.arm({"erasing", "sqlite sync", "ledger.db-wal"}, Trouble::bad);
  running.disk.enter("withdrawal");
  const std::string envelope = running.meeting.ben.withdrawal();
  check_problem(post_statement(running.service, envelope), 503, "proof_follows");
  REQUIRE(running.disk.was_hit());
  CHECK(running.count("withdrawal") == 1);
  CHECK(running.count("erased") == 0);
  CHECK(running.key_of_ben() == 410);
  running.disk.heal();
  await([&] { return running.count("erased") >= 1; });
  CHECK(running.count("withdrawal") == 1);
  CHECK(post_statement(running.service, envelope).status == 201);
}

TEST_CASE("an erasure brings the row of its withdrawal along that the ledger refused before", "[meeting][withdrawal]") {
  Running running;
  running.disk.arm({"withdrawal", "sqlite sync", "ledger.db-wal"}, Trouble::once);
  running.disk.enter("withdrawal");
  check_problem(post_statement(running.service, running.meeting.ben.withdrawal()), 503, "proof_follows");
  REQUIRE(running.disk.was_hit());
  // Both are there before it is tried again: no crash can leave an erasure that nobody asked for.
  const auto kinds = running.kinds();
  CHECK(std::ranges::count(kinds, "withdrawal") == 1);
  CHECK(std::ranges::count(kinds, "erased") == 1);
  CHECK(std::ranges::find(kinds, "withdrawal") < std::ranges::find(kinds, "erased"));
  running.meeting.ben.wait_for("proven");
}

TEST_CASE("while neither ledger nor slots can be written nothing withdrawn is given out, though all of it can be read",
          "[meeting][withdrawal]") {
  Running running;
  auto ledger = storage::Database::open(running.data / "ledger.db").value();
  ledger.handle().exec(
      "CREATE TRIGGER test_fault BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  running.disk.arm({"withdrawal", "pwrite", "slots"}, Trouble::bad);
  running.disk.enter("withdrawal");
  check_problem(post_statement(running.service, running.meeting.ben.withdrawal()), 503, "proof_follows");
  CHECK(running.disk.was_hit());
  CHECK(running.key_of_ben() == 410);
  check_problem(running.bundle(), 503, "proof_follows");
  running.disk.heal();
  ledger.handle().exec("DROP TRIGGER test_fault");
  await([&] { return running.count("erased") >= 1; });
  CHECK(running.count("withdrawal") == 1);
}
