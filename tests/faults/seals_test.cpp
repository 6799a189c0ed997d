// Seals that the disk refuses: they are written with their own reason as soon as it takes them, before anything later
// of that recording, and a recording that has ended stays ended.

#include <catch2/catch.hpp>

#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

/// The seals of a recording, in the ledger's order.
std::vector<consent::Seal> seals_of(const RunningServer& server, const Host& host,
                                    const consent::RecordingId& recording) {
  const Reply reply = server.fetch("GET", "/api/v1/recordings/" + recording.hex(), host.login);
  std::vector<consent::Seal> seals;
  const Json details = Json::parse(reply.body);
  for (const Json& entry : details.at("entries")) {
    if (entry.at("kind") != "seal") continue;
    const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
    seals.push_back(consent::parse_statement<consent::Seal>(std::string(crypto::as_text(envelope))).value().body);
  }
  return seals;
}

/// Limits that let a test ask until something is there.
void ask_freely(Config& config) {
  config.max_requests_per_second = 1'000'000;
}

}  // namespace

TEST_CASE("a take whose seal the disk refuses is sealed with its own reason before the next one begins", "[meeting]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  std::optional<Attendee> ben(std::in_place, host, Attendee::As::participant, "Ben");
  anna.ask();
  ben->wait_for_request();
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben->approve().status == 201);
  anna.wait_for_gate("open");
  LedgerFault fault(server);
  ben.reset();
  while (anna.gate.at("reason") != "ledger_fault") anna.wait_for("gate");
  fault.heal();
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") > 1);
  auto kinds = kinds_of(server, host, anna.request->body.recording);
  std::erase_if(kinds, [](const std::string& kind) { return kind != "take" && kind != "seal"; });
  REQUIRE(kinds.size() >= 3);
  CHECK(kinds[1] == "seal");
  const auto seals = seals_of(server, host, anna.request->body.recording);
  CHECK(seals.front().take == 1);
  CHECK(seals.front().reason == consent::EndReason::left);
  CHECK(seals.front().tracks.size() == 2);
}

TEST_CASE("a recording that ended while the disk refused its seal is not taken up again, and gets its seal",
          "[meeting]") {
  const RunningServer server(ask_freely);
  std::optional<Recorded> meeting(std::in_place, server);
  const auto recording = meeting->recording();
  LedgerFault fault(server);
  const Host host(meeting->host, server, meeting->host.login);
  meeting.reset();  // everybody leaves
  const Attendee anna(host, Attendee::As::host, "Anna");
  CHECK(anna.welcome.at("request").is_null());
  fault.heal();
  await([&] { return seals_of(server, host, recording).size() == 2; });
  const auto seals = seals_of(server, host, recording);
  CHECK(seals.front().take == 1);
  CHECK_FALSE(seals.back().take);
  CHECK(seals.back().reason == consent::EndReason::ended);
}

TEST_CASE("a host who stops while the disk refuses the seal is told that it follows, and it does", "[meeting]") {
  const RunningServer server(ask_freely);
  Recorded meeting(server);
  const std::string stop = "/api/v1/recordings/" + meeting.recording().hex() + "/stop";
  LedgerFault fault(server);
  check_problem(server.fetch("POST", stop, meeting.host.login, "{}"), 503, "seal_follows");
  meeting.anna.wait_for("recording_ended");
  fault.heal();
  await([&] { return seals_of(server, meeting.host, meeting.recording()).size() == 2; });
  for (const auto& seal : seals_of(server, meeting.host, meeting.recording())) {
    CHECK(seal.reason == consent::EndReason::stopped);
  }
  CHECK(server.fetch("POST", stop, meeting.host.login, "{}").status == 204);
}
