// Withdrawals: at once, again and again, during a session and afterwards, also when the disk fails.

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>

#include "consent/withdrawal_confirmation.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// What the service's answer to a withdrawal proves to be erased, as whoever keeps it as a confirmation finds out.
std::vector<std::string> proven_erased(const Service& server, const Reply& reply, const std::string& envelope) {
  REQUIRE(reply.status == 201);
  const auto confirmation = consent::withdrawal_confirmation_from_answer(reply.body, envelope);
  REQUIRE(confirmation.has_value());
  const Json config = Json::parse(server.fetch("GET", "/api/v1/config").body);
  const auto ledger = crypto::NoteVerifier::parse(config.at("ledger").at("vkey").get<std::string>()).value();
  const auto content = consent::verify_withdrawal_confirmation(confirmation.value(), ledger);
  REQUIRE(content.has_value());
  for (const auto& erased : content.value().erased) {
    CHECK(erased.body.key.text() == config.at("service_key").get<std::string>());
    CHECK(erased.body.reason == consent::ErasedReason::withdrawal);
  }
  return consent::erased_names(content.value());
}

/// Whether one of these names is that of a track file of this approval.
bool name_file_of(const std::vector<std::string>& names, const consent::StatementId& approval) {
  const std::string part = "-" + approval.hex().substr(0, 16) + "-f001.";
  return std::ranges::any_of(names, [&](const auto& name) { return name.find(part) != std::string::npos; });
}

bool name_key_of(const std::vector<std::string>& names, const consent::StatementId& approval) {
  return std::ranges::count(names, "wrapped:" + approval.hex()) == 1;
}

}  // namespace

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

TEST_CASE("who takes back is told what was erased, with proofs, and again when they send it again", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string envelope = meeting.ben.withdrawal();
  const auto names = proven_erased(server, post_statement(server, envelope), envelope);
  CHECK(name_file_of(names, meeting.ben.last_approval));
  CHECK(name_key_of(names, meeting.ben.last_approval));
  CHECK_FALSE(name_file_of(names, meeting.anna.last_approval));
  CHECK_FALSE(name_key_of(names, meeting.anna.last_approval));
  CHECK(proven_erased(server, post_statement(server, envelope), envelope) == names);
}

TEST_CASE("where withdrawals erase whole takes, who takes back is told of the others' files, too", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server,
                   [](consent::Room& room) { room.withdrawal_erases = consent::WithdrawalErases::whole_takes; });
  const std::string envelope = meeting.ben.withdrawal();
  const auto names = proven_erased(server, post_statement(server, envelope), envelope);
  CHECK(name_file_of(names, meeting.ben.last_approval));
  CHECK(name_file_of(names, meeting.anna.last_approval));
  CHECK_FALSE(name_key_of(names, meeting.anna.last_approval));
}

TEST_CASE(
    "nothing is said to be erased while something is left of an approval; then what several withdrawals took back",
    "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string less = meeting.ben.withdrawal({Kind::video});
  CHECK(proven_erased(server, post_statement(server, less), less).empty());
  const std::string rest = meeting.ben.withdrawal({Kind::audio});
  const auto names = proven_erased(server, post_statement(server, rest), rest);
  CHECK(name_file_of(names, meeting.ben.last_approval));
  CHECK(name_key_of(names, meeting.ben.last_approval));
}

TEST_CASE("each is told of what they took back themselves", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string first = meeting.ben.withdrawal();
  REQUIRE(post_statement(server, first).status == 201);
  const std::string second = meeting.anna.withdrawal();
  const auto names = proven_erased(server, post_statement(server, second), second);
  CHECK(name_key_of(names, meeting.anna.last_approval));
  CHECK_FALSE(name_key_of(names, meeting.ben.last_approval));
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

TEST_CASE("a withdrawal that the disk refuses is in effect at once, and its proof needs no page", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const auto approval = meeting.ben.last_approval;
  const std::string envelope = meeting.ben.withdrawal();
  LedgerFault fault(server);
  check_problem(post_statement(server, envelope), 503, "proof_follows");
  CHECK(track_files(server) == 0);
  check_problem(wrapped_key(server, meeting.host, meeting.recording(), approval), 410, "gone");
  meeting.anna.wait_for_gate("closed");
  fault.heal();
  CHECK(meeting.ben.wait_for("proven").at("id") ==
        consent::parse_statement<consent::Withdrawal>(envelope).value().id.hex());
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "withdrawal") == 1);
  CHECK(kinds.back() == "erased");
}

TEST_CASE("nothing is said to be erased before the withdrawal that it goes with is in the ledger", "[meeting]") {
  const bool in_session = GENERATE(true, false);
  CAPTURE(in_session);
  const RunningServer server;
  Recorded meeting(server);
  const std::string stop = "/api/v1/recordings/" + meeting.recording().hex() + "/stop";
  if (!in_session) REQUIRE(server.fetch("POST", stop, meeting.host.login, "{}").status == 204);
  LedgerFault fault(server, "withdrawal");  // an `erased` could be written
  check_problem(post_statement(server, meeting.ben.withdrawal()), 503, "proof_follows");
  CHECK(track_files(server) == 0);
  auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 0);
  fault.heal();
  meeting.ben.wait_for("proven");
  kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "withdrawal") == 1);
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 1);
  CHECK(std::find(kinds.begin(), kinds.end(), "withdrawal") < std::find(kinds.begin(), kinds.end(), "erased"));
}

TEST_CASE("nor before the last of several withdrawals that took everything back together", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  LedgerFault fault(server, "withdrawal");
  check_problem(post_statement(server, meeting.ben.withdrawal({Kind::video})), 503, "proof_follows");
  check_problem(post_statement(server, meeting.ben.withdrawal({Kind::audio})), 503, "proof_follows");
  auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 0);
  fault.heal();
  meeting.ben.wait_for("proven");
  await([&] {
    kinds = kinds_of(server, meeting.host, meeting.recording());
    return std::count(kinds.begin(), kinds.end(), "erased") == 1;
  });
  CHECK(std::count(kinds.begin(), std::find(kinds.begin(), kinds.end(), "erased"), "withdrawal") == 2);
}

TEST_CASE("nothing goes on and nobody approves anew before a withdrawal that was refused is in the ledger",
          "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  LedgerFault fault(server);
  check_problem(post_statement(server, meeting.ben.withdrawal({Kind::video})), 503, "proof_follows");
  check_problem(meeting.ben.approve(), 503, "proof_follows");
  meeting.anna.wait_for_gate("closed");
  CHECK(meeting.anna.gate.at("reason") == "ledger_fault");
  fault.heal();
  meeting.anna.wait_for_gate("open");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::find(kinds.begin(), kinds.end(), "withdrawal") < std::find(kinds.rbegin(), kinds.rend(), "take").base());
}

TEST_CASE("a withdrawal after the session that the disk refuses gets into the ledger by itself", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string stop = "/api/v1/recordings/" + meeting.recording().hex() + "/stop";
  REQUIRE(server.fetch("POST", stop, meeting.host.login, "{}").status == 204);
  LedgerFault fault(server);
  check_problem(post_statement(server, meeting.ben.withdrawal()), 503, "proof_follows");
  CHECK(track_files(server) == 0);
  fault.heal();
  meeting.ben.wait_for("proven");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "withdrawal") == 1);
}

TEST_CASE("a partial withdrawal sent again takes nothing back that was approved after it", "[meeting]") {
  const RunningServer server;
  Recorded meeting(server);
  const std::string envelope = meeting.ben.withdrawal({Kind::video});
  REQUIRE(post_statement(server, envelope).status == 201);
  REQUIRE(meeting.ben.approve({Kind::video}).status == 201);
  while (meeting.anna.gate.at("take") != 2) meeting.anna.wait_for("gate");
  REQUIRE(post_statement(server, envelope).status == 201);
  CHECK_FALSE(meeting.anna.was_sent("gate"));
  CHECK(wrapped_key(server, meeting.host, meeting.recording(), meeting.ben.last_approval).status == 200);
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 0);
}

TEST_CASE("a withdrawal from a recording that a new request replaced erases what was being prepared", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  anna.countersigns = false;
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben.approve().status == 201);
  anna.wait_for("take_proposal");
  const auto first = ben.request->body.recording;
  const std::string envelope = ben.withdrawal();
  anna.request.reset();
  anna.ask();
  REQUIRE(post_statement(server, envelope).status == 201);
  REQUIRE(server.fetch("POST", "/api/v1/recordings/" + anna.request->body.recording.hex() + "/stop", host.login, "{}")
              .status == 204);
  CHECK(track_files(server) == 0);
  check_problem(wrapped_key(server, host, first, ben.last_approval), 410, "gone");
  const auto kinds = kinds_of(server, host, first);
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 1);
}

TEST_CASE("what is approved after a withdrawal comes after it in the ledger, too, however long the withdrawal waits",
          "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  anna.countersigns = false;  // the withdrawal waits until the service waits for her no longer
  anna.ask();
  ben.wait_for_request();
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben.approve().status == 201);
  anna.wait_for("take_proposal");
  const std::string less = ben.withdrawal({Kind::video});
  auto withdrawn = std::async(std::launch::async, [&] { return post_statement(server, less); });
  await([&] { return server.log_text().find("withdrawal in effect") != std::string::npos; });
  ben.look(testing::patience(std::chrono::milliseconds(100)));  // his newest challenge
  Reply again = ben.approve();
  while (again.status == 503) {
    check_problem(again, 503, "proof_follows");
    ben.look(testing::patience(std::chrono::milliseconds(100)));
    again = ben.approve();
  }
  CHECK(again.status == 201);
  CHECK(withdrawn.get().status == 201);
  const auto kinds = kinds_of(server, host, anna.request->body.recording);
  const auto last = [&](const char* kind) { return std::find(kinds.rbegin(), kinds.rend(), kind).base(); };
  CHECK(last("withdrawal") < last("approval"));
  CHECK(wrapped_key(server, host, anna.request->body.recording, ben.last_approval).status == 200);
}
