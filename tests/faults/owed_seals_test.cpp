// The seals of what a crash interrupted: they wait for the files that they name, and nobody waits for them but their
// own recording; nor do they for ever for a file that never comes back.

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>

#include "consent/bundle.hpp"
#include "consent/verifier.hpp"
#include "faulty_service.hpp"
#include "recorder/recovery.hpp"
#include "stubborn_disk.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// The data folder as a service left it that died during a take of Anna's and Ben's.
struct InterruptedTake {
  InterruptedTake() {
    const fs::path live = folder.path() / "live";
    fs::create_directory(live);
    FaultyDisk sound(live);
    LogBook unread;
    const FaultyService first(live, sound, unread);
    Host owner(first);
    Attendee anna(owner, Attendee::As::host, "Anna");
    Attendee ben(owner, Attendee::As::participant, "Ben");
    anna.ask();
    ben.wait_for_request();
    if (anna.approve().status != 201 || ben.approve().status != 201) throw std::runtime_error("not approved");
    anna.wait_for_gate("open");
    id = anna.request->body.recording;
    recording = id.hex();
    withdrawal = ben.withdrawal();
    const Reply known = first.fetch("GET", "/api/v1/recordings/" + recording, owner.login);
    const Json details = Json::parse(known.body);
    for (const Json& entry : details.at("entries")) {
      if (entry.at("kind") != "track") continue;
      const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
      const auto track = consent::parse_statement<consent::Track>(std::string(crypto::as_text(envelope))).value();
      (track.body.approval == anna.last_approval ? annas : bens) = track.body.name;
      tracks.push_back(track.body.name);
    }
    login = owner.login;
    host.emplace(owner, first, login);
    copy_live(live, data);
  }

  FaultyService& start() {
    service = std::make_unique<FaultyService>(data, disk, book);
    const Host again(*host, *service, login);
    host.emplace(again, *service, login);
    return *service;
  }

  /// Forty seconds of it; it has begun with that.
  FaultyService& start_with_much_to_read() {
    // Without its tail nobody knows that it is too long.
    fs::remove(path_of(storage::tail_name(tracks.front())));
    fs::resize_file(path_of(tracks.front()), 400 << 20);
    disk.take_time(100ms);
    start();
    await([&] { return disk.times_hashed(tracks.front()) > 0; });
    return *service;
  }

  Reply ask(const std::string& method, const std::string& below = {}, const std::string& body = {}) {
    return service->fetch(method, "/api/v1/recordings/" + recording + below, login, body);
  }
  std::string state() {
    const Json list = Json::parse(service->fetch("GET", "/api/v1/recordings", login).body);
    return list.at("recordings").at(0).at("state");
  }
  /// All that the ledger has.
  std::vector<consent::Seal> all_seals() {
    std::vector<consent::Seal> found;
    const Json details = Json::parse(ask("GET").body);
    for (const Json& entry : details.at("entries")) {
      if (entry.at("kind") != "seal") continue;
      const auto envelope = crypto::from_base64(entry.at("envelope").get<std::string>()).value();
      found.push_back(consent::parse_statement<consent::Seal>(std::string(crypto::as_text(envelope))).value().body);
    }
    return found;
  }
  /// Those of takes.
  std::vector<consent::Seal> seals() {
    std::vector<consent::Seal> found = all_seals();
    std::erase_if(found, [](const auto& seal) { return !seal.take; });
    return found;
  }
  std::optional<consent::Seal> final_seal() {
    const std::vector<consent::Seal> all = all_seals();
    const auto found = std::ranges::find_if(all, [](const auto& seal) { return !seal.take; });
    return found == all.end() ? std::nullopt : std::optional(*found);
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> found;
    const Json details = Json::parse(ask("GET").body);
    for (const Json& entry : details.at("entries")) found.push_back(entry.at("kind"));
    return found;
  }
  /// Whether it is written down that the recording is over.
  bool is_over() const {
    SQLite::Database rooms((data / "unavoce.db").string(), SQLite::OPEN_READONLY);
    SQLite::Statement over(rooms, "SELECT over_because FROM recordings WHERE over_because IS NOT NULL");
    return over.executeStep();
  }
  static bool names_only(const std::string& file, const consent::Seal& seal) {
    return !seal.tracks.empty() &&
           std::ranges::all_of(seal.tracks, [&](const auto& track) { return recorder::main_name(track.name) == file; });
  }
  fs::path path_of(const std::string& name) const { return data / "blobs" / recording / name; }
  int times_told(const std::string& words) const {
    const std::string log = book.text();
    int times = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++times;
    return times;
  }

  TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  consent::RecordingId id;
  std::string recording, annas, bens, withdrawal;
  std::vector<std::string> tracks;  ///< in the ledger's order
  Headers login;
  std::optional<Host> host;
  StubbornDisk disk;
  LogBook book;
  std::unique_ptr<FaultyService> service;
};

}  // namespace

TEST_CASE("a start serves at once, however long it takes to read what was interrupted", "[meeting][withdrawal]") {
  InterruptedTake run;
  run.disk.hold();
  auto started = std::async(std::launch::async, [&] { run.start(); });
  const bool in_time = started.wait_for(testing::patience(10s)) == std::future_status::ready;
  if (!in_time) run.disk.let_go();
  started.get();
  REQUIRE(in_time);
  await([&] { return run.disk.times_hashed(run.tracks.front()) > 0; });

  // It is not over yet, for its host.
  CHECK(run.state() == "recording");
  check_problem(run.ask("GET", "/bundle"), 409, "still_recording");
  // Somebody else's meeting is held, and a withdrawal from this one carried out.
  const Recorded other(*run.service, {}, "somebody-else");
  CHECK(post_statement(*run.service, run.withdrawal).status == 201);
  CHECK_FALSE(fs::exists(run.path_of(run.bens)));
  CHECK(run.seals().empty());

  run.disk.let_go();
  await([&] { return !run.seals().empty(); });
  const auto seal = run.seals().front();
  CHECK(seal.reason == consent::EndReason::interrupted);
  CHECK(run.names_only(run.annas, seal));
}

TEST_CASE("a stop does not wait until all that was interrupted is read, and the next start seals it", "[meeting]") {
  InterruptedTake run;
  FaultyService& service = run.start_with_much_to_read();
  const auto told = std::chrono::steady_clock::now();
  service.end();
  run.service.reset();
  CHECK(std::chrono::steady_clock::now() - told < testing::patience(5s));
  run.disk.take_time(0ms);
  run.start();
  await([&] { return !run.seals().empty(); });
  CHECK(run.seals().front().reason == consent::EndReason::interrupted);
}

TEST_CASE(
    "who leaves and comes back while what was interrupted is read records nothing behind the end of that recording",
    "[meeting]") {
  InterruptedTake run;
  run.disk.hold();
  run.start();
  await([&] { return run.disk.times_hashed(run.tracks.front()) > 0; });
  {
    Attendee anna(*run.host, Attendee::As::host, "Anna");
    REQUIRE(anna.approve().status == 201);
  }
  // Whoever comes after the last one left is in another meeting, and asks for another recording, which waits for no
  // file.
  Attendee anna(*run.host, Attendee::As::host, "Anna");
  anna.ask();
  CHECK(anna.request->body.recording != run.id);
  REQUIRE(anna.approve().status == 201);
  anna.wait_for_gate("open");
  CHECK(anna.gate.at("take") == 1);
  CHECK(run.seals().empty());

  run.disk.let_go();
  await([&] { return run.final_seal().has_value(); });
  CHECK(run.final_seal()->reason == consent::EndReason::ended);
  const std::vector<std::string> kinds = run.kinds();
  CHECK(std::ranges::count(kinds, "take") == 1);
  CHECK(kinds.back() == "seal");
}

TEST_CASE("a host's stop holds although the service ends before what was interrupted is read", "[meeting]") {
  InterruptedTake run;
  FaultyService& service = run.start_with_much_to_read();
  auto stopped = std::async(std::launch::async, [&] { return run.ask("POST", "/stop", "{}"); });
  await([&] { return run.is_over(); });
  service.end();
  check_problem(stopped.get(), 503, "seal_follows");
  run.service.reset();
  run.disk.take_time(0ms);
  run.start();
  await([&] { return run.final_seal().has_value(); });
  CHECK(run.final_seal()->reason == consent::EndReason::stopped);
}

TEST_CASE("of a take with a file that never can be read the others are read once, and it is told once", "[meeting]") {
  InterruptedTake run;
  const std::string lost = run.tracks.back();
  run.disk.refuse(lost);
  run.start();
  await([&] { return run.disk.times_hashed(lost) >= 3; });
  CHECK(run.disk.times_hashed(run.tracks.front()) == 1);
  CHECK(run.times_told("the seal of take 1 of a recording has to wait: cannot read") == 1);
  CHECK(run.times_told(lost) == 1);
  CHECK(run.seals().empty());
}

TEST_CASE("a host ends and erases a recording with a file that never can be read", "[meeting]") {
  InterruptedTake run;
  run.disk.refuse(run.tracks.back());
  run.start();
  await([&] { return run.times_told("the seal of take 1 of a recording has to wait: cannot read") == 1; });
  check_problem(run.ask("DELETE"), 409, "not_ended");
  check_problem(run.ask("POST", "/stop", "{}"), 503, "seal_follows");
  CHECK(run.ask("DELETE").status == 204);
  CHECK(erasure_of(*run.service, run.recording)->body.reason == consent::ErasedReason::recording_deleted);
  CHECK_FALSE(fs::exists(run.data / "blobs" / run.recording));
}

TEST_CASE("a take with a file that never can be read is sealed once whoever it is of takes back", "[withdrawal]") {
  InterruptedTake run;
  run.disk.refuse(run.bens);
  run.start();
  await([&] { return run.disk.times_hashed(run.bens) >= 1; });
  REQUIRE(post_statement(*run.service, run.withdrawal).status == 201);
  await([&] { return !run.seals().empty(); });
  CHECK(run.names_only(run.annas, run.seals().front()));
}

TEST_CASE("a file that lost what was durable is sealed as it lies there, the recording goes on, and verify finds it",
          "[meeting]") {
  InterruptedTake run;
  const fs::path file = run.path_of(run.annas);
  SECTION("its end") {
    fs::resize_file(file, fs::file_size(file) - 30);
  }
  SECTION("nearly all of it") {
    fs::resize_file(file, 10);
  }
  const auto size_bytes = fs::file_size(file);
  run.start();
  await([&] { return !run.seals().empty(); });
  const auto seal = run.seals().front();
  const auto sealed = [&](const std::string& name) {
    return std::ranges::find_if(seal.tracks, [&](const auto& track) { return track.name == name; });
  };
  REQUIRE(sealed(run.annas) != seal.tracks.end());
  CHECK(sealed(run.annas)->size_bytes == size_bytes);
  CHECK(sealed(storage::tail_name(run.annas)) != seal.tracks.end());
  CHECK(run.times_told(run.annas + " is damaged, and sealed as it lies there") == 1);

  {
    Attendee anna(*run.host, Attendee::As::host, "Anna");
    REQUIRE(anna.approve().status == 201);
    anna.wait_for_gate("open");
    CHECK(anna.gate.at("take") == 2);
    REQUIRE(run.ask("POST", "/stop", "{}").status == 204);
  }
  const Reply tar = run.ask("GET", "/bundle");
  REQUIRE(tar.status == 200);
  const fs::path path = run.folder.path() / "bundle.tar";
  std::ofstream(path, std::ios::binary) << tar.body;
  auto bundle = consent::Bundle::open(path);
  REQUIRE(bundle);
  const auto report = consent::verify_bundle(
      bundle.value(), {.room_identities = {}, .pinned_room_key = run.host->room_key.public_key(), .progress = {}});
  for (const auto& rule : report.rules) {
    CAPTURE(rule.rule, rule.findings);
    CHECK((rule.verdict == consent::Verdict::failed) == (rule.rule == "tracks"));
  }
}
