// `unavoce fsck`: a data folder as a real meeting leaves it is clean; every kind of damage is found and named, and left
// alone. What is repaired: fsck_repair.cpp.
#include <optional>

#include "fsck_folder.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::checking;
namespace consent = unavoce::consent;
namespace storage = unavoce::storage;
using nlohmann::json;

TEST_CASE("fsck finds nothing in the folder of a meeting that went well, and changes nothing") {
  for (const Steps& steps : {Steps(whole_meeting), Steps(interrupted_meeting), Steps(sealed_interrupted_meeting)}) {
    const DataFolder place(steps);
    const std::string before = place.state();
    const Outcome outcome = place.fsck();
    CAPTURE(outcome.output);
    CHECK(outcome.exit_code == 0);
    const json report = json::parse(outcome.output);
    CHECK(report["clean"] == true);
    CHECK(report["faults"].empty());
    CHECK(report["notes"].empty());
    CHECK(place.state() == before);
  }
}

TEST_CASE("fsck finds nothing after a withdrawal that was carried out, and after a recording was erased") {
  CHECK(DataFolder([](SyntheticMeeting& meeting) {
          meeting.complete();
          meeting.withdraw(meeting.people.back());
          meeting.erase_person(meeting.people.back());
        })
            .fsck()
            .exit_code == 0);
  const DataFolder erased(whole_meeting, [](SyntheticMeeting& meeting) { meeting.erase_everything(); });
  fs::remove_all(erased.blobs());
  CHECK(erased.fsck().exit_code == 0);
}

TEST_CASE("fsck reads what a crash left in the write-ahead log, and leaves it there") {
  // As after kill -9: a copy made while the ledger was open.
  std::optional<DataFolder> place;
  TemporaryFolder copy;
  place.emplace(whole_meeting, [&](SyntheticMeeting& meeting) {
    meeting.add_room();
    fs::copy(meeting.folder(), copy.path() / "data", fs::copy_options::recursive);
  });
  REQUIRE(fs::file_size(copy.path() / "data" / "ledger.db-wal") > 0);
  const auto log = read_file(copy / "data/ledger.db-wal");
  const Outcome outcome = run(program + " fsck --json " + (copy / "data"));
  CAPTURE(outcome.output);
  CHECK(outcome.exit_code == 0);
  CHECK(json::parse(outcome.output)["leaves"] == json::parse(place->fsck().output)["leaves"]);
  CHECK(read_file(copy / "data/ledger.db-wal") == log);
}

TEST_CASE("fsck refuses while the service is running: exit code 4") {
  const DataFolder place;
  std::optional<storage::BlobStore> blobs;
  std::optional<storage::ErasureSlots> slots;
  SECTION("track files in use") {
    blobs.emplace(must(storage::BlobStore::open(place.data() / "blobs")));
  }
  SECTION("slots in use") {
    slots.emplace(must(storage::ErasureSlots::open(place.data() / "slots")));
  }
  const Outcome outcome = place.fsck("--repair 2>&1");
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.output, Catch::Contains("unavoced is running"));
}

TEST_CASE("what is no data folder is not called damaged") {
  TemporaryFolder empty;
  CHECK(run(program + " fsck " + empty.path().string() + " 2>/dev/null").exit_code == 2);
  CHECK(run(program + " fsck /nowhere 2>/dev/null").exit_code == 4);
}

TEST_CASE("fsck names every kind of damage to a track file, and leaves it alone") {
  const Damage damages[] = {
      {"missing", [](const auto& p) { fs::remove(p.first()); }, "missing", "-f001.webm.age"},
      {"truncated", [](const auto& p) { cut(p.first(), 1); }, "truncated", "-f001.webm.age"},
      {"longer", [](const auto& p) { put_text(p.first(), read_text(p.first()) + "x"); }, "changed", "-f001.webm.age"},
      {"one bit of content", [](const auto& p) { flip(p.first(), 5000); }, "changed", "-f001.webm.age"},
      {"one bit of the header", [](const auto& p) { flip(p.first(), 40); }, "changed", "-f001.webm.age"},
      {"emptied", [](const auto& p) { put_text(p.first(), ""); }, "changed", "-f001.webm.age"},
      {"two exchanged", [](const auto& p) { exchange(p.first(), p.blob(p.names.back())); }, "swapped",
       "-f001.webm.age"},
      {"a second copy under another name",
       [](const auto& p) { fs::copy_file(p.first(), p.blob("t009-0000000000000000-f001.webm.age")); }, "swapped",
       "t009-0000000000000000-f001.webm.age"},
      {"a file that nothing announces", [](const auto& p) { put_text(p.blob("notes.txt"), "?"); }, "extra",
       "notes.txt"},
      {"a link", [](const auto& p) { fs::create_symlink("/etc/passwd", p.blob("t009.webm.age")); }, "extra",
       "t009.webm.age"},
      {"a folder that is no recording", [](const auto& p) { fs::create_directory(p.data() / "blobs" / "lost"); },
       "extra", "blobs/lost"},
      {"a file beside the recordings", [](const auto& p) { put_text(p.data() / "blobs" / "x", ""); }, "extra",
       "blobs/x"},
      {"all of them", [](const auto& p) { fs::remove_all(p.data() / "blobs"); }, "missing", "blobs"},
      {"the tail of a sealed interrupted take",
       [](const auto& p) { fs::remove(p.blob(storage::tail_name(p.names.front()))); }, "missing", ".tail.age",
       sealed_interrupted_meeting},
      {"a changed sealed tail", [](const auto& p) { flip(p.blob(storage::tail_name(p.names.front())), 600); },
       "changed", ".tail.age", sealed_interrupted_meeting},
      {"an unsealed file gone", [](const auto& p) { fs::remove(p.first()); }, "missing", "-f001.webm.age",
       interrupted_meeting},
      {"an unsealed file shorter than its tail's place", [](const auto& p) { cut(p.first(), 40'000); }, "truncated",
       "-f001.webm.age", interrupted_meeting},
      {"an unsealed torn file without its tail",
       [](const auto& p) {
         fs::remove(p.blob(storage::tail_name(p.names.front())));
         cut(p.first(), 40'000);
       },
       "truncated", "-f001.webm.age", interrupted_meeting},
      {"the tail of another file",
       [](const auto& p) {
         const DataFolder other(interrupted_meeting);
         fs::copy_file(other.blob(storage::tail_name(other.names.front())), p.blob(storage::tail_name(p.names.front())),
                       fs::copy_options::overwrite_existing);
       },
       "swapped", ".tail.age", interrupted_meeting},
  };
  for (const Damage& damage : damages) expect_found_and_left_alone(damage);
}

TEST_CASE("fsck names every kind of damage to the ledger and its tables, and leaves it alone") {
  const auto sql = [](const char* statements) {
    return [statements](const DataFolder& place) {
      place.sql(std::string("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON;") + statements);
    };
  };
  const Damage damages[] = {
      {"a changed leaf", sql("UPDATE ledger_leaves SET leaf_hash = zeroblob(32) WHERE idx = 3"), "changed",
       "ledger entry 3"},
      {"another commitment", sql("UPDATE ledger_leaves SET commitment = zeroblob(32) WHERE idx = 3"), "changed",
       "ledger leaf 3"},
      {"the last leaf gone", sql("DELETE FROM ledger_leaves WHERE idx = (SELECT max(idx) FROM ledger_leaves)"),
       "missing", "ledger leaves"},
      {"a leaf gone in the middle", sql("DELETE FROM ledger_leaves WHERE idx = 3"), "missing", "ledger leaf 3"},
      {"a leaf too many",
       sql("INSERT INTO ledger_leaves(idx, leaf_hash) SELECT max(idx) + 1, randomblob(32) FROM ledger_leaves"), "extra",
       "ledger leaves"},
      {"an entry gone", sql("DELETE FROM ledger_entries WHERE idx = 4"), "missing", "ledger entry 4"},
      {"a gap in a chain", sql("DELETE FROM ledger_entries WHERE idx = 4"), "missing", "chain of "},
      {"another opening", sql("UPDATE ledger_entries SET r = randomblob(32) WHERE idx = 2"), "changed",
       "ledger entry 2"},
      {"a row that says something else", sql("UPDATE ledger_entries SET received_ms = 1 WHERE idx = 2"), "changed",
       "ledger entry 2"},
      {"another statement",
       sql("UPDATE ledger_entries SET envelope = (SELECT envelope FROM ledger_entries WHERE idx = 3) WHERE idx = 2"),
       "changed", "ledger entry 2"},
      {"two entries exchanged",
       sql("CREATE TEMP TABLE t AS SELECT * FROM ledger_entries WHERE idx IN (2, 3);"
           "UPDATE ledger_entries SET (entry, r) = (SELECT t.entry, t.r FROM t WHERE t.idx = 5 - ledger_entries.idx) "
           "WHERE idx IN (2, 3)"),
       "swapped", "ledger entry 2"},
      {"a checkpoint that is not signed",
       sql("UPDATE ledger_checkpoint SET note = replace(note, '/unavoce', '/unavoca')"), "changed",
       "ledger checkpoint"},
      {"no checkpoint", sql("DELETE FROM ledger_checkpoint"), "missing", "ledger checkpoint"},
      {"a recording that is not listed", sql("DELETE FROM ledger_recordings"), "missing", "recording "},
      {"a recording in another room", sql("UPDATE ledger_recordings SET room = 'x'"), "swapped", "recording "},
      {"a recording that is not there", sql("INSERT INTO ledger_recordings VALUES ('ab', 'cd')"), "extra",
       "recording ab"},
      {"a consent key that could be used again", sql("DELETE FROM ledger_consent_keys WHERE rowid = 1"), "missing",
       "consent key of approval"},
      {"another consent key", sql("UPDATE ledger_consent_keys SET recipient = 'age1x' WHERE rowid = 1"), "changed",
       "consent key of approval"},
      {"a wrapped key gone", sql("DELETE FROM ledger_wrapped WHERE rowid = 1"), "missing", "wrapped key of approval"},
      {"a slot used twice",
       [](const DataFolder& place) {
         place.sql(
             "CREATE TABLE w AS SELECT * FROM ledger_wrapped; DROP TABLE ledger_wrapped; UPDATE w SET slot = 0;"
             "CREATE TABLE ledger_wrapped (approval BLOB PRIMARY KEY, recording TEXT NOT NULL, slot INTEGER NOT NULL, "
             "sealed BLOB NOT NULL) STRICT; INSERT INTO ledger_wrapped SELECT * FROM w; DROP TABLE w");
       },
       "swapped", "erasure slot 0"},
      {"a key of nobody", sql("UPDATE ledger_wrapped SET approval = randomblob(32) WHERE rowid = 1"), "extra",
       "erasure slot"},
      {"another key in a slot", [](const DataFolder& place) { flip((place.data() / "slots").string(), 40); }, "swapped",
       "wrapped key of approval"},
      {"slots of less", [](const DataFolder& place) { cut((place.data() / "slots").string(), 32); }, "missing",
       "wrapped key of approval"},
      {"no slots", [](const DataFolder& place) { fs::remove(place.data() / "slots"); }, "missing", "slots"},
      {"another file of slots", [](const DataFolder& place) { flip((place.data() / "slots").string(), 0); }, "changed",
       "slots"},
      {"no ledger", [](const DataFolder& place) { fs::remove(place.data() / "ledger.db"); }, "missing", "ledger.db"},
      {"a torn database", [](const DataFolder& place) { cut((place.data() / "ledger.db").string(), 8192); }, "changed",
       "ledger.db"},
      {"no key of the ledger", [](const DataFolder& place) { fs::remove(place.data() / "ledger.key"); }, "missing",
       "ledger.key"},
      {"the key of another ledger",
       [](const DataFolder& place) {
         put_text(place.data() / "ledger.key", "# unavoce ledger key v1, origin: elsewhere/unavoce\n");
       },
       "swapped", "ledger.key"},
      {"a recording that is in nobody's room",
       [](const DataFolder& place) { place.accounts("DELETE FROM recordings"); }, "missing", "recording"},
      {"no accounts", [](const DataFolder& place) { fs::remove(place.data() / "unavoce.db"); }, "missing",
       "unavoce.db"},
  };
  for (const Damage& damage : damages) expect_found_and_left_alone(damage);
}

TEST_CASE("fsck finds a withdrawal that a crash interrupted, and leaves it to the service") {
  const Damage damage{"", [](const DataFolder&) {}, "unfinished", "-f001.webm.age",
                      [](SyntheticMeeting& meeting) {
                        meeting.complete();
                        meeting.withdraw(meeting.people.back());
                      }};
  expect_found_and_left_alone(damage);
  expect_found_and_left_alone({"", damage.make, "unfinished", "wrapped key of approval", damage.steps});
}

TEST_CASE("fsck says that the end of a retention goes on by itself, wherever it was cut off, and misses nothing") {
  const auto erase_keys = [](std::uint64_t count, std::uint64_t first = 0) {
    return [count, first](const DataFolder& place) {
      auto slots = must(storage::ErasureSlots::open(place.data() / "slots"));
      for (std::uint64_t slot = first; slot < count; ++slot) must(slots.erase(slot));
    };
  };
  const std::pair<const char*, std::function<void(const DataFolder&)>> moments[] = {
      {"after the first key", erase_keys(1)},
      {"after the last key", erase_keys(3)},
      {"over the first key, which the disk does not let go of", erase_keys(3, 1)},
      {"after the first file",
       [&](const DataFolder& place) {
         erase_keys(3)(place);
         fs::remove(place.first());
       }},
      {"after the last file",
       [&](const DataFolder& place) {
         erase_keys(3)(place);
         fs::remove_all(place.blobs());
       }},
  };
  for (const auto& [moment, make] : moments) {
    const DataFolder place;
    make(place);
    const std::string before = place.state();
    for (const char* options : {"", "--repair"}) {
      const Outcome outcome = place.fsck(options);
      CAPTURE(moment, options, outcome.output);
      CHECK(outcome.exit_code == 0);
      const json report = json::parse(outcome.output);
      CHECK(report["faults"].empty());
      REQUIRE(report["notes"].size() == 1);
      CHECK_THAT(report["notes"][0].get<std::string>(), Catch::Contains(place.recording) &&
                                                            Catch::Contains("retention is over") &&
                                                            Catch::Contains("finishes the erasure"));
      CHECK(place.state() == before);
    }
  }
}

TEST_CASE("fsck says that an erasure before the time goes on by itself, also of a recording that has no keys left") {
  const auto longer = [](SyntheticMeeting& meeting) {
    meeting.add_room();
    meeting.request([](consent::Request& request) { request.delete_after_ms = consent::TimeMs{4'000'000'000'000}; });
    meeting.approve(meeting.host());
    meeting.take();
    meeting.track(meeting.host(), 200'000, Ending::interrupted);
    meeting.seal_take();
  };
  const DataFolder place(longer);
  place.sql("INSERT INTO ledger_erasing (recording, reason) VALUES ('" + place.recording + "', 'recording_deleted')");
  SECTION("before the first key") {}
  SECTION("after the last file") {
    must(must(storage::ErasureSlots::open(place.data() / "slots")).erase(0));
    fs::remove_all(place.blobs());
  }
  const Outcome outcome = place.fsck();
  CAPTURE(outcome.output);
  CHECK(outcome.exit_code == 0);
  const json report = json::parse(outcome.output);
  CHECK(report["faults"].empty());
  REQUIRE(report["notes"].size() == 1);
  CHECK_THAT(report["notes"][0].get<std::string>(), Catch::Contains(place.recording) &&
                                                        Catch::Contains("is being erased as a whole") &&
                                                        Catch::Contains("finishes the erasure"));
}

TEST_CASE("fsck calls keys missing that are gone before the retention is over") {
  for (const std::uint64_t slot : {0, 1}) {
    const Damage damage{"",
                        [slot](const DataFolder& place) {
                          must(must(storage::ErasureSlots::open(place.data() / "slots")).erase(slot));
                        },
                        "missing", "wrapped key of approval",
                        [](SyntheticMeeting& meeting) {
                          meeting.add_person("Paul", consent::Role::participant);
                          meeting.add_room();
                          meeting.request([](consent::Request& request) {
                            request.delete_after_ms = consent::TimeMs{4'000'000'000'000};
                          });
                          meeting.approve(meeting.host());
                          meeting.approve(meeting.people.back());
                        }};
    expect_found_and_left_alone(damage);
  }
}

TEST_CASE("fsck says which file, why and what to do") {
  const DataFolder place;
  cut(place.first(), 1);
  const Outcome outcome = run(program + " fsck " + place.data().string());
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.output, Catch::Contains("truncated   blobs/" + place.recording + "/" + place.names.front()) &&
                                 Catch::Contains("sealed") && Catch::Contains("Restore it"));
}
