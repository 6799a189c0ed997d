// Who may do what: every route and every role in one table. A route that is not in the table fails, and so does an
// answer that is not the one in the table.
//
// The roles: nobody; ben, who takes part in this session, with the publish token of his approval; carl, who takes part
// in another session, with his; reader, who holds a token for this recording; invited, who holds the operator's
// invitation; other, the host of another room; host, the host of this room. The operator has no role over HTTP: who
// runs the machine uses the command line, and all that can be had from them is an invitation, which makes one account
// and opens nothing else.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

enum Role { nobody, ben, carl, reader, invited, other, host };
constexpr std::array<const char*, 7> kRoleNames = {"nobody", "ben", "carl", "reader", "invited", "other", "host"};

Headers bearer(const std::string& token) {
  return {{"Authorization", "Bearer " + token}};
}

Headers log_in(const RunningServer& server, const std::string& user) {
  const Reply reply = server.fetch("POST", "/api/v1/login", {},
                                   R"({"user":")" + user + R"(","password":")" + std::string(kPassword) + "\"}");
  const std::string cookie = reply.headers.at("set-cookie");
  return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

/// Two meetings of two hosts that are being recorded, and what everybody holds.
struct World {
  World() {
    const std::string target = "/api/v1/recordings/" + here.recording().hex() + "/tokens";
    credentials[ben] = bearer(here.publish.at("token"));
    credentials[carl] = bearer(there.publish.at("token"));
    credentials[reader] = bearer(json_text(server.fetch("POST", target, here.host.login, "{}").body, "token"));
    credentials[invited] = bearer(make_invitation(server.config()).value());
    credentials[other] = there.host.login;
    credentials[host] = here.host.login;
  }
  void log_in_again() {
    credentials[other] = log_in(server, "other");
    credentials[host] = log_in(server, "host");
  }
  std::string recording() const { return "/api/v1/recordings/" + here.recording().hex(); }
  std::string place() const { return here.publish.at("url"); }
  std::string room() const { return "/api/v1/rooms/" + here.host.room.room.hex(); }

  RunningServer server;
  Recorded here{server, {}, "host"};
  Recorded there{server, {}, "other"};
  std::array<Headers, kRoleNames.size()> credentials;
  int fresh = 0;
};

/// What is sent: target and body. Made for each role anew, so that it can be something that was never sent before.
struct Sent {
  std::string target;
  std::string body{};
  Headers more{};
};

struct Row {
  const char* method;
  const char* pattern;
  const char* what;
  std::function<Sent(World&)> sent;
  std::array<unsigned, kRoleNames.size()> expected;
};

std::string statement_body(const std::string& envelope, const std::optional<crypto::Bytes>& wrapped = {}) {
  return Json{{"envelope", envelope}, {"wrapped", wrapped ? Json(crypto::to_base64(*wrapped)) : Json(nullptr)}}.dump();
}

Sent new_account(World& world) {
  const std::string user = "fresh" + std::to_string(++world.fresh);
  return {"/api/v1/accounts", R"({"user":")" + user + R"(","email":"x@example.org","password":")" + kPassword + "\"}"};
}

Sent login_of_the_host(World&) {
  return {"/api/v1/login", std::string(R"({"user":"host","password":")") + kPassword + "\"}"};
}

Sent new_room_of_anybody(World& world) {
  const auto key = crypto::SigningKey::generate();
  return {"/api/v1/rooms", envelope_body(consent::sign_statement(new_room(world.server, key), key))};
}

Sent next_version(World& world) {
  consent::Room room = world.here.host.room;
  room.previous = consent::id_of(room);
  room.version = 2;
  return {world.room(), envelope_body(consent::sign_statement(room, world.here.host.room_key))};
}

Sent request_of_the_host(World& world) {
  const auto body = world.here.host.request(world.here.anna.welcome.at("session"), {consent::Kind::audio});
  return {"/api/v1/statements", statement_body(consent::sign_statement(body, world.here.host.room_key))};
}

/// Signed by somebody who is in no meeting.
Sent approval_by_a_stranger(World& world) {
  const auto key = crypto::SigningKey::generate();
  auto body = world.here.ben.approval({consent::Kind::audio});
  body.key = key.public_key();
  return {"/api/v1/statements", statement_body(consent::sign_statement(body, key), world.here.ben.wrapped)};
}

Sent withdrawal_of_ben(World& world) {
  return {"/api/v1/statements", statement_body(world.here.ben.withdrawal())};
}

Sent bens_track(World& world) {
  return {world.recording() + "/tracks/t001-" + world.here.ben.last_approval.hex().substr(0, 16) + "-f001.webm.age"};
}

auto at(std::string target, std::string body = {}) {
  return [=](World&) { return Sent{target, body}; };
}
auto at_recording(std::string below, std::string body = {}) {
  return [=](World& world) { return Sent{world.recording() + below, body}; };
}

/// In this order: what only looks first, then what changes the world for the rows below it. Each row from left to
/// right.
const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      // clang-format off
      //                                                                                      nobody ben carl reader invited other host
      {"GET", "/api/v1/openapi.json", "", at("/api/v1/openapi.json"),                           {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/api/v1/config", "", at("/api/v1/config"),                                       {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/api/v1/health", "", at("/api/v1/health"),                                       {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/ledger/checkpoint", "", at("/ledger/checkpoint"),                               {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/ledger/tile/{+path}", "not there yet", at("/ledger/tile/63/000.p/1"),           {404, 404, 404, 404, 404, 404, 404}},
      {"POST", "/api/v1/accounts", "", new_account,                                             {201, 201, 201, 201, 201, 201, 201}},
      {"POST", "/api/v1/login", "with the host's password", login_of_the_host,                  {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/api/v1/account", "one's own", at("/api/v1/account"),                            {401, 401, 401, 401, 401, 200, 200}},
      {"GET", "/api/v1/rooms", "one's own", at("/api/v1/rooms"),                                {401, 401, 401, 401, 401, 200, 200}},
      {"POST", "/api/v1/rooms", "a new one", new_room_of_anybody,                               {401, 401, 401, 401, 401, 201, 201}},
      {"GET", "/api/v1/rooms/{room}", "", [](World& w) { return Sent{w.room()}; },              {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/api/v1/statements/{id}/receipt", "by who knows the id",
       [](World& w) { return Sent{"/api/v1/statements/" + w.here.ben.last_approval.hex() + "/receipt"}; },
                                                                                                {200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/api/v1/recordings", "one's own", at("/api/v1/recordings"),                      {401, 401, 401, 401, 401, 200, 200}},
      {"GET", "/api/v1/recordings/{recording}", "", at_recording(""),                           {401, 401, 401, 200, 401, 404, 200}},
      {"GET", "/api/v1/recordings/{recording}/keys/{approval}", "",
       [](World& w) { return Sent{w.recording() + "/keys/" + w.here.ben.last_approval.hex()}; },
                                                                                                {401, 401, 401, 200, 401, 404, 200}},
      {"GET", "/api/v1/recordings/{recording}/tracks", "their own, or all", at_recording("/tracks"), {401, 200, 401, 200, 401, 404, 200}},
      {"GET", "/api/v1/recordings/{recording}/tracks/{name}", "still being written", bens_track, {401, 410, 401, 410, 401, 404, 410}},
      {"GET", "/api/v1/recordings/{recording}/bundle", "during a take", at_recording("/bundle"), {401, 401, 401, 409, 401, 404, 409}},
      {"GET", "/api/v1/recordings/{recording}/erasure", "that did not happen", at_recording("/erasure"), {404, 404, 404, 404, 404, 404, 404}},
      {"POST", "/api/v1/recordings/{recording}/tokens", "", at_recording("/tokens", "{}"),      {401, 401, 401, 401, 401, 404, 201}},
      {"OPTIONS", "/whip/{place}", "", [](World& w) { return Sent{w.place()}; },                {200, 200, 200, 200, 200, 200, 200}},
      {"POST", "/whip/{place}", "of ben, an offer that is none",
       [](World& w) { return Sent{w.place(), "v=0\r\n", {{"Content-Type", "application/sdp"}}}; },
                                                                                                {401, 400, 403, 403, 403, 401, 401}},
      {"OPTIONS", "/whip/{place}/{resource}", "", [](World& w) { return Sent{w.place() + "/" + std::string(32, '0')}; },
                                                                                                {200, 200, 200, 200, 200, 200, 200}},
      {"PATCH", "/whip/{place}/{resource}", "of ben, a session that is none",
       [](World& w) { return Sent{w.place() + "/" + std::string(32, '0')}; },                   {401, 404, 403, 403, 403, 401, 401}},
      {"DELETE", "/whip/{place}/{resource}", "of ben, a session that is none",
       [](World& w) { return Sent{w.place() + "/" + std::string(32, '0')}; },                   {401, 404, 403, 403, 403, 401, 401}},
      {"POST", "/api/v1/statements", "an approval, not signed by anybody here", approval_by_a_stranger,
                                                                                                {403, 403, 403, 403, 403, 403, 403}},
      {"DELETE", "/api/v1/recordings/{recording}", "that has not ended", at_recording(""),      {401, 401, 401, 401, 401, 404, 409}},
      {"POST", "/api/v1/statements", "a request, signed by the host", request_of_the_host,      {401, 401, 401, 401, 401, 403, 201}},
      {"POST", "/api/v1/recordings/{recording}/stop", "", at_recording("/stop", "{}"),          {401, 401, 401, 401, 401, 404, 204}},
      {"GET", "/api/v1/recordings/{recording}/bundle", "when it is sealed", at_recording("/bundle"),
                                                                                                {401, 401, 401, 200, 401, 404, 200}},
      {"POST", "/api/v1/statements", "a withdrawal, signed by ben", withdrawal_of_ben,          {201, 201, 201, 201, 201, 201, 201}},
      {"GET", "/api/v1/recordings/{recording}/keys/{approval}", "withdrawn",
       [](World& w) { return Sent{w.recording() + "/keys/" + w.here.ben.last_approval.hex()}; },
                                                                                                {401, 401, 401, 410, 401, 404, 410}},
      {"DELETE", "/api/v1/recordings/{recording}", "that has ended", at_recording(""),          {401, 401, 401, 401, 401, 404, 204}},
      {"GET", "/api/v1/recordings/{recording}/erasure", "of what its host erased", at_recording("/erasure"), {200, 200, 200, 200, 200, 200, 200}},
      {"PUT", "/api/v1/rooms/{room}", "the next version, signed by the host", next_version,     {401, 401, 401, 401, 401, 403, 200}},
      {"POST", "/api/v1/logout", "", at("/api/v1/logout", "{}"),                                {401, 401, 401, 401, 401, 204, 204}},
      {"DELETE", "/api/v1/account", "one's own",
       at("/api/v1/account", std::string(R"({"password":")") + kPassword + "\"}"),              {401, 401, 401, 401, 401, 204, 204}},
      // clang-format on
  };
  return rows;
}

}  // namespace

TEST_CASE("every role gets what the table says at every route", "[authorisation]") {
  World world;
  for (const Row& row : table()) {
    for (std::size_t role = 0; role < kRoleNames.size(); ++role) {
      CAPTURE(row.method, row.pattern, row.what, kRoleNames.at(role));
      Sent sent = row.sent(world);
      Headers headers = world.credentials.at(role);
      headers.insert(headers.end(), sent.more.begin(), sent.more.end());
      const Reply reply = world.server.fetch(row.method, sent.target, headers, sent.body);
      CAPTURE(reply.body);
      CHECK(reply.status == row.expected.at(role));
    }
    if (row.pattern == std::string("/api/v1/logout")) world.log_in_again();
  }
}

TEST_CASE("anybody with the link opens a room's WebSocket, and only its own host joins as host", "[authorisation]") {
  World world;
  for (std::size_t role = 0; role < kRoleNames.size(); ++role) {
    CAPTURE(kRoleNames.at(role));
    WebSocketClient socket(world.server.address(), world.room() + "/ws", world.credentials.at(role));
    CHECK(socket.reply().status == 101);
    socket.send(Json{
        {"type", "join"},
        {"name", "Somebody"},
        {"key", crypto::SigningKey::generate().public_key().text()},
        {"role", "host"},
        {"resume",
         nullptr}}.dump());
    const Json first = Json::parse(socket.receive().value_or("{}"));
    if (role == host) {
      CHECK(first.at("type") == "welcome");
    } else {
      CHECK(first.at("problem").at("code") == "not_the_host");
    }
  }
}

TEST_CASE("no route is missing from the table of who may do what", "[authorisation]") {
  std::set<std::string> in_the_table = {"GET /api/v1/rooms/{room}/ws"};  // the test above
  for (const Row& row : table()) in_the_table.insert(row.method + std::string(" ") + row.pattern);
  std::set<std::string> served;
  for (const Endpoint& endpoint : endpoints_of_a_new_service()) served.insert(endpoint.method + " " + endpoint.pattern);
  CHECK(in_the_table == served);
}
