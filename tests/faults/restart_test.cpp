// A service that died during a take, started again on a disk that does not give back what it has to know: either
// everything is sealed, now or soon, or it does not start, says why, and the next start seals.

#include <catch2/catch.hpp>

#include "faulty_service.hpp"
#include "tests/server/filled_ledger.hpp"
#include "tests/server/recorded.hpp"

using namespace unavoce;
using namespace unavoce::faults;
using namespace unavoce::server::test;
namespace fs = std::filesystem;

namespace {

/// The data folder as a service left it that died during a take of two, the first of their recording.
struct Interrupted {
  Interrupted() {
    const fs::path live = folder.path() / "live";
    fs::create_directory(live);
    FaultyDisk sound(live);
    LogBook unread;
    const FaultyService first(live, sound, unread);
    const Recorded meeting(first);
    recording = meeting.recording().hex();
    for (const auto& file : fs::directory_iterator(live / "blobs" / recording))
      if (file.path().string().ends_with(".webm.age")) track = file.path().filename();
    fs::copy(live, data, fs::copy_options::recursive);
  }

  /// What keeps the service from starting; nothing if it starts.
  std::string refusal() {
    try {
      service.emplace(data, disk, book);
    } catch (const std::exception& failure) {
      return failure.what();
    }
    return {};
  }

  /// The kinds of the recording's entries in the ledger, in order.
  std::vector<std::string> kinds() {
    if (login.empty()) log_in();
    const Reply reply = service->fetch("GET", "/api/v1/recordings/" + recording, login);
    std::vector<std::string> list;
    const Json details = Json::parse(reply.body);
    for (const Json& entry : details.at("entries")) list.push_back(entry.at("kind"));
    return list;
  }

  void log_in() {
    const Reply reply = service->fetch("POST", "/api/v1/login", {},
                                       std::string(R"({"user":"host","password":")") + kPassword + R"("})");
    const std::string cookie = reply.headers.at("set-cookie");
    login = {{"Cookie", cookie.substr(0, cookie.find(';'))}};
  }

  TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  std::string recording, track;
  FaultyDisk disk{data};
  LogBook book;
  std::optional<FaultyService> service;
  Headers login;
};

/// So many later entries that SQLite does not keep those of the recording in memory, and has to read them again.
void grow_ledger(const fs::path& data) {
  fill_ledger(data, 8000, std::string(300, 'x'));
}

}  // namespace

TEST_CASE("a start that cannot read its ledger while it recovers says so, and the next one seals what was interrupted",
          "[meeting]") {
  Interrupted service;
  grow_ledger(service.data);
  // Recovery begins with the tails; the ledger was read, and forgotten again, before.
  service.disk.turn({"start", "pread", "tail"}, "recovery");
  SECTION("read in vain once: it is read again") {
    service.disk.arm({"recovery", "sqlite read", "ledger.db"}, Trouble::once);
    REQUIRE(service.refusal().empty());
    CHECK(service.book.text().find("ledger.db") != std::string::npos);
  }
  SECTION("it cannot be read") {
    service.disk.arm({"recovery", "sqlite read", "ledger.db"}, Trouble::dead);
    const std::string refusal = service.refusal();
    CHECK(refusal.find("ledger.db") != std::string::npos);
    CHECK(refusal.find("start again") != std::string::npos);
    service.disk.heal();
    REQUIRE(service.refusal().empty());
  }
  CHECK(service.disk.was_hit());
  await([&] { return service.kinds().back() == "seal"; });
}

TEST_CASE("a start that cannot remove what was being prepared says so, and the next one removes it and seals",
          "[meeting]") {
  Interrupted service;
  const fs::path folder = service.data / "blobs" / service.recording;
  const std::string prepared = "t002" + service.track.substr(4);
  fs::copy_file(folder / service.track, folder / prepared);
  service.disk.arm({"start", "unlink", "main"}, Trouble::once);
  CHECK(service.refusal().find(prepared) != std::string::npos);
  REQUIRE(service.disk.was_hit());
  REQUIRE(service.refusal().empty());
  CHECK_FALSE(fs::exists(folder / prepared));
  await([&] { return service.kinds().back() == "seal"; });
}

TEST_CASE("a start whose disk refuses the seals of what was interrupted goes on, and seals as soon as it can",
          "[meeting]") {
  Interrupted service;
  service.disk.turn({"start", "pread", "tail"}, "recovery");
  service.disk.arm({"recovery", "sqlite write", "ledger.db-wal"}, Trouble::full);
  REQUIRE(service.refusal().empty());
  const char* words = "the seal of take 1 of a recording has to wait: ledger.db";
  await([&] { return service.book.text().find(words) != std::string::npos; });
  CHECK(service.disk.is_failing());
  service.disk.heal();
  await([&] { return service.kinds().back() == "seal"; });
}
