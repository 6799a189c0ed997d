// A take that something overtakes while it is prepared: it is neither shown to a host nor written to the ledger, so
// that the recording verifies, whatever anybody does in that time.

#include <catch2/catch.hpp>

#include "tests/recorder/publisher.hpp"
#include "verified.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// Everybody has approved; the take waits for the host's signature, which does not come.
struct WaitsForSignature {
  explicit WaitsForSignature(const RunningServer& server)
      : host(server), anna(host, Attendee::As::host, "Anna"), ben(host, Attendee::As::participant, "Ben") {
    anna.countersigns = false;
    anna.ask();
    ben.wait_for_request();
    if (anna.approve().status != 201 || ben.approve().status != 201) throw std::runtime_error("not approved");
    anna.wait_for("take_proposal");
    anna.countersigns = true;
    ben.wait_for("challenge");  // for his next answer
  }
  consent::RecordingId recording() const { return anna.request->body.recording; }

  Host host;
  Attendee anna;
  Attendee ben;
};

std::vector<consent::StatementId> ascending(std::vector<consent::StatementId> ids) {
  std::ranges::sort(ids);
  return ids;
}

/// Reads on until the roster has so many people.
void wait_for_people(Attendee& who, std::size_t people) {
  while (who.wait_for("roster").at("roster").size() != people) {
  }
}

}  // namespace

TEST_CASE("an approval that is replaced while its take waits for the host's signature spoils no evidence",
          "[meeting][takes]") {
  const RunningServer server;
  WaitsForSignature meeting(server);
  const auto first = meeting.ben.last_approval;
  REQUIRE(meeting.ben.approve().status == 201);
  REQUIRE(meeting.ben.last_approval != first);
  meeting.anna.wait_for_gate("open");
  CHECK(meeting.anna.gate.at("take") == 2);
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 1);
  CHECK(takes.front().body.take == 2);
  CHECK(takes.front().body.approvals == ascending({meeting.anna.last_approval, meeting.ben.last_approval}));
  const auto outcome = stopped_and_verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("a refusal while a take waits for the host's signature spoils no evidence, and is no fault",
          "[meeting][takes]") {
  const RunningServer server;
  WaitsForSignature meeting(server);
  REQUIRE(meeting.ben.refuse().status == 201);
  meeting.ben.wait_for("challenge");
  REQUIRE(meeting.ben.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 1);
  CHECK(takes.front().body.approvals == ascending({meeting.anna.last_approval, meeting.ben.last_approval}));
  CHECK(server.log_text().find("no take can be") == std::string::npos);
  const auto outcome = stopped_and_verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("a room that changes while a take waits for the host's signature: that take is never written",
          "[meeting][takes]") {
  const RunningServer server;
  WaitsForSignature meeting(server);
  consent::Room& room = meeting.host.room;
  room.previous = consent::id_of(room);
  room.version = 2;
  room.title = "Daily";
  const std::string envelope = consent::sign_statement(room, meeting.host.room_key);
  REQUIRE(server.fetch("PUT", "/api/v1/rooms/" + room.room.hex(), meeting.host.login, envelope_body(envelope)).status ==
          200);
  CHECK(meeting.anna.wait_for("recording_ended").at("reason") == "room_changed");
  const auto kinds = kinds_of(server, meeting.host, meeting.recording());
  CHECK(kinds == std::vector<std::string>{"request", "approval", "approval", "seal"});
  CHECK(track_files(server) == 0);
  const auto outcome = verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("when two people leave one after the other, the host is shown no take that names one of them",
          "[meeting][takes]") {
  const RunningServer server;
  Recorded meeting(server);
  Attendee carl(meeting.host, Attendee::As::participant, "Carl");
  meeting.anna.wait_for_gate("closed");
  REQUIRE(carl.approve().status == 201);
  meeting.anna.wait_for_gate("open");
  REQUIRE(meeting.anna.gate.at("take") == 2);
  {
    const LedgerHeld held(server);  // the end of this take has to wait, and the next one behind it
    carl.send({{"type", "leave"}});
    wait_for_people(meeting.anna, 2);
    meeting.ben.send({{"type", "leave"}});
    wait_for_people(meeting.anna, 1);
  }
  const Json proposal = meeting.anna.wait_for("take_proposal");
  const auto take = consent::parse_statement<consent::Take>(proposal.at("envelope").get<std::string>()).value();
  CHECK(take.body.approvals == std::vector<consent::StatementId>{meeting.anna.last_approval});
  meeting.anna.wait_for_gate("open");
  const auto takes = statements_of<consent::Take>(server, meeting.host, meeting.recording());
  REQUIRE(takes.size() == 3);
  CHECK(takes.back().id == take.id);
  const auto outcome = stopped_and_verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("a file that begins after a kind was taken back is announced for what is left, and the recording verifies",
          "[meeting][takes][whip]") {
  const RunningServer server;
  Recorded meeting(server);
  recorder::test::PublisherOptions options;
  options.address.clear();  // the service, too, uses the machine's addresses
  recorder::test::Publisher publisher(options);
  publisher.mute_video(recorder::test::Has::yes);
  const Headers headers{{"Content-Type", "application/sdp"},
                        {"Authorization", "Bearer " + meeting.publish.at("token").get<std::string>()}};
  const Reply answer = server.fetch("POST", meeting.publish.at("url").get<std::string>(), headers, publisher.offer());
  REQUIRE(answer.status == 201);
  publisher.accept(answer.body);
  await([&] { return server.log_text().find("first frame of a track sealed") != std::string::npos; });

  REQUIRE(post_statement(server, meeting.ben.withdrawal({Kind::audio})).status == 201);
  publisher.mute_video(recorder::test::Has::no);
  await([&] { return bytes_of(server, "-f002.webm.age") + bytes_of(server, "-f002.webm.tail.age") > 20'000; });
  const auto tracks = statements_of<consent::Track>(server, meeting.host, meeting.recording());
  const auto late = std::ranges::find_if(tracks, [](const auto& track) { return track.body.file == 2; });
  REQUIRE(late != tracks.end());
  CHECK(late->body.approval == meeting.ben.last_approval);
  CHECK(late->body.kinds == consent::Scope{Kind::video});
  const auto outcome = stopped_and_verified(server, meeting.host, meeting.recording());
  INFO(outcome.output);
  CHECK(outcome.exit_code == 0);
}
