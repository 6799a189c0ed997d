// What a service that was started again does with what it finds.

#include <catch2/catch.hpp>
#include <future>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::EndReason;
using consent::Kind;

namespace {

/// The next statement of a room, under which no request from before holds.
void rename_room(const RunningServer& server, Host& host) {
  host.room.previous = consent::id_of(host.room);
  host.room.version++;
  host.room.title = "Daily";
  const std::string body = envelope_body(consent::sign_statement(host.room, host.room_key));
  REQUIRE(server.fetch("PUT", "/api/v1/rooms/" + host.room.room.hex(), host.login, body).status == 200);
}

/// Why the recording is over; nothing while its final seal is missing.
std::optional<EndReason> end_of(const AfterCrash& crash) {
  const auto seals = statements_of<consent::Seal>(*crash.server, *crash.host, crash.recording);
  if (seals.empty() || seals.back().body.take) return std::nullopt;
  return seals.back().body.reason;
}

/// Nobody is waited for, and what is owed to the ledger follows at once.
void without_sweep(Config& config) {
  config.come_back_within = std::chrono::hours(1);
  config.try_again_after = std::chrono::milliseconds(10);
  config.max_requests_per_second = 1'000'000;  // the ledger is asked until it says so
}

}  // namespace

TEST_CASE("after a restart the gate is closed, and the recording goes on once everybody approved again", "[meeting]") {
  const AfterCrash crash({}, without_sweep);
  await([&] { return kinds_of(*crash.server, *crash.host, crash.recording).back() == "seal"; });
  Attendee anna(*crash.host, Attendee::As::host);
  REQUIRE(anna.request);
  CHECK(anna.request->body.recording == crash.recording);
  CHECK(anna.welcome.at("gate").at("state") == "closed");
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 2);
}

TEST_CASE("a withdrawal from before a restart that is sent again takes nothing back that was approved after it",
          "[meeting][withdrawal]") {
  std::string earlier;
  const AfterCrash crash([&](const RunningServer& server, Recorded& meeting) {
    earlier = meeting.ben.withdrawal({Kind::video});
    REQUIRE(post_statement(server, earlier).status == 201);
  });
  Attendee anna(*crash.host, Attendee::As::host);
  Attendee ben(*crash.host, Attendee::As::participant, "Ben", {.key = &crash.ben_key});
  REQUIRE(anna.approve().status == 201);
  REQUIRE(ben.approve({Kind::video}).status == 201);
  anna.wait_for_gate("open");
  REQUIRE(post_statement(*crash.server, earlier).status == 201);
  CHECK_FALSE(anna.was_sent("gate"));
  CHECK(wrapped_key(*crash.server, *crash.host, crash.recording, ben.last_approval).status == 200);
}

TEST_CASE("what a withdrawal erased whose row the disk had refused is said once it is sent again",
          "[meeting][withdrawal]") {
  std::string refused;
  const AfterCrash crash([&](const RunningServer& server, Recorded& meeting) {
    refused = meeting.ben.withdrawal();
    LedgerFault fault(server, "withdrawal");  // and so it is when the service dies
    check_problem(post_statement(server, refused), 503, "proof_follows");
  });
  LedgerFault::heal(*crash.server);
  auto kinds = kinds_of(*crash.server, *crash.host, crash.recording);
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 0);
  CHECK(track_files(*crash.server) == 0);
  REQUIRE(post_statement(*crash.server, refused).status == 201);
  kinds = kinds_of(*crash.server, *crash.host, crash.recording);
  CHECK(std::count(kinds.begin(), kinds.end(), "erased") == 1);
  CHECK(std::find(kinds.begin(), kinds.end(), "withdrawal") < std::find(kinds.begin(), kinds.end(), "erased"));
}

TEST_CASE("a withdrawal that arrives while its room is being opened again is heard there", "[meeting][withdrawal]") {
  const AfterCrash crash;
  const RunningServer& server = *crash.server;
  // The database is held up while the session begins and the withdrawal arrives.
  auto disk = storage::Database::open(server.data_folder() / "ledger.db").value();
  Socket other(server.address());
  std::future<Reply> withdrawn;
  Attendee::Entrance entrance{.key = &crash.ben_key};
  entrance.before_join = [&] {
    disk.handle().exec("BEGIN IMMEDIATE");
    crypto::SigningKey key = crypto::SigningKey::generate();
    const std::string body = envelope_body(consent::sign_statement(new_room(server, key), key));
    other.send("POST /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nCookie: " + crash.host->login.front().second +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  entrance.after_join = [&] {
    withdrawn = std::async(std::launch::async, [&] { return post_statement(server, crash.bens_withdrawal); });
    server.fetch("GET", "/api/v1/config");
    disk.handle().exec("ROLLBACK");
  };
  Attendee ben(*crash.host, Attendee::As::participant, "Ben", entrance);
  REQUIRE(withdrawn.get().status == 201);
  // Who withdrew everything does not approve again under the same key.
  REQUIRE(ben.request);
  check_problem(ben.approve(), 403, "not_permitted");
}

TEST_CASE("the host ends a recording that nobody came back to after a restart", "[meeting]") {
  const AfterCrash crash;
  const std::string target = "/api/v1/recordings/" + crash.recording.hex();
  REQUIRE(crash.server->fetch("POST", target + "/stop", crash.host->login, "{}").status == 204);
  const auto last = Json::parse(crash.server->fetch("GET", target, crash.host->login).body).at("entries").back();
  const auto envelope = crypto::from_base64(last.at("envelope").get<std::string>()).value();
  const auto seal = consent::parse_statement<consent::Seal>(std::string(crypto::as_text(envelope))).value();
  CHECK_FALSE(seal.body.take);
  CHECK(seal.body.reason == consent::EndReason::stopped);
  const Attendee anna(*crash.host, Attendee::As::host);
  CHECK(anna.welcome.at("request").is_null());
}

TEST_CASE("a recording that a restarted service took up for nobody ends like one nobody came back to", "[meeting]") {
  const AfterCrash crash({}, [](Config& config) {
    config.come_back_within = testing::patience(std::chrono::seconds(2));
    config.max_requests_per_second = 1'000'000;  // the list is asked for until it says so
  });
  // Opens the meeting again, and then cannot join.
  CHECK_THROWS_WITH(Attendee(*crash.host, Attendee::As::host, "Anna", {.resume = "of the old session"}),
                    Catch::Contains("cannot_resume"));
  std::string state;
  while (state != "interrupted") {
    const Reply list = crash.server->fetch("GET", "/api/v1/recordings", crash.host->login);
    state = json_text(list.body, "state");
    REQUIRE(list.status == 200);
  }
  const Attendee anna(*crash.host, Attendee::As::host);
  CHECK(anna.welcome.at("request").is_null());
}

TEST_CASE("a crash between a room's new statement and the seal of what it ended: the start seals it", "[meeting]") {
  const char* fault =
      "CREATE TRIGGER no_seals BEFORE INSERT ON ledger_entries WHEN NEW.kind = 'seal' "
      "BEGIN SELECT RAISE(ABORT, 'the disk fails'); END";
  const AfterCrash crash(
      [&](const RunningServer& server, Recorded& meeting) {
        auto disk = storage::Database::open(server.data_folder() / "ledger.db").value();
        disk.handle().exec(fault);
        rename_room(server, meeting.host);
      },
      [](Config& config) {
        auto disk = storage::Database::open(config.data_folder / "ledger.db").value();
        disk.handle().exec("DROP TRIGGER no_seals");
        without_sweep(config);
      });
  await([&] { return end_of(crash).has_value(); });
  CHECK(*end_of(crash) == EndReason::interrupted);
  CHECK(crash.server->log_text().find("could not be recovered") == std::string::npos);
}

TEST_CASE("what a crash left open is sealed when its room has a new statement, although people are there by now",
          "[meeting]") {
  AfterCrash crash({}, without_sweep);
  REQUIRE_FALSE(end_of(crash));
  rename_room(*crash.server, *crash.host);
  const Attendee anna(*crash.host, Attendee::As::host);
  CHECK(anna.welcome.at("request").is_null());
  await([&] { return end_of(crash).has_value(); });
  CHECK(*end_of(crash) == EndReason::interrupted);
}

TEST_CASE("what a crash left open and nobody may record any more is sealed although people are in its room",
          "[meeting]") {
  consent::TimeMs until{};
  const AfterCrash crash(
      [&](const RunningServer&, Recorded& meeting) {
        meeting.anna.request.reset();
        meeting.anna.ask({Kind::audio}, [&](consent::Request& request) {
          until = request.expires_ms = wall_time() + consent::SpanMs{3000};
        });
      },
      without_sweep);
  await([&] { return wall_time() > until; });
  const Attendee anna(*crash.host, Attendee::As::host);
  CHECK(anna.welcome.at("request").is_null());
  await([&] { return end_of(crash).has_value(); });
  CHECK(*end_of(crash) == EndReason::expired);
}

TEST_CASE("a request that was cut off before it was durable does not hide the recording that goes on", "[meeting]") {
  const AfterCrash crash([](const RunningServer& server, Recorded& meeting) {
    auto index = storage::Database::open(server.data_folder() / "unavoce.db").value();
    SQLite::Statement insert(index.handle(), "INSERT INTO recordings (recording, room) VALUES (?, ?)");
    insert.bind(1, consent::RecordingId::random().hex());
    insert.bind(2, meeting.host.room.room.hex());
    insert.exec();
  });
  const Attendee anna(*crash.host, Attendee::As::host);
  REQUIRE(anna.request);
  CHECK(anna.request->body.recording == crash.recording);
}

TEST_CASE("a restart leaves no file that nobody announced, and no half-written tail", "[meeting]") {
  std::string prepared, unfinished;
  const AfterCrash crash([&](const RunningServer& server, Recorded& meeting) {
    const auto folder = server.data_folder() / "blobs" / meeting.recording().hex();
    // Prepared for take 2, which never became durable; and a tail that was being written.
    const std::string mark = "-" + meeting.ben.last_approval.hex().substr(0, 16) + "-f001.webm";
    std::filesystem::copy_file(folder / ("t001" + mark + ".age"), folder / ("t002" + mark + ".age"));
    std::filesystem::copy_file(folder / ("t001" + mark + ".tail.age"), folder / ("t001" + mark + ".tail.age.tmp"));
    prepared = "t002" + mark + ".age";
    unfinished = "t001" + mark + ".tail.age.tmp";
  });
  const auto folder = crash.server->data_folder() / "blobs" / crash.recording.hex();
  CHECK_FALSE(std::filesystem::exists(folder / prepared));
  CHECK_FALSE(std::filesystem::exists(folder / unfinished));
  CHECK(track_files(*crash.server) == 2);
}

TEST_CASE("a file with media that the ledger does not know is not erased by a restart", "[meeting]") {
  std::string newer;
  const AfterCrash crash([&](const RunningServer& server, Recorded& meeting) {
    const auto folder = server.data_folder() / "blobs" / meeting.recording().hex();
    newer = "t002-" + meeting.ben.last_approval.hex().substr(0, 16) + "-f001.webm.age";
    std::ofstream(folder / newer) << std::string(100'000, 'x');
  });
  CHECK(std::filesystem::exists(crash.server->data_folder() / "blobs" / crash.recording.hex() / newer));
  CHECK(crash.server->log_text().find(newer + " holds media") != std::string::npos);
}
