// An approval holds no longer than it says, also in the middle of a take.

#include <algorithm>
#include <catch2/catch.hpp>

#include "asked.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

TEST_CASE("an approval that ends while recording closes the gate until its person approves again", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  auto body = meeting.ben.approval({Kind::audio});
  body.expires_ms = body.issued_ms + consent::SpanMs{4000 * testing::kSlower};
  REQUIRE(post_statement(server, consent::sign_statement(body, meeting.ben.key), {}, meeting.ben.wrapped).status ==
          201);
  const auto both = {&meeting.anna, &meeting.ben};
  for (Attendee* who : both) who->wait_for_gate("open");
  // Read by turns: who is not read for long answers no ping either, and is gone before the approval ends.
  const auto sees_it_closed = [](const Attendee* who) { return who->gate.at("state") == "closed"; };
  while (!std::ranges::all_of(both, sees_it_closed)) {
    for (Attendee* who : both) who->look(testing::patience(std::chrono::milliseconds(100)));
  }
  for (const Attendee* who : both) CHECK(who->gate.at("reason") == "expired");
  CHECK(wall_time() >= body.expires_ms);
  CHECK(meeting.ben.gate.at("waiting_for") == Json::array({meeting.ben.participant}));
  CHECK(meeting.anna.gate.at("answers") == Json{{"people", 2}, {"approved", 1}, {"refused", 0}});

  REQUIRE(meeting.ben.approve({Kind::audio}).status == 201);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  const auto seals = statements_of<consent::Seal>(server, meeting.host, meeting.recording());
  REQUIRE(seals.size() == 1);
  CHECK(seals.front().body.reason == consent::EndReason::expired);
}
