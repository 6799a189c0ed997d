// How much one person may ask of the recorder, and what is said when it can take no more.
#include <catch2/catch.hpp>

#include "recorded.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using recorder::test::Publisher;

namespace {

Reply offer(const RunningServer& server, const Json& place, const std::string& sdp) {
  return server.fetch(
      "POST", place.at("url").get<std::string>(),
      {{"Authorization", "Bearer " + place.at("token").get<std::string>()}, {"Content-Type", "application/sdp"}}, sdp);
}

}  // namespace

TEST_CASE("one person who offers too often is told to wait, and nobody else; a new approval gives no more", "[whip]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host, "Anna");
  Attendee ben(host, Attendee::As::participant, "Ben");
  anna.ask();
  ben.wait_for_request();
  const auto place_of = [](Attendee& attendee) { return Json::parse(attendee.approve().body).at("publish"); };
  const Json of_anna = place_of(anna);
  const Json of_ben = place_of(ben);

  Reply reply = offer(server, of_ben, "v=0\r\n");
  check_problem(reply, 400, "malformed");
  for (int i = 0; i < 100 && reply.status == 400; ++i) reply = offer(server, of_ben, "v=0\r\n");
  check_problem(reply, 429, "too_many_offers");
  CHECK(reply.headers.contains("retry-after"));
  CHECK(reply.headers.at("access-control-allow-origin") == "*");
  check_problem(offer(server, of_anna, "v=0\r\n"), 400, "malformed");

  ben.wait_for("challenge");
  const Json again = place_of(ben);
  Reply anew = offer(server, again, "v=0\r\n");
  if (anew.status == 400) anew = offer(server, again, "v=0\r\n");  // one every two seconds
  check_problem(anew, 429, "too_many_offers");
}

TEST_CASE("more publishers than there are ports for are told to come back later", "[whip]") {
  const RunningServer server([](Config& config) { config.udp_port_min = config.udp_port_max = 43240; });
  const Recorded meeting(server);
  const Publisher first({}), second({});
  CHECK(offer(server, meeting.publish, first.offer()).status == 201);
  const Reply refused = offer(server, meeting.publish, second.offer());
  check_problem(refused, 503, "unavailable");
  CHECK(refused.headers.at("retry-after") == "5");
}
