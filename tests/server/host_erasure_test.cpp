// A host erases one recording before its time: all of it, and nothing else; and what keeps them from it.

#include <algorithm>
#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::ErasedReason;

namespace {

std::string target_of(const std::string& recording) {
  return "/api/v1/recordings/" + recording;
}

Reply erase(const Host& host, const std::string& recording) {
  return host.server.fetch("DELETE", target_of(recording), host.login);
}

void end(const Host& host, const consent::RecordingId& recording) {
  REQUIRE(host.server.fetch("POST", target_of(recording.hex()) + "/stop", host.login, "{}").status == 204);
}

/// The ids on the host's list.
std::vector<std::string> listed(const Host& host) {
  const Json list = Json::parse(host.server.fetch("GET", "/api/v1/recordings", host.login).body);
  std::vector<std::string> ids;
  for (const Json& recording : list.at("recordings")) ids.push_back(recording.at("recording"));
  return ids;
}

/// A file as of a track. What the tests record alone holds no media, and of that no file is left when it ends.
void plant_file(const RunningServer& server, const std::string& recording) {
  const auto folder = server.data_folder() / "blobs" / recording;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "t001-0123456789abcdef-f001.webm.age") << "sealed";
}

/// The recordings of a service cannot be taken off its list until this is healed.
class ListFault {
 public:
  explicit ListFault(const RunningServer& server)
      : database_(storage::Database::open(server.data_folder() / "unavoce.db").value()) {
    database_.handle().exec(
        "CREATE TRIGGER test_fault BEFORE DELETE ON recordings BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  }
  void heal() { database_.handle().exec("DROP TRIGGER test_fault"); }

 private:
  storage::Database database_;
};

}  // namespace

TEST_CASE("a host erases a recording that has ended: keys, files and statements, and the ledger says so", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  end(meeting.host, meeting.recording());
  plant_file(server, recording);
  REQUIRE(files_of(server, recording) > 0);
  REQUIRE(erase(meeting.host, recording).status == 204);

  CHECK(files_of(server, recording) == 0);
  CHECK(listed(meeting.host).empty());
  for (const char* below : {"", "/bundle", "/tracks"}) {
    CAPTURE(below);
    check_problem(server.fetch("GET", target_of(recording) + below, meeting.host.login), 404, "not_found");
  }
  for (const auto& approval : {meeting.anna.last_approval, meeting.ben.last_approval}) {
    CHECK(wrapped_key(server, meeting.host, meeting.recording(), approval).status == 404);
    CHECK(server.fetch("GET", "/api/v1/statements/" + approval.hex() + "/receipt").status == 404);
  }
  const auto erased = erasure_of(server, recording);
  REQUIRE(erased);
  CHECK(erased->body.reason == ErasedReason::recording_deleted);
  CHECK(erased->body.what == std::vector<std::string>{"recording"});
  check_problem(erase(meeting.host, recording), 404, "not_found");
}

TEST_CASE("who was recorded is told that all of it is gone: with their token, and when they take back", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  end(meeting.host, meeting.recording());
  REQUIRE(erase(meeting.host, recording).status == 204);
  const Headers token = {{"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()}};
  check_problem(server.fetch("GET", target_of(recording) + "/tracks", token), 410, "gone");
  check_problem(post_statement(server, meeting.ben.withdrawal()), 410, "gone");
  CHECK(erasure_of(server, recording)->body.what == std::vector<std::string>{"recording"});
}

TEST_CASE("the room's other recordings stay, and the next one is asked for in it", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string first = meeting.recording().hex();
  end(meeting.host, meeting.recording());
  for (Attendee* person : {&meeting.anna, &meeting.ben}) person->request.reset();
  meeting.anna.ask();
  meeting.ben.wait_for_request();
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.ben.approve().status == 201);
  meeting.anna.wait_for_gate("closed");
  meeting.anna.wait_for_gate("open");
  const std::string second = meeting.recording().hex();
  plant_file(server, first);

  REQUIRE(erase(meeting.host, first).status == 204);
  CHECK(files_of(server, first) == 0);
  CHECK(listed(meeting.host) == std::vector<std::string>{second});
  CHECK(files_of(server, second) > 0);
  CHECK(wrapped_key(server, meeting.host, meeting.recording(), meeting.ben.last_approval).status == 200);
  end(meeting.host, meeting.recording());
  CHECK(server.fetch("GET", target_of(second) + "/bundle", meeting.host.login).status == 200);
}

TEST_CASE("a recording that has not ended is not erased: while it is asked for, runs, or is paused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  anna.ask();
  const consent::RecordingId recording = anna.request->body.recording;
  check_problem(erase(host, recording.hex()), 409, "not_ended");
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  check_problem(erase(host, recording.hex()), 409, "not_ended");
  CHECK(track_files(server) == 1);
  REQUIRE(anna.refuse().status == 201);
  anna.wait_for_gate("closed");
  check_problem(erase(host, recording.hex()), 409, "not_ended");
  CHECK_FALSE(erasure_of(server, recording.hex()));
  end(host, recording);
  CHECK(erase(host, recording.hex()).status == 204);
}

TEST_CASE("a recording that was stopped can be erased although its final seal is still owed", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  LedgerFault seals(server, "seal");
  check_problem(server.fetch("POST", target_of(recording) + "/stop", meeting.host.login, "{}"), 503, "seal_follows");
  await([&] { return erase(meeting.host, recording).status == 204; });  // its session may still be ending
  CHECK(erasure_of(server, recording));
  CHECK(files_of(server, recording) == 0);
  // What is owed of it is owed no more: nothing of it comes back.
  seals.heal();
  const std::string words = "no seal is owed";  // as at the start
  await([&] {
    const std::string log = server.log_text();
    return log.find(words) != log.rfind(words);
  });
  CHECK(listed(meeting.host).empty());
}

TEST_CASE("a withdrawal that is not in the ledger yet is finished before its recording may be erased", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  end(meeting.host, meeting.recording());
  LedgerFault fault(server);
  check_problem(post_statement(server, meeting.ben.withdrawal()), 503, "proof_follows");
  check_problem(erase(meeting.host, recording), 409, "withdrawal_unfinished");
  fault.heal();
  meeting.ben.wait_for("proven");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "withdrawal") == 1);
  await([&] { return erase(meeting.host, recording).status == 204; });
}

TEST_CASE("an erasure that could not be finished is finished when it is asked for again", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  end(meeting.host, meeting.recording());
  ListFault fault(server);
  check_problem(erase(meeting.host, recording), 503, "storage");
  CHECK(files_of(server, recording) == 0);
  CHECK(erasure_of(server, recording));
  fault.heal();
  CHECK(erase(meeting.host, recording).status == 204);
  check_problem(erase(meeting.host, recording), 404, "not_found");
}
