// Coming back: a fresh signature by the key of an approval revives it, also after a restart; nothing else does.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// Ben's connection was lost and is there again; Anna has seen the gate close.
struct BenCameBack {
  explicit BenCameBack(const Service& server, const std::function<void(Recorded&)>& before = {}) : meeting(server) {
    if (before) before(meeting);
    first_take = meeting.anna.gate.at("take");
    resume = meeting.ben.welcome.at("resume");
    ben.emplace(meeting.host, Attendee::As::participant, "Ben",
                Attendee::Entrance{.key = &meeting.ben.key, .resume = resume});
    meeting.anna.wait_for_gate("closed");
  }
  Recorded meeting;
  Json first_take;
  std::string resume;
  std::optional<Attendee> ben;
};

}  // namespace

TEST_CASE("whoever came back confirms their approval by a signature, and recording goes on", "[meeting][confirm]") {
  const RunningServer server;
  BenCameBack back(server);
  const Json answer = back.ben->confirm(back.meeting.ben.last_approval);
  REQUIRE(answer.at("type") == "confirmed");
  CHECK(answer.at("approval") == back.meeting.ben.last_approval.hex());
  CHECK(answer.at("publish").at("url") != back.meeting.publish.at("url"));
  back.meeting.anna.wait_for_gate("open");
  CHECK(back.meeting.anna.gate.at("take") == 2);
  // The approval stands in the ledger once; the confirmation is no statement of its own there.
  const auto kinds = kinds_of(server, back.meeting.host, back.meeting.recording());
  CHECK(std::count(kinds.begin(), kinds.end(), "approval") == 2);
}

TEST_CASE("without a confirmation the approval of whoever came back counts for nothing", "[meeting][confirm]") {
  const RunningServer server;
  const BenCameBack back(server);
  CHECK(back.meeting.anna.gate.at("state") == "closed");
  CHECK(back.ben->welcome.at("gate").at("waiting_for") == Json::array({back.ben->participant}));
}

TEST_CASE("a confirmation needs the fresh challenge, the right approval and one's own place", "[meeting][confirm]") {
  const RunningServer server;
  BenCameBack back(server);
  const auto approval = back.meeting.ben.last_approval;
  std::string used;
  const Json stale = back.ben->confirm(approval, [&](consent::Confirmation& body) {
    used = body.challenge;
    body.challenge = crypto::to_base64url(crypto::random_array<32>());
  });
  CHECK(stale.at("code") == "replayed");  // the one that was asked for is used up all the same; a new one came before
  CHECK(back.ben->confirm(approval, [&](auto& body) { body.challenge = used; }).at("code") == "replayed");
  CHECK(back.ben->confirm(back.meeting.anna.last_approval).at("code") == "unknown_reference");
  const auto anna = consent::ParticipantId::parse(back.meeting.anna.participant).value();
  CHECK(back.ben->confirm(approval, [&](auto& body) { body.participant = anna; }).at("code") == "not_permitted");
  CHECK_FALSE(back.meeting.anna.was_sent("take"));
}

TEST_CASE("a confirmation is used once", "[meeting][confirm]") {
  const RunningServer server;
  BenCameBack back(server);
  REQUIRE(back.ben->confirm(back.meeting.ben.last_approval).at("type") == "confirmed");
  back.ben->wait_for("challenge");
  CHECK(back.ben->confirm(back.meeting.ben.last_approval).at("code") == "unknown_reference");
}

TEST_CASE("what was taken back cannot be confirmed", "[meeting][confirm][withdrawal]") {
  const RunningServer server;
  BenCameBack back(server);
  REQUIRE(post_statement(server, back.ben->withdrawal()).status == 201);
  CHECK(back.ben->confirm(back.meeting.ben.last_approval).at("code") == "unknown_reference");
}

TEST_CASE("what is left of an approval is what a confirmation revives", "[meeting][confirm][withdrawal]") {
  const RunningServer server;
  BenCameBack back(server);
  REQUIRE(post_statement(server, back.ben->withdrawal({Kind::video})).status == 201);
  REQUIRE(back.ben->confirm(back.meeting.ben.last_approval).at("type") == "confirmed");
  back.meeting.anna.wait_for_gate("open");
  std::vector<consent::Scope> of_ben;
  const std::string target = "/api/v1/recordings/" + back.meeting.recording().hex();
  const Json details = Json::parse(server.fetch("GET", target, back.meeting.host.login).body);
  for (const Json& entry : details.at("entries")) {
    if (entry.at("kind") != "track") continue;
    const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
    const auto track = consent::parse_statement<consent::Track>(std::string(crypto::as_text(envelope))).value();
    if (track.body.approval == back.meeting.ben.last_approval) of_ben.push_back(track.body.kinds);
  }
  CHECK(of_ben == std::vector<consent::Scope>{{Kind::audio, Kind::video}, {Kind::audio}});
}

TEST_CASE("a refusal after coming back leaves nothing to confirm", "[meeting][confirm]") {
  const RunningServer server;
  BenCameBack back(server);
  REQUIRE(back.ben->refuse().status == 201);
  back.ben->wait_for("challenge");
  CHECK(back.ben->confirm(back.meeting.ben.last_approval).at("code") == "unknown_reference");
}

TEST_CASE("after a restart everybody confirms under their old key, and recording goes on without a new approval",
          "[meeting][confirm]") {
  consent::StatementId annas, bens;
  const AfterCrash crash([&](const RunningServer&, Recorded& meeting) {
    annas = meeting.anna.last_approval;
    bens = meeting.ben.last_approval;
  });
  Attendee anna(*crash.host, Attendee::As::host, "Anna", {.key = &crash.anna_key});
  Attendee ben(*crash.host, Attendee::As::participant, "Ben", {.key = &crash.ben_key});
  REQUIRE(anna.confirm(annas).at("type") == "confirmed");
  REQUIRE(ben.confirm(bens).at("publish").is_object());
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 2);
  const auto kinds = kinds_of(*crash.server, *crash.host, crash.recording);
  CHECK(std::count(kinds.begin(), kinds.end(), "approval") == 2);
}

TEST_CASE("somebody who only knows the key of an approval gains nothing by its seat", "[meeting][confirm]") {
  consent::StatementId bens;
  const AfterCrash crash([&](const RunningServer&, Recorded& meeting) { bens = meeting.ben.last_approval; });
  Attendee anna(*crash.host, Attendee::As::host, "Anna", {.key = &crash.anna_key});
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  // Joins as Ben and signs with a key of their own.
  Attendee mallory(*crash.host, Attendee::As::participant, "Ben", {.key = &crash.ben_key});
  anna.wait_for_gate("closed");
  const auto own = crypto::SigningKey::generate();
  mallory.key = crypto::SigningKey::from_seed(own.seed().view()).value();
  CHECK(mallory.confirm(bens).at("code") == "not_permitted");
  CHECK(anna.gate.at("state") == "closed");
}
