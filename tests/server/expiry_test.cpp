// An approval holds no longer than it says, also in the middle of a take.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

TEST_CASE("an approval that ends while recording closes the gate until its person approves again", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  auto body = ben.approval({Kind::audio});
  body.expires_ms = body.issued_ms + consent::SpanMs{4000};
  REQUIRE(post_statement(server, consent::sign_statement(body, ben.key), {}, ben.wrapped).status == 201);
  for (Attendee* who : {&anna, &ben}) {
    who->wait_for_gate("open");
    who->wait_for_gate("closed");
    CHECK(who->gate.at("reason") == "expired");
  }
  CHECK(wall_time() >= body.expires_ms);
  CHECK(ben.gate.at("waiting_for") == Json::array({ben.participant}));
  CHECK(anna.gate.at("answers") == Json{{"people", 2}, {"approved", 1}, {"refused", 0}});

  REQUIRE(ben.approve({Kind::audio}).status == 201);
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 2);
  const auto seals = statements_of<consent::Seal>(server, host, anna.request->body.recording);
  REQUIRE(seals.size() == 1);
  CHECK(seals.front().body.reason == consent::EndReason::expired);
}
