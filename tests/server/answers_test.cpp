// Requests, approvals and refusals: what they are good for, and what is refused.

#include <catch2/catch.hpp>

#include "asked.hpp"
#include "consent/receipt.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

TEST_CASE("a refusal keeps the gate closed and only the host hears of it, not who", "[meeting]") {
  const RunningServer server;
  AskedOfThree meeting(server);
  REQUIRE(meeting.anna.approve().status == 201);
  REQUIRE(meeting.carl.approve().status == 201);
  REQUIRE(meeting.ben.refuse().status == 201);
  CHECK(meeting.anna.wait_for("refused").at("participant").is_null());
  CHECK(meeting.anna.gate.at("state") == "closed");
  CHECK_FALSE(meeting.carl.was_sent("refused"));
  CHECK(meeting.carl.gate.at("state") == "closed");
}

TEST_CASE("if the request says that refusals are named, they are", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server, {Kind::audio}, [](consent::Request& request) { request.names_refusals = true; });
  REQUIRE(meeting.ben.refuse().status == 201);
  CHECK(meeting.anna.wait_for("refused").at("participant") == meeting.ben.participant);
  const Attendee carl(meeting.host, Attendee::As::participant);
  CHECK(carl.welcome.at("gate").at("answers").at("refused") == 1);
  for (const Json& entry : carl.welcome.at("roster"))
    if (entry.at("participant") == meeting.ben.participant) CHECK(entry.at("answer") == "refused");
}

TEST_CASE("another request ends the one before it, and nobody's old answer counts for it", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const auto first = meeting.recording();
  meeting.anna.ask({Kind::audio});
  for (Attendee* person : {&meeting.anna, &meeting.ben})
    while (person->request->body.recording == first) person->wait_for("request");
  meeting.ben.wait_for_gate("closed");
  REQUIRE(meeting.anna.approve({Kind::audio}).status == 201);
  CHECK_FALSE(meeting.ben.was_sent("take"));
  CHECK(meeting.ben.gate.at("state") == "closed");
  REQUIRE(meeting.ben.approve({Kind::audio}).status == 201);
  meeting.ben.wait_for_gate("open");
  await([&] { return kinds_of(server, meeting.host, first).back() == "seal"; });
  const auto kinds = kinds_of(server, meeting.host, first);
  CHECK(std::count(kinds.begin(), kinds.end(), "take") == 1);
  CHECK(std::count(kinds.begin(), kinds.end(), "seal") == 2);
}

TEST_CASE("an approval is good for this person, request and challenge only", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  auto post = [&](const consent::Approval& body) {
    const Reply reply = post_statement(server, consent::sign_statement(body, meeting.ben.key), {}, meeting.ben.wrapped);
    CHECK(reply.status >= 400);
    CHECK(reply.status < 500);
    if (reply.status >= 400) meeting.ben.wait_for("challenge");
  };
  auto body = meeting.ben.approval({Kind::audio});
  body.challenge = crypto::to_base64url(crypto::random_array<32>());
  post(body);
  body = meeting.ben.approval({Kind::audio});
  body.request = consent::StatementId::random();
  post(body);
  body = meeting.ben.approval({Kind::screen});  // more than was asked for
  post(body);
  body = meeting.ben.approval({Kind::audio});
  meeting.ben.wrapped->back() ^= 1;  // not the W that was signed
  post(body);
  CHECK(kinds_of(server, meeting.host, meeting.recording()) == std::vector<std::string>{"request"});
  CHECK(meeting.ben.approve().status == 201);
}

TEST_CASE("an approval of a page that has seen another ledger than this is refused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const std::string note = anna.welcome.at("checkpoint");
  const auto seen = consent::parse_checkpoint(note.substr(0, note.find("\n\n") + 1)).value();
  const auto answer_to = [&](const consent::SeenCheckpoint& checkpoint) {
    auto body = anna.approval({Kind::audio});
    body.checkpoint = checkpoint;
    return post_statement(server, consent::sign_statement(body, anna.key), {}, anna.wrapped);
  };
  crypto::Digest forked = seen.root;
  forked.front() ^= 1;
  for (const auto& checkpoint :
       {consent::SeenCheckpoint{seen.size, forked}, consent::SeenCheckpoint{seen.size + 100, seen.root}}) {
    check_problem(answer_to(checkpoint), 409, "ledger_falsified");
    anna.wait_for("challenge");
  }
  CHECK(kinds_of(server, host, anna.request->body.recording) == std::vector<std::string>{"request"});
  CHECK_THAT(server.log_text(), Catch::Contains(" warning an approval was refused"));
  CHECK(answer_to({seen.size, seen.root}).status == 201);
}

TEST_CASE("an approval by another participant's name is refused", "[meeting]") {
  const RunningServer server;
  AskedOfTwo meeting(server);
  auto body = meeting.ben.approval({});
  body.participant = consent::ParticipantId::parse(meeting.anna.participant).value();
  const Reply reply = post_statement(server, consent::sign_statement(body, meeting.ben.key));
  CHECK(reply.status >= 400);
  CHECK(reply.status < 500);
}

TEST_CASE("an approval sent again is one approval with one receipt, and hands nobody a place to publish", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const auto body = anna.approval({Kind::audio});
  const std::string envelope = consent::sign_statement(body, anna.key);
  const Reply first = post_statement(server, envelope, {}, anna.wrapped);
  const Reply second = post_statement(server, envelope, {}, anna.wrapped);
  REQUIRE(first.status == 201);
  REQUIRE(second.status == 201);
  CHECK(json_text(first.body, "entry") == json_text(second.body, "entry"));
  CHECK(!json_text(first.body, "url").empty());
  CHECK(Json::parse(second.body).at("publish").is_null());
  const auto kinds = kinds_of(server, host, anna.request->body.recording);
  CHECK(std::count(kinds.begin(), kinds.end(), "approval") == 1);
}

TEST_CASE("the receipt of an approval holds", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const std::string envelope = consent::sign_statement(anna.approval({}), anna.key);
  const Json answer = Json::parse(post_statement(server, envelope).body);
  consent::Receipt receipt;
  receipt.room = anna.welcome.at("room_envelope");
  receipt.request = anna.request->envelope;
  receipt.approval = envelope;
  auto decoded = [&](const char* key) { return crypto::from_base64(answer.at(key).get<std::string>()).value(); };
  receipt.entry = std::string(crypto::as_text(decoded("entry")));
  const auto r = decoded("r");
  std::copy(r.begin(), r.end(), receipt.r.begin());
  receipt.proof = answer.at("proof");
  CHECK(consent::verify_receipt(receipt));
  const Reply fresh = server.fetch("GET", "/api/v1/statements/" + answer.at("id").get<std::string>() + "/receipt");
  receipt.proof = Json::parse(fresh.body).at("proof");
  CHECK(consent::verify_receipt(receipt));
}

TEST_CASE("an empty scope records nothing of this person, and nobody may publish for them", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const Reply reply = anna.approve({});
  REQUIRE(reply.status == 201);
  CHECK(Json::parse(reply.body).at("publish").is_null());
  anna.wait_for_gate("open");
  CHECK(track_files(server) == 0);
}

TEST_CASE("only the room's host asks to record, and only the page's participants answer", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  const auto body = host.request(anna.welcome.at("session"), {Kind::audio});
  const std::string envelope = consent::sign_statement(body, host.room_key);
  check_problem(post_statement(server, envelope), 401, "unauthorised");
  check_problem(post_statement(server, envelope, server.host("mallory")), 403, "forbidden");
  auto old = host.request(consent::SessionId::random().hex(), {Kind::audio});
  check_problem(post_statement(server, consent::sign_statement(old, host.room_key), host.login), 404,
                "unknown_reference");
  auto foreign = host.request(anna.welcome.at("session"), {Kind::audio});
  foreign.key = anna.key.public_key();
  check_problem(post_statement(server, consent::sign_statement(foreign, anna.key), host.login), 403, "not_permitted");
  auto long_kept = host.request(anna.welcome.at("session"), {Kind::audio});
  long_kept.delete_after_ms = wall_time() + consent::SpanMs{std::int64_t{400} * 86'400'000};
  check_problem(post_statement(server, consent::sign_statement(long_kept, host.room_key), host.login), 403,
                "retention_too_long");
  CHECK(post_statement(server, envelope, host.login).status == 201);
}

TEST_CASE("statements that only the service signs are not taken from outside", "[meeting]") {
  const RunningServer server;
  const auto key = crypto::SigningKey::generate();
  const auto recording = consent::RecordingId::random();
  const auto post = [&](const auto& body) {
    check_problem(post_statement(server, consent::sign_statement(body, key)), 403, "not_permitted");
  };
  post(consent::Erased{recording, {"x"}, consent::ErasedReason::withdrawal, key.public_key(), wall_time()});
  post(consent::Seal{recording, std::nullopt, consent::EndReason::stopped, {}, 1, key.public_key(), wall_time()});
  post(consent::Take{recording, 1, {consent::StatementId::random()}, {}, key.public_key(), wall_time()});
  check_problem(post_statement(server, "{}"), 400, "malformed");
}
