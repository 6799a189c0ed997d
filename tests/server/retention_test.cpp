// The end of a recording's life: what was promised as "until when" comes true, also after a time in which nothing ran.

#include <catch2/catch.hpp>

#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::ErasedReason;

namespace {

/// The host, at a service that was started again.
Headers logged_in(const Service& server) {
  const Reply reply =
      server.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})");
  const std::string cookie = reply.headers.at("set-cookie");
  return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

/// What Anna records alone, to be kept for four seconds (of an ordinary build).
struct KeptShortly {
  explicit KeptShortly(const Service& server) : host(server), anna(host, Attendee::As::host) {
    auto request = host.request(anna.welcome.at("session"), {consent::Kind::audio});
    until = request.delete_after_ms = request.expires_ms = wall_time() + consent::SpanMs{4000 * testing::kSlower};
    recording = request.recording.hex();
    REQUIRE(post_statement(server, consent::sign_statement(request, host.room_key), host.login).status == 201);
    anna.wait_for_request();
    REQUIRE(anna.approve({consent::Kind::audio}).status == 201);
    anna.wait_for_gate("open");
  }

  Host host;
  Attendee anna;
  consent::TimeMs until;
  std::string recording;
};

}  // namespace

TEST_CASE("when its retention ends a recording is erased, also if nothing ran then, and the ledger says so",
          "[meeting]") {
  const TemporaryFolder folder;
  std::string recording;
  consent::StatementId approval;
  consent::TimeMs until{};
  {
    const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
    const KeptShortly kept(first);
    approval = kept.anna.last_approval;
    until = kept.until;
    recording = kept.recording;
    CHECK(files_of(first, recording) > 0);
    CHECK_FALSE(erasure_of(first, recording));
    copy_live(folder.path() / "data", folder.path() / "later");
  }
  await([&] { return wall_time() > until; });
  const RunningServer later([&](Config& config) {
    config.data_folder = folder.path() / "later";
    config.come_back_within = std::chrono::milliseconds(1);
    config.max_requests_per_second = 1'000'000;
  });
  std::optional<consent::Signed<consent::Erased>> erased;
  await([&] { return (erased = erasure_of(later, recording)).has_value(); });
  CHECK(erased->body.recording.hex() == recording);
  CHECK(erased->body.reason == ErasedReason::retention);
  CHECK(erased->body.what == std::vector<std::string>{"recording"});
  CHECK(erased->body.issued_ms >= until);
  const std::string target = "/api/v1/recordings/" + recording;
  const Headers host = logged_in(later);
  await([&] { return later.fetch("GET", target, host).status == 404; });
  CHECK(later.fetch("GET", target + "/bundle", host).status == 404);
  CHECK(later.fetch("GET", "/api/v1/statements/" + approval.hex() + "/receipt").status == 404);
  CHECK(files_of(later, recording) == 0);
}

TEST_CASE("what belongs to no room any more goes at the end of its retention all the same", "[meeting]") {
  const TemporaryFolder folder;
  std::string recording;
  consent::TimeMs until{};
  {
    const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
    const KeptShortly kept(first);
    until = kept.until;
    recording = kept.recording;
    copy_live(folder.path() / "data", folder.path() / "later");
  }
  for (const char* name : {"unavoce.db", "unavoce.db-wal", "unavoce.db-shm"})
    std::filesystem::remove(folder.path() / "later" / name);
  await([&] { return wall_time() > until; });
  const RunningServer later([&](Config& config) {
    config.data_folder = folder.path() / "later";
    config.come_back_within = std::chrono::milliseconds(1);
    config.max_requests_per_second = 1'000'000;
  });
  CHECK(later.log_text().find("recordings of the ledger that are in no room of unavoce.db: 1.") != std::string::npos);
  std::optional<consent::Signed<consent::Erased>> erased;
  await([&] { return (erased = erasure_of(later, recording)).has_value(); });
  CHECK(erased->body.reason == ErasedReason::retention);
  CHECK(files_of(later, recording) == 0);
}

TEST_CASE("a recording whose retention ends while the service runs is erased by a later sweep", "[meeting]") {
  const RunningServer server([](Config& config) {
    config.come_back_within = std::chrono::milliseconds(1);  // the first sweep comes before there is anything
    config.sweep_every = std::chrono::milliseconds(100);
    config.max_requests_per_second = 1'000'000;
  });
  KeptShortly kept(server);
  CHECK(kept.anna.wait_for("recording_ended").at("reason") == "expired");
  std::optional<consent::Signed<consent::Erased>> erased;
  await([&] { return (erased = erasure_of(server, kept.recording)).has_value(); });
  CHECK(erased->body.reason == ErasedReason::retention);
  CHECK(erased->body.issued_ms >= kept.until);
  CHECK(files_of(server, kept.recording) == 0);
}

TEST_CASE("deleting an account erases its recordings, and the ledger says so", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string recording = meeting.recording().hex();
  REQUIRE(
      server.fetch("DELETE", "/api/v1/account", meeting.host.login, std::string(R"({"password":")") + kPassword + "\"}")
          .status == 204);
  const auto erased = erasure_of(server, recording);
  REQUIRE(erased);
  CHECK(erased->body.reason == ErasedReason::room_deleted);
  CHECK(server.fetch("GET", "/api/v1/statements/" + meeting.ben.last_approval.hex() + "/receipt").status == 404);
  CHECK(files_of(server, recording) == 0);
}

TEST_CASE("recordings that the ledger does not know are left where they are", "[meeting]") {
  const TemporaryFolder folder;
  std::string recording;
  {
    const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
    const Recorded meeting(first);
    recording = meeting.recording().hex();
    REQUIRE(files_of(first, recording) > 0);
    copy_live(folder.path() / "data", folder.path() / "later");
  }
  for (const char* name : {"ledger.db", "ledger.db-wal", "ledger.db-shm"}) {
    std::filesystem::remove(folder.path() / "later" / name);
  }
  const RunningServer later([&](Config& config) {
    config.data_folder = folder.path() / "later";
    config.come_back_within = std::chrono::milliseconds(1);
  });
  await([&] { return later.log_text().find("which the ledger does not know") != std::string::npos; });
  CHECK(files_of(later, recording) > 0);
}

TEST_CASE("a recording that is erased, but not off the list yet, is none, and the list can be read", "[meeting]") {
  const TemporaryFolder folder;
  std::string recording;
  consent::TimeMs until{};
  {
    const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
    Host host(first);
    Attendee anna(host, Attendee::As::host);
    anna.ask({consent::Kind::audio}, [&](consent::Request& request) {
      until = request.delete_after_ms = request.expires_ms = wall_time() + consent::SpanMs{2000 * testing::kSlower};
    });
    recording = anna.request->body.recording.hex();
    copy_live(folder.path() / "data", folder.path() / "later");
  }
  {
    auto database = storage::Database::open(folder.path() / "later" / "unavoce.db").value();
    database.handle().exec(
        "CREATE TRIGGER test_fault BEFORE DELETE ON recordings BEGIN SELECT RAISE(ABORT, 'the disk fails'); END");
  }
  await([&] { return wall_time() > until; });
  const RunningServer later([&](Config& config) {
    config.data_folder = folder.path() / "later";
    config.come_back_within = std::chrono::milliseconds(1);
    config.max_requests_per_second = 1'000'000;
  });
  const Headers host = logged_in(later);
  CHECK(later.fetch("GET", "/api/v1/recordings/" + recording + "/bundle", host).status != 200);
  await([&] { return erasure_of(later, recording).has_value(); });
  const Reply list = later.fetch("GET", "/api/v1/recordings", host);
  CHECK(list.status == 200);
  CHECK(Json::parse(list.body).at("recordings").empty());
  check_problem(later.fetch("GET", "/api/v1/recordings/" + recording, host), 404, "not_found");
}

TEST_CASE("once its retention is over nothing of a recording is given out, although the disk still has it",
          "[meeting]") {
  const RunningServer server([](Config& config) { config.come_back_within = std::chrono::hours(1); });
  Host host(server);
  Attendee anna(host, Attendee::As::host);
  const consent::TimeMs until = wall_time() + consent::SpanMs{3000 * testing::kSlower};
  anna.ask({consent::Kind::audio},
           [&](consent::Request& request) { request.delete_after_ms = request.expires_ms = until; });
  REQUIRE(anna.approve({consent::Kind::audio}).status == 201);
  const std::string target = "/api/v1/recordings/" + anna.request->body.recording.hex();
  CHECK(server.fetch("GET", target + "/tracks", host.login).status == 200);
  anna.wait_for("recording_ended");
  await([&] { return wall_time() > until; });
  REQUIRE_FALSE(erasure_of(server, anna.request->body.recording.hex()));
  check_problem(server.fetch("GET", target, host.login), 410, "gone");
  const Json list = Json::parse(server.fetch("GET", "/api/v1/recordings", host.login).body);
  CHECK(list.at("recordings").at(0).at("state") == "erasing");
  check_problem(server.fetch("GET", target + "/tracks", host.login), 410, "gone");
  check_problem(server.fetch("GET", target + "/bundle", host.login), 410, "gone");
  check_problem(wrapped_key(server, host, anna.request->body.recording, anna.last_approval), 410, "gone");
}

TEST_CASE("a withdrawal from a recording that was erased as a whole is told so", "[meeting]") {
  const RunningServer server;
  const Recorded meeting(server);
  const std::string withdrawal = meeting.ben.withdrawal();
  REQUIRE(
      server.fetch("DELETE", "/api/v1/account", meeting.host.login, std::string(R"({"password":")") + kPassword + "\"}")
          .status == 204);
  check_problem(post_statement(server, withdrawal), 410, "gone");
}
