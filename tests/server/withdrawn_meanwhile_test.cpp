// A withdrawal that comes without a session is in effect from the moment the service has it, whatever it has to wait
// for, and whoever else asks for something: also if a session begins meanwhile.

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <optional>

#include "posted.hpp"
#include "verified.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// Withdrawals by keys that nobody knows, all at once: whoever knows a recording's id can send them.
class Strangers {
 public:
  Strangers(const Service& server, const consent::RecordingId& recording, int count) {
    for (int i = 0; i < count; ++i) {
      const auto key = crypto::SigningKey::generate();
      const consent::Withdrawal body{recording, key.public_key(), consent::Scope::all(), false, wall_time()};
      posted_.push_back(std::make_unique<Posted>(server, statement(consent::sign_statement(body, key))));
    }
  }
  void check_are_told_there_is_nothing() {
    for (const auto& one : posted_) check_problem(one->answer(), 404, "unknown_reference");
  }

 private:
  std::vector<std::unique_ptr<Posted>> posted_;
};

void end(const Host& host, const consent::RecordingId& recording) {
  const std::string stop = "/api/v1/recordings/" + recording.hex() + "/stop";
  REQUIRE(host.server.fetch("POST", stop, host.login, "{}").status == 204);
}

}  // namespace

TEST_CASE("what is taken back is not given out while the withdrawal waits for the disk, behind those of strangers",
          "[meeting][withdrawal]") {
  const RunningServer server;
  Recorded meeting(server);
  end(meeting.host, meeting.recording());
  REQUIRE(wrapped_key(server, meeting.host, meeting.recording(), meeting.ben.last_approval).status == 200);
  std::optional<LedgerHeld> held(std::in_place, server);
  // Something that writes, so that everything behind it waits.
  const crypto::SigningKey key = crypto::SigningKey::generate();
  Posted room(server, post_of("/api/v1/rooms", envelope_body(consent::sign_statement(new_room(server, key), key)),
                              cookie_of(meeting.host)));
  pass(server);
  // Asked for before, and read after it.
  Posted early(server, "GET /api/v1/recordings/" + meeting.recording().hex() + "/keys/" +
                           meeting.ben.last_approval.hex() +
                           " HTTP/1.1\r\nHost: localhost\r\nCookie: " + meeting.host.login.front().second + "\r\n\r\n");
  pass(server);
  Strangers strangers(server, meeting.recording(), 20);
  Posted bens(server, statement(meeting.ben.withdrawal()));
  pass(server);
  auto read = std::async(std::launch::async, [&] {
    return wrapped_key(server, meeting.host, meeting.recording(), meeting.ben.last_approval);
  });
  pass(server);
  held.reset();
  check_problem(early.answer(), 410, "gone");
  check_problem(read.get(), 410, "gone");
  CHECK(bens.answer().status == 201);
  strangers.check_are_told_there_is_nothing();
  CHECK(room.answer().status == 201);
}

TEST_CASE("who took back before anybody was there again is not recorded when all come back by themselves",
          "[meeting][withdrawal][takes]") {
  consent::StatementId annas;
  consent::StatementId bens;
  const AfterCrash crash([&](const RunningServer&, Recorded& meeting) {
    annas = meeting.anna.last_approval;
    bens = meeting.ben.last_approval;
  });
  const RunningServer& server = *crash.server;
  Strangers strangers(server, crash.recording, 150);
  Posted posted(server, statement(crash.bens_withdrawal));
  pass(server);
  Attendee anna(*crash.host, Attendee::As::host, "Anna", {.key = &crash.anna_key});
  Attendee ben(*crash.host, Attendee::As::participant, "Ben", {.key = &crash.ben_key});
  REQUIRE(anna.confirm(annas).at("type") == "confirmed");
  CHECK(ben.confirm(bens).contains("code"));  // a problem: there is nothing to confirm, or not before the proof
  auto answer = std::async(std::launch::async, [&] { return posted.answer(); });
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    anna.look(std::chrono::milliseconds(10));
  CHECK(answer.get().status == 201);
  CHECK(statements_of<consent::Take>(server, *crash.host, crash.recording).size() == 1);  // from before the crash
  const auto outcome = stopped_and_verified(server, *crash.host, crash.recording);
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("strangers who withdraw what they never approved are told so, each time", "[withdrawal][limits]") {
  const RunningServer server;
  Recorded meeting(server);
  end(meeting.host, meeting.recording());
  Strangers strangers(server, meeting.recording(), 100);
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  strangers.check_are_told_there_is_nothing();
  const std::string bundle = "/api/v1/recordings/" + meeting.recording().hex() + "/bundle";
  CHECK(server.fetch("GET", bundle, meeting.host.login).status == 200);
}

TEST_CASE("a host who asks without end to erase what has not ended is told to wait, and keeps no withdrawal waiting",
          "[withdrawal][limits]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  Reply last;
  int refused = 0;
  for (; refused < 300 && last.status != 429; ++refused) last = server.fetch("DELETE", target, meeting.host.login);
  CHECK(refused > 20);
  check_problem(last, 429, "rate_limited");
  CHECK(post_statement(server, meeting.ben.withdrawal()).status == 201);
  end(meeting.host, meeting.recording());
  await([&] { return server.fetch("DELETE", target, meeting.host.login).status == 204; });
}
