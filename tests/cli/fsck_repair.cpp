// `unavoce fsck --repair`: only what loses nothing is repaired.
#include <algorithm>
#include <map>

#include "fsck_folder.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::checking;
namespace storage = unavoce::storage;

TEST_CASE("fsck --repair removes temporary files") {
  const DataFolder place;
  const std::string temporary = storage::tail_name(place.names.front()) + ".tmp";
  put_text(place.blob(temporary), "half");
  put_text(place.blob("t009-0000000000000000-f001.webm.tail.age.tmp"), "half");
  put_text(place.data() / "service.key.tmp", "half");
  expect_repaired(place, "leftover", temporary);
}

TEST_CASE("fsck --repair removes files whose erasure stands in the ledger") {
  std::map<std::string, SyntheticTrack> before;
  const DataFolder place([&](SyntheticMeeting& meeting) {
    meeting.complete();
    before = meeting.tracks;
    meeting.withdraw(meeting.people.back());
    meeting.erase_person(meeting.people.back());
  });
  for (const auto& [name, track] : before) write_file(place.blob(name), track.main);
  std::string theirs;
  for (const auto& [name, track] : before)
    if (std::ranges::count(place.names, name) == 0) theirs = name;
  expect_repaired(place, "leftover", theirs);
  CHECK_FALSE(fs::exists(place.blob(theirs)));
  for (const std::string& name : place.names) CHECK(fs::exists(place.blob(name)));
}

TEST_CASE("fsck --repair removes the folder of a recording that was erased") {
  const DataFolder place(whole_meeting, [](SyntheticMeeting& meeting) { meeting.erase_everything(); });
  expect_repaired(place, "leftover", "blobs/" + place.recording);
  CHECK_FALSE(fs::exists(place.blobs()));
}

TEST_CASE("fsck --repair brings a torn file back to where its tail belongs") {
  const DataFolder place(interrupted_meeting);
  const std::string whole = read_text(place.first());
  SECTION("half a chunk over the old end") {
    put_text(place.first(), whole.substr(0, whole.size() - 18) + std::string(30'000, 'x'));
  }
  SECTION("without its end") {
    cut(place.first(), 10);
  }
  expect_repaired(place, "unfinished", place.names.front());
  CHECK(read_text(place.first()) == whole);
}

TEST_CASE("fsck --repair removes a tail that its complete file does not need, and only then") {
  const DataFolder other(interrupted_meeting);
  const auto add_tail = [&](const DataFolder& place) {
    fs::copy_file(other.blob(storage::tail_name(other.names.front())),
                  place.blob(storage::tail_name(place.names.front())));
  };
  const DataFolder place;
  add_tail(place);
  expect_repaired(place, "leftover", ".tail.age");
  expect_found_and_left_alone({"its file is cut off",
                               [&](const DataFolder& damaged) {
                                 add_tail(damaged);
                                 cut(damaged.first(), 1);
                               },
                               "extra", ".tail.age"});
}

TEST_CASE("fsck --repair removes nothing on the word of a ledger that has faults itself") {
  const DataFolder place;
  put_text(place.blob(storage::tail_name(place.names.front()) + ".tmp"), "half");
  place.sql("UPDATE ledger_entries SET received_ms = 1 WHERE idx = 2");
  const std::string before = place.state();
  CHECK(place.fsck("--repair").exit_code == 1);
  CHECK(place.state() == before);
}
