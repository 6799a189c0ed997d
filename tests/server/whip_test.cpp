// WHIP (RFC 9725) over HTTP, with a GStreamer client: what is answered, refused and recorded.

#include <catch2/catch.hpp>
#include <regex>

#include "recorded.hpp"
#include "server/ice_servers.hpp"
#include "tests/recorder/publisher.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;
using recorder::test::Encoder;
using recorder::test::Has;
using recorder::test::Publisher;
using recorder::test::PublisherOptions;

namespace {

constexpr const char* kFragmentType = "application/trickle-ice-sdpfrag";

/// A place to publish and its token.
struct Place {
  Place(const RunningServer& server_, const Json& publish)
      : server(server_), url(publish.at("url")), token("Bearer " + publish.at("token").get<std::string>()) {}

  Reply send(const std::string& method, const std::string& target, Headers headers = {},
             const std::string& body = {}) const {
    headers.emplace_back("Authorization", token);
    return server.fetch(method, target, headers, body);
  }
  Reply offer(const std::string& sdp, const std::string& query = {}) const {
    return send("POST", url + query, {{"Content-Type", "application/sdp"}}, sdp);
  }

  const RunningServer& server;
  std::string url;
  std::string token;
};

/// A session that was answered.
struct Session {
  Session(const Place& place_, const PublisherOptions& options = {}) : place(place_), publisher(options) {
    answer = place.offer(publisher.offer());
    if (answer.status != 201) throw std::runtime_error("not answered: " + answer.body);
  }
  Reply patch(const std::string& fragment, Headers headers) const {
    headers.emplace_back("Content-Type", kFragmentType);
    return place.send("PATCH", answer.headers.at("location"), headers, fragment);
  }
  const std::string& etag() const { return answer.headers.at("etag"); }
  /// The value of the offer's first attribute of this name.
  std::string offered(const std::string& name) const {
    const std::string sdp = publisher.offer();
    const auto begin = sdp.find("a=" + name + ":") + name.size() + 3;
    return sdp.substr(begin, sdp.find('\r', begin) - begin);
  }
  std::string fragment(const std::string& ufrag, const std::string& candidate) const {
    return "a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + offered("ice-pwd") +
           "\r\nm=audio 9 RTP/AVP 0\r\na=mid:" + offered("mid") + "\r\na=candidate:" + candidate +
           "\r\na=end-of-candidates\r\n";
  }

  const Place& place;
  Publisher publisher;
  Reply answer;
};

const std::string candidate = "1 1 UDP 2015363327 127.0.0.1 40404 typ host";

}  // namespace

TEST_CASE("a WHIP client publishes, is recorded in its codec, and ends its session", "[whip]") {
  const RunningServer server([](Config& config) { config.ice_servers = {"stun:stun.example:3478"}; });
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  PublisherOptions high;
  high.encoder = Encoder::h264_high;
  high.address.clear();  // the service, too, uses the machine's addresses
  Session session(place, high);
  const auto header = [&](const char* name) { return session.answer.headers.at(name); };
  CHECK(header("content-type") == "application/sdp");
  CHECK(header("location").starts_with(place.url + "/"));
  CHECK(header("etag").starts_with("\""));  // strong: no W/ in front
  CHECK(header("accept-patch") == kFragmentType);
  CHECK(header("link") == "<stun:stun.example:3478>; rel=\"ice-server\"");
  session.publisher.accept(session.answer.body);
  // The take was prepared before anybody published, so the picture gets a Matroska file of its own.
  await([&] { return bytes_of(server, ".mkv.tail.age") + bytes_of(server, ".mkv.age") > 40'000; });

  CHECK(place.send("DELETE", header("location"), {{"If-Match", "\"ignored\""}}).status == 200);
  check_problem(place.send("DELETE", header("location")), 404, "not_found");
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  REQUIRE(server.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
  meeting.anna.wait_for("recording_ended");
  const Json tracks = Json::parse(server.fetch("GET", target, meeting.host.login).body).at("tracks");
  const auto found = std::ranges::find_if(
      tracks, [](const Json& track) { return track.at("name").get<std::string>().ends_with("-f002.mkv.age"); });
  REQUIRE(found != tracks.end());
  CHECK(found->at("codecs") == Json{"h264", "opus"});
  CHECK(found->at("frames_video") > 10);
}

TEST_CASE("a participant reads their own files with the token of their approval, until they take it back", "[whip]") {
  const RunningServer server;
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  PublisherOptions everywhere;
  everywhere.address.clear();  // the service, too, uses the machine's addresses
  Session session(place, everywhere);
  session.publisher.accept(session.answer.body);
  await([&] { return bytes_of(server, ".tail.age") + bytes_of(server, ".webm.age") > 20'000; });
  const std::string target = "/api/v1/recordings/" + meeting.recording().hex();
  const auto list = [&] { return Json::parse(place.send("GET", target + "/tracks").body); };
  CHECK(list() == Json{{"state", "recording"}, {"tracks", Json::array()}});
  REQUIRE(server.fetch("POST", target + "/stop", meeting.host.login, "{}").status == 204);
  meeting.anna.wait_for("recording_ended");

  const Json own = list();
  CHECK(own.at("state") == "sealed");
  REQUIRE_FALSE(own.at("tracks").empty());
  for (const Json& track : own.at("tracks")) {
    const std::string name = track.at("name");
    CHECK(name.find(meeting.ben.last_approval.hex().substr(0, 16)) == 5);
    CHECK(place.send("GET", target + "/tracks/" + name).body.size() == track.at("size_bytes"));
  }
  const Json all = Json::parse(server.fetch("GET", target + "/tracks", meeting.host.login).body).at("tracks");
  for (const Json& track : own.at("tracks")) CHECK(std::ranges::count(all, track) == 1);
  check_problem(place.send("GET", target + "/bundle"), 401, "unauthorised");

  REQUIRE(post_statement(server, meeting.ben.withdrawal()).status == 201);
  CHECK(list().at("tracks").empty());
}

TEST_CASE("candidates that come after the offer are taken", "[whip]") {
  const RunningServer server;
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  const Session session(place);
  const std::string ufrag = session.offered("ice-ufrag");
  const std::string fragment = session.fragment(ufrag, candidate);
  const auto patch = [&](const std::string& body, const std::string& tag) {
    return session.patch(body, {{"If-Match", tag}});
  };
  const Reply taken = patch(fragment, session.etag());
  CHECK(taken.status == 204);
  CHECK(taken.body.empty());
  CHECK_FALSE(taken.headers.contains("etag"));
  for (const std::string& tag : {std::string("*"), std::string("\"*\""), "\"other\" , " + session.etag()}) {
    CAPTURE(tag);
    CHECK(patch(fragment, tag).status == 204);
  }
  // What cannot be used is left out without a word.
  CHECK(patch(session.fragment(ufrag, "1 1 UDP 1 printer.local 40404 typ host"), "*").status == 204);
  CHECK(patch(session.fragment(ufrag, "1 1 TCP 1 127.0.0.1 9 typ host tcptype active"), "*").status == 204);

  check_problem(session.patch(fragment, {}), 428, "precondition_required");
  check_problem(patch(fragment, "\"other\""), 412, "precondition_failed");
  check_problem(patch(fragment, "W/" + session.etag()), 412, "precondition_failed");
  check_problem(patch(session.fragment("restart", candidate), "*"), 422, "unprocessable");
  check_problem(patch("", "*"), 400, "malformed");
  check_problem(patch("no fragment", "*"), 400, "malformed");
  check_problem(patch(session.fragment(ufrag, "1 1 UDP"), "*"), 400, "malformed");
  check_problem(patch(std::string(20'000, 'a'), "*"), 413, "too_large");
  const std::string location = session.answer.headers.at("location");
  const auto typed = [&](const char* type) { return Headers{{"Content-Type", type}, {"If-Match", "*"}}; };
  check_problem(place.send("PATCH", location, typed("application/sdp"), fragment), 415, "unsupported_media_type");
  check_problem(place.send("PATCH", place.url + "/" + std::string(32, '0'), typed(kFragmentType), fragment), 404,
                "not_found");
  check_problem(server.fetch("PATCH", location, typed(kFragmentType), fragment), 401, "unauthorised");
  // After all that the session is as it was.
  CHECK(patch(fragment, session.etag()).status == 204);
}

TEST_CASE("an offer that cannot be taken as a whole is refused, and says what is in the way", "[whip]") {
  const RunningServer server;
  const Host host(server);
  Attendee anna(host, Attendee::As::host);
  anna.ask();
  const Place place(server, Json::parse(anna.approve({Kind::audio}).body).at("publish"));
  const Publisher publisher({});
  const Reply partly = place.offer(publisher.offer());
  check_problem(partly, 422, "unprocessable");
  CHECK(json_text(partly.body, "detail").find("recording video was not approved") != std::string::npos);
  PublisherOptions sound;
  sound.video = Has::no;
  const Publisher voice(sound);
  std::string unknown = voice.offer();
  unknown.replace(unknown.find("OPUS/48000"), 10, "G722/08000");
  check_problem(place.offer(unknown), 422, "unprocessable");
  check_problem(place.offer("v=0\r\n"), 400, "malformed");
  check_problem(place.offer(voice.offer(), "?kind=hologram"), 400, "malformed");
  CHECK(place.offer(voice.offer()).status == 201);
}

TEST_CASE("more publishers than configured are told to come back later", "[whip]") {
  const RunningServer server([](Config& config) { config.max_publishers = 1; });
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  const Session first(place);
  const Reply second = place.offer(first.publisher.offer());
  check_problem(second, 503, "unavailable");
  CHECK(second.headers.at("retry-after") == "5");
}

TEST_CASE("whoever may publish is told of the TURN servers, with credentials; others of STUN servers only", "[whip]") {
  const std::string secret = "0123456789abcdef";
  const RunningServer server([&](Config& config) {
    config.ice_servers = {"stun:stun.example:3478"};
    config.turn_servers = {"turn:turn.example:3478?transport=udp"};
    config.turn_secret = secret;
  });
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  // TURN comes behind STUN, and the client here keeps the last one.
  const auto names_turn = [&](const Reply& reply) {
    static const std::regex expected(
        R"re(<turn:turn\.example:3478\?transport=udp>; rel="ice-server"; username="([0-9]+):([0-9a-f]{16})"; )re"
        R"re(credential="([A-Za-z0-9+/]{27}=)"; credential-type="password")re");
    const std::string link = reply.headers.at("link");
    std::smatch found;
    return std::regex_match(link, found, expected) &&
           found[3].str() == turn_credential(secret, std::stoll(found[1].str()), found[2].str()).credential;
  };
  const Publisher publisher({});
  CHECK(names_turn(place.offer(publisher.offer())));
  CHECK(names_turn(place.send("OPTIONS", place.url)));
  const std::string stun = "<stun:stun.example:3478>; rel=\"ice-server\"";
  CHECK(server.fetch("OPTIONS", place.url).headers.at("link") == stun);
  CHECK(server.fetch("OPTIONS", place.url, {{"Authorization", "Bearer no-token"}}).headers.at("link") == stun);
  CHECK(place.send("OPTIONS", "/whip/" + std::string(32, '0')).headers.at("link") == stun);
}

TEST_CASE("other sites' pages may publish with the token, and read every answer", "[whip]") {
  const RunningServer server([](Config& config) { config.ice_servers = {"stun:stun.example:3478"}; });
  Recorded meeting(server);
  const Place place(server, meeting.publish);
  const std::string session = place.url + "/" + std::string(32, '0');
  const Headers elsewhere = {{"Origin", "https://conference.example"}, {"Sec-Fetch-Site", "cross-site"}};
  Headers preflight = elsewhere;
  preflight.emplace_back("Access-Control-Request-Method", "POST");
  for (const auto& [target, methods] : {std::pair(place.url, "POST, OPTIONS"), {session, "PATCH, DELETE, OPTIONS"}}) {
    const Reply allowed = server.fetch("OPTIONS", target, preflight);
    CHECK(allowed.status == 200);
    CHECK(allowed.headers.at("access-control-allow-origin") == "*");
    CHECK(allowed.headers.at("access-control-allow-methods") == methods);
    CHECK(allowed.headers.at("access-control-allow-headers") == "Authorization, Content-Type, If-Match");
    CHECK(allowed.headers.at("allow") == methods);
    CHECK_FALSE(allowed.headers.contains("access-control-allow-credentials"));
    CHECK_FALSE(allowed.headers.contains("link"));
  }
  const Reply asked = server.fetch("OPTIONS", place.url);
  CHECK(asked.headers.at("accept-post") == "application/sdp");
  CHECK(asked.headers.at("link") == "<stun:stun.example:3478>; rel=\"ice-server\"");

  const Publisher publisher({});
  Headers post = elsewhere;
  post.emplace_back("Content-Type", "Application/SDP; charset=utf-8");
  const Reply answer = place.send("POST", place.url, post, publisher.offer());
  CHECK(answer.status == 201);
  const std::string& exposed = answer.headers.at("access-control-expose-headers");
  for (const char* name : {"Location", "ETag", "Link", "Accept-Patch", "Retry-After"}) {
    CHECK(exposed.find(name) != std::string::npos);
  }
  const Reply refused = server.fetch("POST", place.url, elsewhere, "v=0");
  check_problem(refused, 401, "unauthorised");
  CHECK(refused.headers.at("access-control-allow-origin") == "*");
  // The rest of the API stays closed to them.
  check_problem(server.fetch("POST", "/api/v1/login", elsewhere, "{}"), 403, "wrong_origin");
}

TEST_CASE("methods that WHIP reserves are refused, with those that are allowed", "[whip]") {
  const RunningServer server;
  const std::string place = "/whip/" + std::string(32, '0');
  for (const char* method : {"GET", "PUT", "PATCH", "DELETE"}) {
    const Reply reply = server.fetch(method, place);
    check_problem(reply, 405, "method_not_allowed");
    CHECK(reply.headers.at("allow") == "POST, OPTIONS");
  }
  for (const char* method : {"GET", "PUT", "POST"}) {
    const Reply reply = server.fetch(method, place + "/x");
    check_problem(reply, 405, "method_not_allowed");
    CHECK(reply.headers.at("allow") == "PATCH, DELETE, OPTIONS");
  }
  CHECK(server.fetch("HEAD", place).status == 405);
  check_problem(server.fetch("POST", "/whip"), 404, "not_found");
}
