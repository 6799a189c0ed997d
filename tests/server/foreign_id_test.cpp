// Ids travel: everybody in a meeting knows the recording's, everybody with the link the room's. Naming one gives no
// power over it.

#include <catch2/catch.hpp>

#include "attendee.hpp"
#include "running_server.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// A stranger's withdrawal from whatever has this id.
Reply withdraw_from(const RunningServer& server, const consent::RecordingId& id) {
  const auto key = crypto::SigningKey::generate();
  return post_statement(server,
                        consent::sign_statement(
                            consent::Withdrawal{id, key.public_key(), consent::Scope::all(), false, wall_time()}, key));
}

}  // namespace

TEST_CASE("a stranger's withdrawal that names a room is refused, and the room still opens", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  CHECK(withdraw_from(server, consent::RecordingId(host.room.room.bytes())).status == 404);
  CHECK(server.fetch("GET", "/api/v1/rooms", host.login).body.find(host.room.title) != std::string::npos);
  Attendee anna(host, Attendee::As::host);
  CHECK(!anna.participant.empty());
}

TEST_CASE("a withdrawal by a key that approved nothing is refused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  CHECK(withdraw_from(server, anna.request->body.recording).status == 404);
}

TEST_CASE("a request that names another request's recording is refused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  auto again = host.request(anna.welcome.at("session"), {Kind::audio});
  again.recording = anna.request->body.recording;
  const Reply reply = post_statement(server, consent::sign_statement(again, host.room_key), host.login);
  CHECK(reply.status == 409);
}

TEST_CASE("a request whose recording id is a room's id is refused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  auto body = host.request(anna.welcome.at("session"), {Kind::audio});
  body.recording = consent::RecordingId(host.room.room.bytes());
  const Reply reply = post_statement(server, consent::sign_statement(body, host.room_key), host.login);
  CHECK(reply.status == 409);
  CHECK(server.fetch("GET", "/api/v1/rooms", host.login).status == 200);
}

TEST_CASE("somebody else's signature does not use up a participant's challenge", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const auto forger = crypto::SigningKey::generate();
  auto forged = anna.approval({});
  forged.key = forger.public_key();
  CHECK(post_statement(server, consent::sign_statement(forged, forger)).status >= 400);
  CHECK(post_statement(server, consent::sign_statement(anna.approval({}), anna.key)).status == 201);
}

TEST_CASE("nor does a refusal that somebody else signed, who does not even know the challenge", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const auto forger = crypto::SigningKey::generate();
  const auto answer = anna.approval({});
  consent::Refusal forged{answer.request,      answer.recording, answer.participant, answer.role,
                          forger.public_key(), answer.challenge, answer.nonce,       answer.issued_ms};
  forged.challenge = crypto::to_base64url(crypto::random_array<32>());
  const Reply reply = post_statement(server, consent::sign_statement(forged, forger));
  CHECK(reply.status == 403);
  CHECK(json_text(reply.body, "code") == "not_permitted");
  CHECK(anna.refuse().status == 201);
}
