// How much of the ledger one account, room and recording may have; and that nothing which takes something back is ever
// refused for it.

#include <catch2/catch.hpp>

#include "asked.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

void without_rate_limit(Config& config) {
  config.max_requests_per_second = 1'000'000;
}

/// The service's ledger, changed beside it: what would take a test too long to do.
void in_the_ledger(const RunningServer& server, const std::string& sql) {
  auto database = storage::Database::open(server.data_folder() / "ledger.db").value();
  database.handle().exec("PRAGMA foreign_keys = OFF");
  database.handle().exec(sql);
}

/// As many as somebody may give at once.
void approve_often(Attendee& person, int times) {
  for (int i = 0; i < times; ++i) {
    const Reply reply = person.approve({});
    if (reply.status != 201) throw std::runtime_error("not approved: " + reply.body);
    person.wait_for("challenge");
  }
}

}  // namespace

TEST_CASE("a room has so many versions and no more", "[shares]") {
  const RunningServer server(without_rate_limit);
  Host host(server);
  const auto change = [&] {
    host.room.previous = consent::id_of(host.room);
    ++host.room.version;
    return server.fetch("PUT", "/api/v1/rooms/" + host.room.room.hex(), host.login,
                        envelope_body(consent::sign_statement(host.room, host.room_key)));
  };
  while (host.room.version < 200) REQUIRE(change().status == 200);
  check_problem(change(), 403, "too_many_versions");
}

TEST_CASE("an account keeps so many recordings, in all of its rooms, and may ask again when one is gone", "[shares]") {
  const RunningServer server;
  Gathered meeting(server);
  in_the_ledger(server,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
                "INSERT INTO ledger_recordings SELECT 'kept ' || i, '" +
                    meeting.host.room.room.hex() + "' FROM n");
  CHECK_THROWS_WITH(meeting.anna.ask(), Catch::Contains("too_many_recordings"));
  in_the_ledger(server, "DELETE FROM ledger_recordings WHERE recording = 'kept 1'");
  CHECK_NOTHROW(meeting.anna.ask());
}

TEST_CASE("a flood of approvals under fresh keys makes nobody wait for longer than a minute", "[shares]") {
  const RunningServer server(without_rate_limit);
  AskedOfTwo meeting(server);
  for (int i = 0; i < 3; ++i) {
    Attendee stranger(meeting.host, Attendee::As::participant);
    approve_often(stranger, 20);
  }
  check_problem(meeting.ben.approve(), 429, "too_many_answers");
  meeting.ben.wait_for("challenge");
  CHECK(meeting.ben.refuse().status == 201);
  meeting.ben.wait_for("challenge");
  in_the_ledger(server, "UPDATE ledger_entries SET received_ms = received_ms - 61000 WHERE kind = 'approval'");
  CHECK(meeting.ben.approve().status == 201);
}

TEST_CASE("a flood of refusals under fresh keys is in effect and not kept; whoever approved refuses all the same",
          "[shares]") {
  const RunningServer server(without_rate_limit);
  AskedOfTwo meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.ben.approve().status == 201);
  meeting.ben.wait_for("challenge");
  for (int i = 0; i < 60; ++i) {
    Attendee stranger(meeting.host, Attendee::As::participant);
    stranger.wait_for_request();
    REQUIRE(stranger.refuse().status == 201);
  }
  Attendee stranger(meeting.host, Attendee::As::participant);
  stranger.wait_for_request();
  check_problem(stranger.refuse(), 429, "refusal_not_kept");
  meeting.anna.wait_for("refused");  // its host is told of them
  CHECK(meeting.ben.refuse().status == 201);
  in_the_ledger(server, "UPDATE ledger_entries SET received_ms = received_ms - 61000 WHERE kind = 'refusal'");
  stranger.wait_for("challenge");
  CHECK(stranger.refuse().status == 201);
}

TEST_CASE("a recording takes so many approvals, every refusal and withdrawal, and the next one takes more",
          "[shares]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.ben.approve().status == 201);
  meeting.ben.wait_for("challenge");
  in_the_ledger(
      server,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 998) "
      "INSERT INTO ledger_entries SELECT 1000000 + i, recording, 1000000 + i, kind, randomblob(32), envelope, "
      "entry, r, 0 FROM n, (SELECT * FROM ledger_entries WHERE kind = 'approval' ORDER BY idx LIMIT 1)");
  check_problem(meeting.ben.approve(), 409, "too_many_approvals");
  meeting.ben.wait_for("challenge");
  CHECK(meeting.ben.refuse().status == 201);
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  const auto full = meeting.recording();
  meeting.anna.ask();
  while (meeting.anna.request->body.recording == full) meeting.anna.wait_for("request");
  CHECK(meeting.anna.approve().status == 201);
}
