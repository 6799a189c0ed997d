// Whole meetings over HTTP and WebSocket with real signatures, without media.

#include <catch2/catch.hpp>

#include "attendee.hpp"
#include "consent/receipt.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// The kinds of a recording's ledger entries, in order.
std::vector<std::string> kinds_of(const RunningServer& server, const Host& host,
                                  const consent::RecordingId& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording.hex(), host.login);
  std::vector<std::string> kinds;
  const Json details = Json::parse(reply.body);
  for (const Json& entry : details.at("entries")) kinds.push_back(entry.at("kind"));
  return kinds;
}

std::size_t track_files(const RunningServer& server) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(server.data_folder() / "blobs")) {
    count += file.path().string().find(".webm.age") != std::string::npos;
  }
  return count;
}

/// A meeting of a host and a participant in which everybody approved.
struct Recorded {
  explicit Recorded(const RunningServer& server, const std::function<void(consent::Room&)>& change = {})
      : host(server, change), anna(host, Attendee::As::host, "Anna"), ben(host, Attendee::As::participant, "Ben") {
    anna.ask();
    ben.wait_for_request();
    if (anna.approve().status != 201) throw std::runtime_error("Anna could not approve");
    const Reply reply = ben.approve();
    if (reply.status != 201) throw std::runtime_error("Ben could not approve: " + reply.body);
    publish = Json::parse(reply.body).at("publish");
    anna.wait_for_gate("open");
    ben.wait_for_gate("open");
  }
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee ben;
  Json publish;
};

void check_problem(const Reply& reply, unsigned status, const std::string& code) {
  CHECK(reply.status == status);
  CHECK(json_text(reply.body, "code") == code);
}

}  // namespace

TEST_CASE("when everybody has approved the take is durable first and then the gate opens", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  CHECK(kinds_of(server, meeting.host, meeting.recording()) ==
        std::vector<std::string>{"request", "approval", "approval", "take", "track", "track"});
  CHECK(meeting.anna.gate.at("take") == 1);
  CHECK(meeting.anna.gate.at("waiting_for").empty());
}

TEST_CASE("everybody is told the take with both signatures, and it names their approvals", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  const auto take =
      consent::parse_statement<consent::Take>(anna.wait_for("take").at("envelope").get<std::string>()).value();
  CHECK(take.signatures == 2);
  CHECK(take.body.approvals == std::vector<consent::StatementId>{anna.last_approval});
  CHECK(take.signers[1] == host.room_key.public_key());
}

TEST_CASE("a host's page that does not countersign delays the take, but cannot stop it", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.countersigns = false;
  anna.ask();
  REQUIRE(anna.approve().status == 201);
  const auto take =
      consent::parse_statement<consent::Take>(anna.wait_for("take").at("envelope").get<std::string>()).value();
  CHECK(take.signatures == 1);
}

TEST_CASE("with one approval missing nothing is on the disk", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  while (anna.gate.value("waiting_for", Json::array()) != Json::array({ben.participant})) anna.wait_for("gate");
  CHECK(anna.gate.at("state") == "closed");
  CHECK(track_files(server) == 0);
  CHECK(kinds_of(server, host, anna.request->body.recording) == std::vector<std::string>{"request", "approval"});
}

TEST_CASE("a host who asked but did not approve keeps the gate closed", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  REQUIRE(ben.approve().status == 201);
  while (anna.gate.value("waiting_for", Json::array()) != Json::array({anna.participant})) anna.wait_for("gate");
  CHECK(anna.gate.at("state") == "closed");
}

TEST_CASE("a late joiner closes the gate, and the next take starts by itself once they approve", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  CHECK(carl.welcome.at("gate").at("state") == "closed");
  meeting.anna.wait_for_gate("closed");
  REQUIRE(carl.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "take") == 2);
  CHECK(std::count(kinds.begin(), kinds.end(), "seal") == 1);
}

TEST_CASE("a refusal keeps the gate closed and only the host hears of it, not who", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben.refuse().status == 201);
  CHECK(anna.wait_for("refused").at("participant").is_null());
  CHECK(anna.gate.at("state") == "closed");
}

TEST_CASE("a withdrawal closes the gate before it is in the ledger, and then erases", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
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

TEST_CASE("stopping seals the take and then the recording", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  REQUIRE(server.fetch("POST", "/api/v1/recordings/" + meeting.recording().hex() + "/stop", meeting.host.login, "{}")
              .status == 204);
  CHECK(meeting.anna.wait_for("recording_ended").at("reason") == "stopped");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(kinds[kinds.size() - 2] == "seal");
  CHECK(kinds.back() == "seal");
  const Reply list = server.fetch("GET", "/api/v1/recordings", meeting.host.login);
  CHECK(json_text(list.body, "state") == "sealed");
  CHECK(server.fetch("GET", "/api/v1/recordings/" + meeting.recording().hex() + "/bundle", meeting.host.login).status ==
        200);
}

TEST_CASE("when the last one leaves the recording is sealed and names are gone", "[meeting]") {
  const RunningServer server;
  std::optional<Host> host(std::in_place, server);
  consent::RecordingId recording;
  {
    Attendee anna(*host, Attendee::As::host);
    anna.ask();
    REQUIRE(anna.approve().status == 201);
    anna.wait_for_gate("open");
    recording = anna.request->body.recording;
  }
  // A new session begins only when the old one is finished.
  Attendee back(*host, Attendee::As::host);
  CHECK(back.welcome.at("request").is_null());
  CHECK(kinds_of(server, *host, recording).back() == "seal");
}

TEST_CASE("an approval is good for this person, request and challenge only", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  auto post = [&](const consent::Approval& body) {
    const Reply reply = post_statement(server, consent::sign_statement(body, ben.key), {}, ben.wrapped);
    CHECK(reply.status >= 400);
    CHECK(reply.status < 500);
    if (reply.status >= 400) ben.wait_for("challenge");
  };
  auto body = ben.approval({Kind::audio});
  body.challenge = crypto::to_base64url(crypto::random_array<32>());
  post(body);
  body = ben.approval({Kind::audio});
  body.request = consent::StatementId::random();
  post(body);
  body = ben.approval({Kind::screen});  // more than was asked for
  post(body);
  body = ben.approval({Kind::audio});
  ben.wrapped->back() ^= 1;  // not the W that was signed
  post(body);
  CHECK(kinds_of(server, host, anna.request->body.recording) == std::vector<std::string>{"request"});
  CHECK(ben.approve().status == 201);
}

TEST_CASE("an approval by another participant's name is refused", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  anna.ask();
  ben.wait_for_request();
  auto body = ben.approval({});
  body.participant = consent::ParticipantId::parse(anna.participant).value();
  const Reply reply = post_statement(server, consent::sign_statement(body, ben.key));
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
  const consent::Erased erased{
      consent::RecordingId::random(), {"x"}, consent::ErasedReason::withdrawal, key.public_key(), wall_time()};
  check_problem(post_statement(server, consent::sign_statement(erased, key)), 403, "not_permitted");
  check_problem(post_statement(server, "{}"), 400, "malformed");
}

TEST_CASE("who may not join is told why", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  WebSocketClient stranger(server.port(), "/api/v1/rooms/" + host.room.room.hex() + "/ws");
  REQUIRE(stranger.is_open());
  stranger.send(R"({"type":"leave"})");
  CHECK(json_text(stranger.receive().value(), "code") == "join_first");
  stranger.send("no JSON");
  CHECK(json_text(stranger.receive().value(), "code") == "malformed");
  const std::string key = crypto::SigningKey::generate().public_key().text();
  stranger.send(R"({"type":"join","name":"x","role":"host","resume":null,"key":")" + key + "\"}");
  CHECK(json_text(stranger.receive().value(), "code") == "not_the_host");
  CHECK_FALSE(stranger.receive());  // closed
  const WebSocketClient nowhere(server.port(), "/api/v1/rooms/" + std::string(32, 'a') + "/ws");
  CHECK(nowhere.reply().status == 404);
}

TEST_CASE("a meeting takes six people", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  std::vector<std::unique_ptr<Attendee>> people;
  for (int i = 0; i < 6; ++i) people.push_back(std::make_unique<Attendee>(host, Attendee::As::participant));
  CHECK_THROWS(Attendee(host, Attendee::As::participant));
}

TEST_CASE("signals of the mesh reach the one they are for", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  Attendee ben(host, Attendee::As::participant);
  ben.send({{"type", "signal"}, {"to", anna.participant}, {"data", {{"sdp", "v=0"}}}});
  const Json signal = anna.wait_for("signal");
  CHECK(signal.at("from") == ben.participant);
  CHECK(signal.at("data").at("sdp") == "v=0");
}

TEST_CASE("a place to publish needs its token, the right type and an approved kind", "[meeting][whip]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string url = meeting.publish.at("url");
  const std::string token = "Bearer " + meeting.publish.at("token").get<std::string>();
  auto post = [&](const std::string& target, Headers headers, const std::string& body = "v=0\r\n") {
    return server.fetch("POST", target, headers, body);
  };
  check_problem(post(url, {{"Content-Type", "application/sdp"}}), 401, "unauthorised");
  check_problem(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", "Bearer x"}}), 403, "wrong_token");
  check_problem(post(url, {{"Content-Type", "text/plain"}, {"Authorization", token}}), 415, "unsupported_media_type");
  check_problem(post("/whip/" + std::string(32, '0'), {{"Authorization", token}}), 404, "not_found");
  check_problem(post(url + "?kind=screen", {{"Content-Type", "application/sdp"}, {"Authorization", token}}), 403,
                "not_approved");
  CHECK(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", token}}).status == 400);
  check_problem(server.fetch("POST", url, {{"Authorization", token}}, std::string(70000, 'x')), 413, "too_large");
  check_problem(server.fetch("PATCH", url + "/x", {{"Authorization", token}}), 405, "method_not_allowed");
  CHECK(server.fetch("OPTIONS", url).headers.at("accept-post") == "application/sdp");
  check_problem(server.fetch("DELETE", url + "/" + std::string(32, '0'), {{"Authorization", token}}), 404, "not_found");
  REQUIRE(post_statement(server, meeting.ben.withdrawal()).status == 201);
  check_problem(post(url, {{"Content-Type", "application/sdp"}, {"Authorization", token}}), 404, "not_found");
}

TEST_CASE("recordings are read by their host and by a token for that one", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  check_problem(server.fetch("GET", target), 401, "unauthorised");
  check_problem(server.fetch("GET", target, server.host("mallory")), 404, "not_found");
  check_problem(server.fetch("POST", target + "/stop", server.host("eve"), "{}"), 404, "not_found");
  const std::string token = json_text(server.fetch("POST", target + "/tokens", meeting.host.login, "{}").body, "token");
  const Headers bearer = {{"Authorization", "Bearer " + token}};
  CHECK(server.fetch("GET", target, bearer).status == 200);
  check_problem(server.fetch("GET", "/api/v1/recordings", bearer), 401, "unauthorised");
  check_problem(server.fetch("POST", target + "/stop", bearer, "{}"), 401, "unauthorised");
}

TEST_CASE("after a restart the gate is closed, and the recording goes on once everybody approved again", "[meeting]") {
  const TemporaryFolder folder;
  auto in_folder = [&](Config& config) { config.data_folder = folder.path() / "data"; };
  auto server = std::make_unique<RunningServer>(in_folder);
  const Host before(*server);
  consent::RecordingId recording;
  {
    Attendee anna(before, Attendee::As::host);
    anna.ask();
    REQUIRE(anna.approve().status == 201);
    anna.wait_for_gate("open");
    recording = anna.request->body.recording;
    std::filesystem::copy(folder.path() / "data", folder.path() / "crashed", std::filesystem::copy_options::recursive);
  }
  server.reset();
  RunningServer again([&](Config& config) { config.data_folder = folder.path() / "crashed"; });
  const Reply login =
      again.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})");
  const std::string cookie = login.headers.at("set-cookie");
  Host after(before, again, {{"Cookie", cookie.substr(0, cookie.find(';'))}});
  const auto kinds = kinds_of(again, after, recording);
  CHECK(kinds.back() == "seal");
  Attendee anna(after, Attendee::As::host);
  REQUIRE(anna.request);
  CHECK(anna.request->body.recording == recording);
  CHECK(anna.welcome.at("gate").at("state") == "closed");
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 2);
}
