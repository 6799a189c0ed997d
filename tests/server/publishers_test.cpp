// Publishers seen from the service. Those that are gone without a word: the log says so, the host and they are told
// until their media is there again, and whoever ended it on purpose is not missed. Those whose packets are dropped.

#include <algorithm>
#include <catch2/catch.hpp>

#include "recorded.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using recorder::test::Publisher;
using recorder::test::PublisherOptions;

namespace {

constexpr const char* kLost = "a participant's media ended without a word";
constexpr const char* kAgain = "a participant's media arrives again";

PublisherOptions from_everywhere() {
  PublisherOptions options;
  options.address.clear();  // the service, too, uses the machine's addresses
  return options;
}

Headers with_token(const Json& place) {
  return {{"Authorization", "Bearer " + place.at("token").get<std::string>()}};
}

/// Publishes; gives the address of the session.
std::string publish(const RunningServer& server, const Json& place, Publisher& publisher) {
  Headers headers = with_token(place);
  headers.emplace_back("Content-Type", "application/sdp");
  const Reply answer = server.fetch("POST", place.at("url").get<std::string>(), headers, publisher.offer());
  if (answer.status != 201) throw std::runtime_error("not answered: " + answer.body);
  publisher.accept(answer.body);
  return answer.headers.at("location");
}

bool is_lost_in(const Json& roster, const std::string& participant) {
  return std::ranges::any_of(roster, [&](const Json& entry) {
    return entry.at("participant") == participant && entry.at("media_lost") == true;
  });
}

Json entry_in(const Json& roster, const std::string& participant) {
  const auto found =
      std::ranges::find_if(roster, [&](const Json& entry) { return entry.at("participant") == participant; });
  if (found == roster.end()) throw std::runtime_error("not on the roster");
  return *found;
}

/// Reads until this person is told that somebody's media is lost, or no longer.
void wait_until_lost_is(bool lost, Attendee& reader, const Attendee& whose) {
  while (is_lost_in(reader.wait_for("roster").at("roster"), whose.participant) != lost) {
  }
}

void await_first_media(const RunningServer& server) {
  await([&] { return server.log_text().find("first frame of a track sealed") != std::string::npos; });
}

/// A meeting in which Ben's media has come, and is gone.
struct Lost {
  Lost() {
    Publisher ben(from_everywhere());
    session = publish(server, meeting.publish, ben);
    await_first_media(server);
    said_before = server.log_text().find(kLost) != std::string::npos;
    ben.mute_audio(recorder::test::Has::yes);
    ben.mute_video(recorder::test::Has::yes);
    wait_until_lost_is(true, meeting.anna, meeting.ben);
  }
  const RunningServer server;
  Recorded meeting{server};
  std::string session;
  bool said_before = false;
};

}  // namespace

TEST_CASE("media that ends without a word is logged without names, and the host is told until it is back",
          "[publishers]") {
  Lost lost;
  CHECK_FALSE(lost.said_before);
  std::string log = lost.server.log_text();
  CHECK(log.find(std::string(kLost) + ": the publisher fell silent") != std::string::npos);
  CHECK(log.find("Ben") == std::string::npos);
  CHECK(log.find(lost.meeting.ben.participant) == std::string::npos);
  CHECK(lost.meeting.anna.gate.at("state") == "open");  // the others are recorded as before

  Publisher again(from_everywhere());
  publish(lost.server, lost.meeting.publish, again);
  wait_until_lost_is(false, lost.meeting.anna, lost.meeting.ben);
  CHECK(lost.server.log_text().find(kAgain) != std::string::npos);
}

TEST_CASE("that somebody's media is lost is told to hosts and to themselves, who read which, and to nobody else",
          "[publishers]") {
  Lost lost;
  const auto& ben = lost.meeting.ben.participant;
  const Json own = entry_in(lost.meeting.ben.wait_for("roster").at("roster"), ben);
  CHECK(own.at("media_lost") == true);
  CHECK(own.at("lost_kinds") == Json::array({"camera"}));

  Attendee second(lost.meeting.host, Attendee::As::host, "Berta");
  const Json to_host = entry_in(second.welcome.at("roster"), ben);
  CHECK(to_host.at("media_lost") == true);
  CHECK(to_host.at("lost_kinds").empty());

  Attendee carl(lost.meeting.host, Attendee::As::participant, "Carl");
  const Json to_other = entry_in(carl.welcome.at("roster"), ben);
  CHECK(to_other.at("media_lost") == false);
  CHECK(to_other.at("lost_kinds").empty());
}

TEST_CASE("a session that was lost is not missed once its publisher ended it", "[publishers]") {
  Lost lost;
  const Headers token = with_token(lost.meeting.publish);
  CHECK(lost.server.fetch("DELETE", lost.session, token).status == 200);
  wait_until_lost_is(false, lost.meeting.anna, lost.meeting.ben);
  check_problem(lost.server.fetch("DELETE", lost.session, token), 404, "not_found");
}

TEST_CASE("who says goodbye, or publishes anew, is not missed", "[publishers]") {
  const RunningServer server;
  Recorded meeting(server);
  Publisher first(from_everywhere());
  publish(server, meeting.publish, first);
  await_first_media(server);
  Publisher second(from_everywhere());
  publish(server, meeting.publish, second);
  await([&] { return second.connected_ns() != 0; });
  second.hang_up();
  for (const char* reason : {"the publisher started a new session", "the publisher closed the connection"}) {
    await([&] { return server.log_text().find(reason) != std::string::npos; });
  }
  CHECK_FALSE(meeting.anna.was_sent("roster"));
  CHECK(server.log_text().find(kLost) == std::string::npos);
}

TEST_CASE("packets that name too many sources are dropped, which is logged once, without names; the meeting goes on",
          "[publishers]") {
  const RunningServer server;
  Recorded meeting(server);
  Publisher ben(from_everywhere());
  publish(server, meeting.publish, ben);
  await_first_media(server);
  const std::string said = "packets that came for a participant's camera are dropped";
  CHECK(server.log_text().find(said) == std::string::npos);
  ben.damage_sound(recorder::test::Damage::new_contributors);
  await([&] { return server.log_text().find(said) != std::string::npos; });
  const auto pictures = ben.sent().video;
  await([&] { return ben.sent().video > pictures + 20; });
  const std::string log = server.log_text();
  CHECK(log.find(said) == log.rfind(said));
  CHECK(log.find(meeting.ben.participant) == std::string::npos);
  CHECK(meeting.anna.gate.at("state") == "open");
  CHECK(log.find(kLost) == std::string::npos);
}
