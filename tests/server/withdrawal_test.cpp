// Withdrawals: at once, again and again, during a session and afterwards, also when the disk fails.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

TEST_CASE("a withdrawal closes the gate before it is in the ledger, and then erases", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  REQUIRE(track_files(server) == 2);
  const Reply reply = post_statement(server, meeting.ben.withdrawal());
  REQUIRE(reply.status == 201);
  const std::string log = server.log_text();
  const auto closed = log.find("gate closed");
  const auto written = log.find("withdrawal in the ledger");
  REQUIRE(closed != std::string::npos);
  REQUIRE(written != std::string::npos);
  CHECK(closed < written);
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  const auto withdrawal = std::find(kinds.begin(), kinds.end(), "withdrawal");
  const auto erased = std::find(kinds.begin(), kinds.end(), "erased");
  CHECK(withdrawal < erased);
  REQUIRE(erased != kinds.end());
  const std::string key = "/api/v1/recordings/" + meeting.recording().hex() + "/keys/";
  check_problem(server.fetch("GET", key + meeting.ben.last_approval.hex(), meeting.host.login), 410, "gone");
  CHECK(server.fetch("GET", key + meeting.anna.last_approval.hex(), meeting.host.login).status == 200);
}

TEST_CASE("a withdrawal may be sent again and again", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string envelope = meeting.ben.withdrawal();
  const Reply first = post_statement(server, envelope);
  const Reply second = post_statement(server, envelope);
  CHECK(second.status == 201);
  CHECK(json_text(first.body, "entry") == json_text(second.body, "entry"));
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 1);
}

TEST_CASE("a withdrawal works after the session, from any device", "[meeting]") {
  const RunningServer server;
  std::optional<Recorded> meeting(std::in_place, server);
  const auto recording = meeting->recording();
  const std::string envelope = meeting->ben.withdrawal();
  REQUIRE(server.fetch("POST", "/api/v1/recordings/" + recording.hex() + "/stop", meeting->host.login, "{}").status ==
          204);
  CHECK(post_statement(server, envelope).status == 201);
  const auto kinds = kinds_of(server, meeting->host, recording);
  CHECK(kinds.back() == "erased");
}
