// The API from outside: who may do what, and how refusals look.

#include <SQLiteCpp/SQLiteCpp.h>

#include <catch2/catch.hpp>

#include "consent/receipt.hpp"
#include "consent/statements.hpp"
#include "running_server.hpp"
#include "sample_room.hpp"
#include "storage/database.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;

namespace {

std::string account(const std::string& user, const std::string& password = kPassword,
                    const std::string& invitation = "null") {
  return R"({"user":")" + user + R"(","email":"x@example.org","password":")" + password + R"(","invitation":)" +
         invitation + "}";
}

std::string login(const std::string& user, const std::string& password) {
  return R"({"user":")" + user + R"(","password":")" + password + R"("})";
}

void check_problem(const Reply& reply, unsigned status, const std::string& code) {
  CHECK(reply.status == status);
  CHECK(reply.headers.at("content-type") == "application/problem+json");
  CHECK(json_text(reply.body, "code") == code);
  for (const char* member : {"type", "title", "detail"}) CHECK_FALSE(json_text(reply.body, member).empty());
}

}  // namespace

TEST_CASE("the service tells who it is", "[api]") {
  const RunningServer server;
  CHECK(server.fetch("GET", "/api/v1/health").body == R"({"status":"ok"})");
  const Reply config = server.fetch("GET", "/api/v1/config");
  CHECK(crypto::PublicKey::parse(json_text(config.body, "service_key")));
  CHECK(crypto::NoteVerifier::parse(json_text(config.body, "vkey")));
  CHECK(json_text(config.body, "registration") == "open");
}

TEST_CASE("the keys of the service are made at first start, kept, and readable by nobody else", "[api]") {
  const TemporaryFolder folder;
  auto keep_in_folder = [&](Config& config) { config.data_folder = folder.path() / "data"; };
  std::string first;
  for (int start = 0; start < 2; ++start) {
    const RunningServer server(keep_in_folder);
    const std::string key = json_text(server.fetch("GET", "/api/v1/config").body, "vkey");
    if (start == 0) first = key;
    CHECK(key == first);
    for (const char* name : {"service.key", "ledger.key", "unavoce.db", "ledger.db", "slots"}) {
      CAPTURE(name);
      using std::filesystem::perms;
      const perms rights = std::filesystem::status(server.data_folder() / name).permissions();
      CHECK((rights & (perms::group_all | perms::others_all)) == perms::none);
    }
  }
}

TEST_CASE("every answer carries the security headers", "[api]") {
  const RunningServer server;
  for (const char* target : {"/", "/api/v1/config", "/api/v1/nothing", "/api/v1/rooms"}) {
    CAPTURE(target);
    const Reply reply = server.fetch("GET", target);
    CHECK(reply.headers.at("content-security-policy").starts_with("default-src 'none'; script-src 'self'; "));
    CHECK(reply.headers.at("content-security-policy").find("unsafe") == std::string::npos);
    CHECK(reply.headers.at("referrer-policy") == "no-referrer");
    CHECK(reply.headers.at("x-content-type-options") == "nosniff");
    CHECK(reply.headers.at("cross-origin-opener-policy") == "same-origin");
    CHECK(reply.headers.at("permissions-policy").find("camera=(self)") != std::string::npos);
    CHECK_FALSE(reply.headers.contains("access-control-allow-origin"));
  }
}

TEST_CASE("an account is made, logged in, shown, logged out and deleted", "[api]") {
  const RunningServer server;
  const Reply made = server.fetch("POST", "/api/v1/accounts", {}, account("alice"));
  CHECK(made.status == 201);
  const std::string& cookie = made.headers.at("set-cookie");
  CHECK(cookie.find("; HttpOnly; SameSite=Strict") != std::string::npos);
  const Reply again = server.fetch("POST", "/api/v1/login", {}, login("alice", kPassword));
  CHECK(again.status == 200);
  const std::string fresh = again.headers.at("set-cookie");
  const Headers logged_in = {{"Cookie", fresh.substr(0, fresh.find(';'))}};
  CHECK(json_text(server.fetch("GET", "/api/v1/account", logged_in).body, "user") == "alice");
  CHECK(server.fetch("POST", "/api/v1/logout", logged_in, "{}").status == 204);
  check_problem(server.fetch("GET", "/api/v1/account", logged_in), 401, "unauthorised");
  const Headers first = {{"Cookie", cookie.substr(0, cookie.find(';'))}};
  check_problem(server.fetch("DELETE", "/api/v1/account", first, R"({"password":"wrong wrong wrong"})"), 401,
                "wrong_credentials");
  CHECK(
      server.fetch("DELETE", "/api/v1/account", first, std::string(R"({"password":")") + kPassword + R"("})").status ==
      204);
  check_problem(server.fetch("GET", "/api/v1/account", first), 401, "unauthorised");
}

TEST_CASE("a log-in token is also a bearer token, and a wrong one is nobody's", "[api]") {
  const RunningServer server;
  const std::string cookie = server.host("alice")[0].second;
  const std::string token = cookie.substr(cookie.find('=') + 1);
  CHECK(server.fetch("GET", "/api/v1/account", {{"Authorization", "Bearer " + token}}).status == 200);
  check_problem(server.fetch("GET", "/api/v1/account", {{"Authorization", "Bearer " + token + "x"}}), 401,
                "unauthorised");
}

TEST_CASE("log-ins that have expired are not kept: they go when somebody logs in", "[api]") {
  const RunningServer server;
  (void)server.host("first");
  auto database = unavoce::storage::Database::open(server.data_folder() / "unavoce.db").value();
  REQUIRE(database.handle().exec("UPDATE logins SET expires_ms = 1") == 1);
  const Headers second = server.host("second");
  CHECK(database.handle().execAndGet("SELECT count(*) FROM logins").getInt() == 1);
  CHECK(server.fetch("GET", "/api/v1/account", second).status == 200);
}

TEST_CASE("an unknown user and a wrong password get the same answer", "[api]") {
  const RunningServer server;
  server.host("alice");
  const Reply wrong = server.fetch("POST", "/api/v1/login", {}, login("alice", "not her password"));
  const Reply nobody = server.fetch("POST", "/api/v1/login", {}, login("nobody", "not her password"));
  check_problem(wrong, 401, "wrong_credentials");
  CHECK(nobody.status == wrong.status);
  CHECK(nobody.body == wrong.body);
}

TEST_CASE("guessing one user's password is slowed down", "[api]") {
  const RunningServer server;
  server.host("alice");
  unsigned last = 0;
  for (int i = 0; i < 12; ++i)
    last = server.fetch("POST", "/api/v1/login", {}, login("alice", "guess number 1")).status;
  CHECK(last == 429);
  CHECK(server.fetch("POST", "/api/v1/login", {}, login("bob", "guess number 1")).status == 401);
}

TEST_CASE("no account without what the setting asks for", "[api]") {
  const RunningServer closed([](Config& config) { config.registration = Registration::closed; });
  check_problem(closed.fetch("POST", "/api/v1/accounts", {}, account("alice")), 403, "registration_closed");
  const RunningServer invited([](Config& config) { config.registration = Registration::invitation; });
  check_problem(invited.fetch("POST", "/api/v1/accounts", {}, account("alice")), 403, "invitation_needed");
  check_problem(invited.fetch("POST", "/api/v1/accounts", {}, account("alice", kPassword, "\"guess\"")), 403,
                "bad_invitation");
  const std::string code = "\"" + make_invitation(invited.config()).value() + "\"";
  CHECK(invited.fetch("POST", "/api/v1/accounts", {}, account("alice", kPassword, code)).status == 201);
  check_problem(invited.fetch("POST", "/api/v1/accounts", {}, account("bob", kPassword, code)), 403, "bad_invitation");
}

TEST_CASE("bad accounts are refused with the reason", "[api]") {
  const RunningServer server;
  auto post = [&](const std::string& body) { return server.fetch("POST", "/api/v1/accounts", {}, body); };
  check_problem(post(account("A")), 400, "bad_user");
  check_problem(post(account("alice", "short")), 400, "bad_password");
  check_problem(post("{}"), 400, "malformed");
  check_problem(post("[]"), 400, "malformed");
  check_problem(post("{\"user\":1}"), 400, "malformed");
  check_problem(post(R"({"admin":true})"), 400, "malformed");
  check_problem(post(std::string(2000, '[')), 400, "malformed");
  server.host("alice");
  check_problem(post(account("alice")), 409, "user_exists");
}

TEST_CASE("who is not logged in reaches nothing of a host's", "[api]") {
  const RunningServer server;
  const std::string room = std::string(32, 'a');
  const std::vector<std::pair<const char*, std::string>> hosts_only = {
      {"GET", "/api/v1/account"}, {"DELETE", "/api/v1/account"}, {"POST", "/api/v1/logout"},
      {"GET", "/api/v1/rooms"},   {"POST", "/api/v1/rooms"},     {"PUT", "/api/v1/rooms/" + room}};
  for (const auto& [method, target] : hosts_only) {
    CAPTURE(method, target);
    const Reply reply = server.fetch(method, target, {}, std::string_view(method) == "GET" ? "" : "{}");
    check_problem(reply, 401, "unauthorised");
    CHECK(reply.headers.contains("www-authenticate"));
  }
}

TEST_CASE("a page of another site cannot act for a visitor", "[api]") {
  const RunningServer server;
  Headers headers = server.host("alice");
  headers.emplace_back("Origin", "https://evil.example");
  check_problem(server.fetch("DELETE", "/api/v1/account", headers, "{}"), 403, "wrong_origin");
  headers.back().second = server.base_url();
  check_problem(server.fetch("DELETE", "/api/v1/account", headers, "{}"), 400, "malformed");
  const WebSocketClient socket(server.port(), "/api/v1/rooms/" + std::string(32, 'a') + "/ws",
                               {{"Origin", "https://evil.example"}});
  check_problem(socket.reply(), 403, "wrong_origin");
}

TEST_CASE("unknown addresses and methods are refused as problems", "[api]") {
  const RunningServer server;
  check_problem(server.fetch("GET", "/api/v1/nothing"), 404, "not_found");
  check_problem(server.fetch("GET", "/api/v1/rooms/"), 404, "not_found");
  check_problem(server.fetch("GET", "/../../etc/passwd"), 404, "not_found");
  check_problem(server.fetch("GET", "/%2e%2e/%2e%2e/etc/passwd"), 404, "not_found");
  check_problem(server.fetch("GET", "/%00"), 400, "malformed");
  const Reply method = server.fetch("PATCH", "/api/v1/rooms", {}, "");
  check_problem(method, 405, "method_not_allowed");
  CHECK(method.headers.at("allow") == "GET, POST");
  check_problem(server.fetch("POST", "/host"), 405, "method_not_allowed");
}

TEST_CASE("bodies and headers have limits", "[api]") {
  const RunningServer server;
  check_problem(server.fetch("POST", "/api/v1/login", {}, std::string(9000, ' ')), 413, "too_large");
  Socket chunked(server.port());
  chunked.send("POST /api/v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2400\r\n" +
               std::string(0x2400, ' ') + "\r\n0\r\n\r\n");
  std::string left_over;
  check_problem(read_reply(chunked, "POST", left_over), 413, "too_large");
  check_problem(server.fetch("GET", "/api/v1/health", {{"X-Long", std::string(20000, 'x')}}), 413, "too_large");
}

TEST_CASE("a connection serves several requests, and HEAD has no body", "[api]") {
  const RunningServer server;
  Socket socket(server.port());
  std::string left_over;
  socket.send("HEAD /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n");
  const Reply head = read_reply(socket, "HEAD", left_over);
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "15");
  socket.send("GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(read_reply(socket, "GET", left_over).body == R"({"status":"ok"})");
}

TEST_CASE("garbage does not disturb the service", "[api]") {
  const RunningServer server;
  for (const char* bytes :
       {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/9.9\r\n\r\n", "GET nothing HTTP/1.1\r\n\r\n"}) {
    Socket socket(server.port());
    socket.send(bytes);
  }
  CHECK(server.fetch("GET", "/api/v1/health").status == 200);
}

TEST_CASE("a room is stored, shown to everybody and listed for its host", "[api]") {
  const RunningServer server;
  const Headers alice = server.host("alice");
  const auto key = crypto::SigningKey::generate();
  const auto room = new_room(server, key);
  const std::string envelope = consent::sign_statement(room, key);
  const Reply made = server.fetch("POST", "/api/v1/rooms", alice, envelope_body(envelope));
  REQUIRE(made.status == 201);
  CHECK(json_text(made.body, "id") == consent::id_of(room).hex());
  const Reply shown = server.fetch("GET", "/api/v1/rooms/" + room.room.hex());
  CHECK(shown.status == 200);
  CHECK(json_text(shown.body, "id") == consent::id_of(room).hex());
  CHECK(server.fetch("GET", "/api/v1/rooms", alice).body.find("\"title\":\"Weekly\"") != std::string::npos);
  CHECK(server.fetch("GET", "/api/v1/rooms", server.host("bob")).body == R"({"rooms":[]})");
  check_problem(server.fetch("POST", "/api/v1/rooms", server.host("carol"), envelope_body(envelope)), 409,
                "room_exists");
}

TEST_CASE("a room that names another service, or is signed by another key, is refused", "[api]") {
  const RunningServer server;
  const Headers alice = server.host("alice");
  const auto key = crypto::SigningKey::generate();
  auto room = new_room(server, key);
  room.service_key = key.public_key();
  check_problem(server.fetch("POST", "/api/v1/rooms", alice, envelope_body(consent::sign_statement(room, key))), 404,
                "unknown_reference");
  room = new_room(server, key);
  std::string envelope = consent::sign_statement(room, key);
  const auto sig = envelope.find("\"sig\":\"") + 7;
  envelope[sig] = envelope[sig] == 'A' ? 'B' : 'A';
  check_problem(server.fetch("POST", "/api/v1/rooms", alice, envelope_body(envelope)), 400, "bad_signature");
}

TEST_CASE("the next version of a room comes from its host and follows the last one", "[api]") {
  const RunningServer server;
  const Headers alice = server.host("alice");
  const auto key = crypto::SigningKey::generate();
  auto room = new_room(server, key);
  REQUIRE(server.fetch("POST", "/api/v1/rooms", alice, envelope_body(consent::sign_statement(room, key))).status ==
          201);
  const std::string target = "/api/v1/rooms/" + room.room.hex();
  room.previous = consent::id_of(room);
  room.version = 2;
  room.title = "Daily";
  const std::string body = envelope_body(consent::sign_statement(room, key));
  check_problem(server.fetch("PUT", target, server.host("bob"), body), 403, "forbidden");
  CHECK(server.fetch("PUT", target, alice, body).status == 200);
  CHECK(server.fetch("GET", "/api/v1/rooms", alice).body.find("Daily") != std::string::npos);
  room.version = 4;
  const Reply skipped = server.fetch("PUT", target, alice, envelope_body(consent::sign_statement(room, key)));
  CHECK(skipped.status >= 400);
  CHECK(skipped.status < 500);
}

TEST_CASE("with the account its rooms go", "[api]") {
  const RunningServer server;
  const Headers alice = server.host("alice");
  const auto key = crypto::SigningKey::generate();
  const auto room = new_room(server, key);
  REQUIRE(server.fetch("POST", "/api/v1/rooms", alice, envelope_body(consent::sign_statement(room, key))).status ==
          201);
  REQUIRE(
      server.fetch("DELETE", "/api/v1/account", alice, std::string(R"({"password":")") + kPassword + R"("})").status ==
      204);
  check_problem(server.fetch("GET", "/api/v1/rooms/" + room.room.hex()), 404, "not_found");
}

TEST_CASE("the log holds no address, name, token or room", "[api][log]") {
  const RunningServer server;
  const Headers alice = server.host("alice-in-the-log");
  const auto key = crypto::SigningKey::generate();
  const auto room = new_room(server, key);
  server.fetch("POST", "/api/v1/rooms", alice, envelope_body(consent::sign_statement(room, key)));
  server.fetch("GET", "/api/v1/rooms/" + room.room.hex());
  server.fetch("GET", "/r/" + room.room.hex());
  server.fetch("POST", "/api/v1/login", {}, login("alice-in-the-log", "wrong wrong wrong"));
  const std::string text = server.log_text();
  REQUIRE(text.find("GET /api/v1/rooms/{room} 200") != std::string::npos);
  const std::string token = alice[0].second.substr(alice[0].second.find('=') + 1);
  for (const std::string& secret : {std::string("127.0.0.1"), std::string("alice-in-the-log"), token, room.room.hex(),
                                    std::string("Weekly"), std::string(kPassword)}) {
    CAPTURE(secret);
    CHECK(text.find(secret) == std::string::npos);
  }
}
