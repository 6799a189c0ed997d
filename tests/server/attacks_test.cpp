// What somebody in the meeting tries with what is another's: consent keys, tokens, places to publish. That the
// recorder writes nothing of anybody whom the take does not name: tests/recorder/take_test.cpp.

#include <catch2/catch.hpp>

#include "asked.hpp"
#include "recorded.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;
using recorder::test::Publisher;

namespace {

/// A WHIP request with the token of a place.
Reply whip(const RunningServer& server, const std::string& method, const std::string& target, const Json& publish,
           const std::string& offer = {}) {
  const Headers headers = {{"Authorization", "Bearer " + publish.at("token").get<std::string>()},
                           {"Content-Type", "application/sdp"}};
  return server.fetch(method, target, headers, offer);
}

}  // namespace

TEST_CASE("nobody approves with another person's consent key, wrapped or not", "[meeting]") {
  const RunningServer server;
  AskedOfThree meeting(server);
  REQUIRE(meeting.ben.approve({Kind::audio}).status == 201);
  enum class Stolen { consent_key, wrapped_key, both };
  for (const Stolen stolen : {Stolen::consent_key, Stolen::wrapped_key, Stolen::both}) {
    CAPTURE(static_cast<int>(stolen));
    auto body = meeting.carl.approval({Kind::audio});
    if (stolen != Stolen::wrapped_key) body.consent_recipient = meeting.ben.consent_key->recipient();
    if (stolen != Stolen::consent_key) {
      meeting.carl.wrapped = meeting.ben.wrapped;
      body.wrapped_sha256 = crypto::sha256(*meeting.ben.wrapped);
    }
    const std::string envelope = consent::sign_statement(body, meeting.carl.key);
    check_problem(post_statement(server, envelope, {}, meeting.carl.wrapped), 409, "conflict");
    meeting.carl.wait_for("challenge");
  }
  const auto approvals = statements_of<consent::Approval>(server, meeting.host, meeting.recording());
  REQUIRE(approvals.size() == 1);
  CHECK(approvals.front().id == meeting.ben.last_approval);
  CHECK(meeting.carl.approve({Kind::audio}).status == 201);  // with keys of his own
}

TEST_CASE("another person's token publishes nothing, and touches nothing that is published", "[meeting][whip]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  const Json annas = Json::parse(meeting.anna.approve().body).at("publish");
  const Json bens = Json::parse(meeting.ben.approve().body).at("publish");
  const std::string place = bens.at("url");
  const Publisher publisher({});
  check_problem(whip(server, "POST", place, annas, publisher.offer()), 403, "wrong_token");
  const Reply answer = whip(server, "POST", place, bens, publisher.offer());
  REQUIRE(answer.status == 201);
  const std::string session = answer.headers.at("location");
  check_problem(whip(server, "PATCH", session, annas), 403, "wrong_token");
  check_problem(whip(server, "DELETE", session, annas), 403, "wrong_token");
  CHECK(whip(server, "DELETE", session, bens).status == 200);  // it was still there
}

TEST_CASE("who left has no place to publish in the take that goes on without them", "[meeting][whip]") {
  const RunningServer server;
  Recorded meeting(server);
  meeting.ben.send({{"type", "leave"}});
  meeting.anna.wait_for_gate("closed");
  meeting.anna.wait_for_gate("open");
  const Publisher publisher({});
  const std::string place = meeting.publish.at("url");
  check_problem(whip(server, "POST", place, meeting.publish, publisher.offer()), 404, "not_found");
  std::vector<consent::StatementId> recorded;
  for (const auto& track : statements_of<consent::Track>(server, meeting.host, meeting.recording()))
    if (track.body.take == 2) recorded.push_back(track.body.approval);
  CHECK(recorded == std::vector<consent::StatementId>{meeting.anna.last_approval});
}
