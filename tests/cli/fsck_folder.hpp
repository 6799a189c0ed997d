// The data folder of a service that has stopped, ways to damage it, and what `unavoce fsck` must say and do about it.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "storage/blob_store.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"
#include "unavoce_program.hpp"

namespace unavoce::testing::checking {

namespace fs = std::filesystem;
using nlohmann::json;

using testing::program;

using Steps = std::function<void(SyntheticMeeting&)>;

inline void whole_meeting(SyntheticMeeting& meeting) {
  meeting.complete();
}

/// A take that a crash cut off: the service has not sealed it.
inline void interrupted_meeting(SyntheticMeeting& meeting) {
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  meeting.take();
  meeting.track(meeting.host(), 200'000, Ending::interrupted);
}

inline void sealed_interrupted_meeting(SyntheticMeeting& meeting) {
  interrupted_meeting(meeting);
  meeting.seal_take();
}

/// The data folder of a service that has stopped.
class DataFolder {
 public:
  explicit DataFolder(const Steps& steps = whole_meeting, const Steps& after = {}) {
    fs::create_directory(data());
    SyntheticMeeting meeting(data());
    steps(meeting);
    recording = meeting.recording.hex();
    fs::create_directories(blobs());
    for (const auto& [name, track] : meeting.tracks) {
      names.push_back(name);
      write_file(blob(name), track.main);
      if (track.tail) write_file(blob(storage::tail_name(name)), *track.tail);
    }
    for (const Person& person : meeting.people) approvals.push_back(person.approval->hex());
    put_text(data() / "service.key", "# unavoce service key v1\n" + std::string(43, 'A') + "\n");
    put_text(data() / "ledger.key",
             "# unavoce ledger key v1, origin: " + meeting.ledger.origin() + "\n" + std::string(43, 'A') + "\n");
    put_text(data() / "blobs" / ".lock", "");
    accounts("CREATE TABLE recordings (recording TEXT); INSERT INTO recordings VALUES ('" + recording + "')");
    if (after) after(meeting);
  }

  fs::path data() const { return folder_.path() / "data"; }
  fs::path blobs() const { return data() / "blobs" / recording; }
  std::string blob(const std::string& name) const { return (blobs() / name).string(); }
  std::string first() const { return blob(names.front()); }

  void sql(const std::string& statements) const {
    must(storage::Database::open(data() / "ledger.db")).handle().exec(statements);
  }
  void accounts(const std::string& statements) const {
    must(storage::Database::open(data() / "unavoce.db")).handle().exec(statements);
  }
  Outcome fsck(const std::string& options = "") const {
    return run(program + " fsck --json " + options + " " + data().string());
  }
  /// Everything in the folder, byte for byte.
  std::string state() const {
    return run("cd " + data().string() + " && find . -not -name '*-shm' -type f -exec sha256sum {} + | sort -k2")
        .output;
  }

  std::string recording;
  std::vector<std::string> names;      // of track files
  std::vector<std::string> approvals;  // hex ids

 private:
  TemporaryFolder folder_;
};

inline bool names_fault(const json& report, const std::string& kind, const std::string& subject) {
  return std::ranges::any_of(report["faults"], [&](const json& fault) {
    return fault["kind"] == kind && fault["subject"].get<std::string>().find(subject) != std::string::npos;
  });
}

inline void cut(const std::string& path, std::uintmax_t bytes) {
  fs::resize_file(path, fs::file_size(path) - bytes);
}

inline void flip(const std::string& path, std::size_t offset) {
  std::string content = read_text(path);
  content.at(offset) = static_cast<char>(content.at(offset) ^ 1);
  put_text(path, content);
}

inline void exchange(const std::string& one, const std::string& other) {
  fs::rename(one, one + ".x");
  fs::rename(other, one);
  fs::rename(one + ".x", other);
}

/// One kind of damage, and how fsck must call it.
struct Damage {
  const char* title;
  std::function<void(const DataFolder&)> make;
  std::string kind;
  std::string subject;
  Steps steps = whole_meeting;
};

/// Found, named, and neither changed by looking nor by --repair.
inline void expect_found_and_left_alone(const Damage& damage) {
  CAPTURE(damage.title);
  const DataFolder place(damage.steps);
  damage.make(place);
  const std::string before = place.state();
  for (const char* options : {"", "--repair"}) {
    const Outcome outcome = place.fsck(options);
    CAPTURE(options, outcome.output);
    CHECK(outcome.exit_code == 1);
    CHECK(names_fault(json::parse(outcome.output), damage.kind, damage.subject));
    CHECK(place.state() == before);
  }
}

/// Found, named, not changed by looking; repaired by --repair, after which everything fits.
inline void expect_repaired(const DataFolder& place, const std::string& kind, const std::string& subject) {
  const std::string before = place.state();
  const json found = json::parse(place.fsck().output);
  CAPTURE(found.dump(1));
  CHECK(names_fault(found, kind, subject));
  CHECK(std::ranges::all_of(found["faults"], [](const json& fault) { return fault["repairable"] == true; }));
  CHECK(place.state() == before);

  CHECK(place.fsck("--repair").exit_code == 0);
  const Outcome second = place.fsck();
  CHECK(second.exit_code == 0);
  CHECK(json::parse(second.output)["faults"].empty());
}

}  // namespace unavoce::testing::checking
