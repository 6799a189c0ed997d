// The ledger when things go wrong or must go away: crashes, full disks, erasure, tampering.
#include "tests/consent/ledger_place.hpp"
#include "tests/storage/failing_disk.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;
namespace fs = std::filesystem;

TEST_CASE("after a failed append the next one gets the index that failed") {
  const Place place;
  bool fail = false;
  Opened opened(place, [&](AppendStep step) {
    if (fail && step == AppendStep::rows_written) throw std::runtime_error("the disk is gone");
  });
  must(append(opened.ledger, statement("one")));
  fail = true;
  CHECK(code_of(append(opened.ledger, statement("two"))) == Errc::storage);
  fail = false;
  const Entry three = must(append(opened.ledger, statement("three"))).front();
  CHECK(three.index == 1);
  CHECK(proven(opened.ledger, three));
}

TEST_CASE("a failed append erases the slot it had stored") {
  const Place place;
  Opened opened(place, [](AppendStep step) {
    if (step == AppendStep::rows_written) throw std::runtime_error("the disk is gone");
  });
  CHECK_FALSE(append(opened.ledger, approval("first", "age1first", "W1")));
  REQUIRE(opened.slots.count() == 1);
  std::array<std::uint8_t, 32> key;
  CHECK_FALSE(opened.slots.read(0, key));
}

TEST_CASE("when COMMIT itself fails, its slot is erased only after another commit, because it might still come true") {
  const Place place;
  storage::ErasureSlots slots = place.slots(place.folder.path());
  storage::Database database = must(storage::Database::open(place.folder / "ledger.db"));
  sqlite3* handle = database.handle().getHandle();
  Ledger ledger = must(Ledger::open(std::move(database), slots, place.signer()));
  std::array<std::uint8_t, 32> key;

  sqlite3_commit_hook(
      handle, [](void*) { return 1; }, nullptr);
  CHECK(code_of(append(ledger, approval("first", "age1first", "W1"))) == Errc::storage);
  CHECK(ledger.checkpoint().size == 0);
  CHECK(slots.read(0, key));

  sqlite3_commit_hook(handle, nullptr, nullptr);
  CHECK(must(append(ledger, statement("two"))).front().index == 0);
  CHECK_FALSE(slots.read(0, key));
}

TEST_CASE("a ledger that another writer holds gives an error, and works once it is free") {
  const Place place;
  Opened opened(place);
  {
    SQLite::Database other((place.folder / "ledger.db"), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");
    CHECK(code_of(append(opened.ledger, statement("one"))) == Errc::storage);
    other.exec("ROLLBACK");
  }
  CHECK(must(append(opened.ledger, statement("one"))).front().index == 0);
}

TEST_CASE("whatever moment the machine dies in, the ledger opens, and the statement is there whole or not at all") {
  const Place place;
  std::map<AppendStep, fs::path> copies;
  const NewEntry entry = approval("first", "age1first", "the wrapped key");
  {
    Opened opened(place, [&](AppendStep step) {
      const fs::path copy = place.folder.path() / ("copy" + std::to_string(static_cast<int>(step)));
      fs::create_directory(copy);
      for (const char* name : {"ledger.db", "ledger.db-wal", "slots"}) {
        if (fs::exists(place.folder.path() / name)) fs::copy_file(place.folder.path() / name, copy / name);
      }
      copies[step] = copy;
    });
    must(append(opened.ledger, entry));
  }
  REQUIRE(copies.size() == 3);
  for (const auto& [step, copy] : copies) {
    CAPTURE(static_cast<int>(step));
    Opened survivor(place, copy);
    const bool there = must(survivor.ledger.find(entry.id)).has_value();
    CHECK(there == (step == AppendStep::committed));
    CHECK(survivor.ledger.checkpoint().size == (there ? 1 : 0));
    CHECK(must(survivor.ledger.wrapped(entry.id)).has_value() == there);
    const Entry again = must(append(survivor.ledger, entry)).front();  // the client simply asks again
    CHECK(again.index == 0);
    CHECK(must(survivor.ledger.wrapped(entry.id)) == bytes("the wrapped key"));
  }
}

TEST_CASE("W comes back as it was given, and is not in the database in the clear") {
  const Place place;
  Opened opened(place);
  const std::string wrapped = "a wrapped key that can be recognised anywhere";
  const NewEntry entry = approval("first", "age1first", wrapped);
  must(append(opened.ledger, entry));
  CHECK(must(opened.ledger.wrapped(entry.id)) == bytes(wrapped));
  for (const char* name : {"ledger.db", "ledger.db-wal", "slots"}) {
    const auto stored = testing::read_file(place.folder / name);
    CHECK(crypto::as_text(stored).find(wrapped) == std::string_view::npos);
  }
}

TEST_CASE("with its slot erased W cannot be read, even from a copy of the database made before") {
  const Place place;
  Opened opened(place);
  const NewEntry entry = approval("first", "age1first", "the wrapped key");
  must(append(opened.ledger, entry));
  const fs::path backup = place.folder.path() / "backup";
  fs::create_directory(backup);
  for (const char* name : {"ledger.db", "ledger.db-wal"}) {
    fs::copy_file(place.folder.path() / name, backup / name);
  }
  must(opened.ledger.erase_wrapped(entry.id));
  CHECK_FALSE(must(opened.ledger.wrapped(entry.id)).has_value());

  fs::copy_file(place.folder.path() / "slots", backup / "slots");
  Opened restored(place, backup);
  CHECK(must(restored.ledger.find(entry.id)).has_value());
  CHECK_FALSE(must(restored.ledger.wrapped(entry.id)).has_value());
}

TEST_CASE("erasing W is idempotent, and finishes what a crash left half done") {
  const Place place;
  Opened opened(place);
  const NewEntry entry = approval("first", "age1first", "the wrapped key");
  must(append(opened.ledger, entry));
  must(opened.slots.erase(0));  // died after the slot, before the row
  CHECK_FALSE(must(opened.ledger.wrapped(entry.id)).has_value());
  must(opened.ledger.erase_wrapped(entry.id));
  must(opened.ledger.erase_wrapped(entry.id));
  CHECK_FALSE(must(opened.ledger.wrapped(entry.id)).has_value());
}

TEST_CASE("repeating an approval does not bring its erased W back") {
  const Place place;
  Opened opened(place);
  const NewEntry entry = approval("first", "age1first", "the wrapped key");
  must(append(opened.ledger, entry));
  must(opened.ledger.erase_wrapped(entry.id));
  must(append(opened.ledger, entry));
  CHECK_FALSE(must(opened.ledger.wrapped(entry.id)).has_value());
}

TEST_CASE("a key whose slot was lost counts as erased, so that a withdrawal can be proven") {
  const Place place;
  const NewEntry entry = approval("first", "age1first", "W1");
  {
    Opened opened(place);
    must(append(opened.ledger, entry));
  }
  fs::remove(place.folder / "slots");
  Opened opened(place);
  must(opened.ledger.erase_wrapped(entry.id));
  CHECK_FALSE(must(opened.ledger.wrapped(entry.id)).has_value());
}

TEST_CASE("where the slots were lost approvals go on, and nobody gets the number of a lost one") {
  const Place place;
  const NewEntry lost = approval("first", "age1first", "W1");
  {
    Opened opened(place);
    must(append(opened.ledger, lost));
    must(append(opened.ledger, approval("second", "age1second", "W2")));
    CHECK(opened.ledger.lost_slots() == 0);
  }
  fs::remove(place.folder / "slots");
  const NewEntry fresh = approval("third", "age1third", "W3");
  {
    Opened opened(place);
    CHECK(opened.ledger.lost_slots() == 2);
    must(append(opened.ledger, fresh));
    must(opened.ledger.erase_wrapped(lost.id));
    CHECK(must(opened.ledger.wrapped(fresh.id)) == bytes("W3"));
  }
  CHECK(Opened(place).ledger.lost_slots() == 0);
}

TEST_CASE("one key that the disk does not let go of keeps none of a recording's others") {
  const Place place;
  storage::FailingDisk disk;
  auto slots = must(storage::ErasureSlots::open(place.folder.path() / "slots", disk));
  Ledger ledger = must(place.open(place.folder.path(), slots));
  const NewEntry first = approval("first", "age1first", "W1");
  const NewEntry second = approval("second", "age1second", "W2");
  must(append(ledger, first));
  must(append(ledger, second));
  disk.fail_after(0, EIO);
  CHECK_FALSE(ledger.erase_all_wrapped(first.recording));
  CHECK_FALSE(must(ledger.wrapped(second.id)).has_value());
}

TEST_CASE("an erased recording leaves its leaves: everybody's proofs stay valid") {
  const Place place;
  Opened opened(place);
  const Entry kept = must(append(opened.ledger, statement("kept", std::string(32, 'b')))).front();
  const NewEntry secret = approval("an envelope to be forgotten", "age1first", "W1");
  const Entry gone = must(append(opened.ledger, secret)).front();
  must(opened.ledger.erase_recording(gone.recording));

  CHECK(must(opened.ledger.entries(gone.recording)).empty());
  CHECK_FALSE(must(opened.ledger.find(gone.id)).has_value());
  CHECK_FALSE(must(opened.ledger.wrapped(gone.id)).has_value());
  CHECK(proven(opened.ledger, kept));
  CHECK(proven(opened.ledger, gone));  // by whoever holds the receipt
  for (const char* name : {"ledger.db", "ledger.db-wal"}) {
    const auto stored = testing::read_file(place.folder / name);
    CHECK(crypto::as_text(stored).find("an envelope to be forgotten") == std::string_view::npos);
  }
  CHECK(code_of(append(opened.ledger, statement("revived"))) == Errc::not_permitted);
}

TEST_CASE("what says that a recording was erased continues its chain and is all that is left of it") {
  const Place place;
  NewEntry erased = statement("it was erased");
  erased.kind = "erased";
  {
    Opened opened(place);
    must(append(opened.ledger, statement("a request")));
    const Entry last = must(append(opened.ledger, approval("an approval", "age1first", "W1"))).front();
    must(opened.ledger.erase_recording(erased, kNow));
    const auto left = must(opened.ledger.entries(last.recording));
    REQUIRE(left.size() == 1);
    CHECK(left.front().envelope == "it was erased");
    CHECK(left.front().sequence == last.sequence + 1);
    CHECK(must(parse_entry(left.front().entry_json)).previous == commitment(last.r, last.entry_json));
    CHECK(proven(opened.ledger, left.front()));
    CHECK(proven(opened.ledger, last));
    CHECK_FALSE(must(opened.ledger.wrapped(last.id)).has_value());
    CHECK(code_of(append(opened.ledger, statement("revived"))) == Errc::not_permitted);
    must(opened.ledger.erase_recording(erased, kNow));  // sent again: nothing happens
    NewEntry other = statement("it was erased again");
    other.kind = "erased";
    CHECK(code_of(opened.ledger.erase_recording(other, kNow)) == Errc::not_permitted);
  }
  CHECK(Opened(place).ledger.checkpoint().size == 3);
}

TEST_CASE("a recording whose erasure the disk refused has its statements and no keys, and can be erased later") {
  const Place place;
  bool fail = false;
  Opened opened(place, [&](AppendStep step) {
    if (fail && step == AppendStep::rows_written) throw std::runtime_error("the disk is full");
  });
  const Entry last = must(append(opened.ledger, approval("an approval", "age1first", "W1"))).front();
  NewEntry erased = statement("it was erased");
  erased.kind = "erased";
  fail = true;
  CHECK(code_of(opened.ledger.erase_recording(erased, kNow)) == Errc::storage);
  CHECK(must(opened.ledger.entries(last.recording)).front().envelope == "an approval");
  CHECK(opened.ledger.checkpoint().size == 1);
  CHECK_FALSE(must(opened.ledger.wrapped(last.id)).has_value());
  fail = false;
  must(opened.ledger.erase_recording(erased, kNow));
  CHECK(must(opened.ledger.entries(last.recording)).front().envelope == "it was erased");
}

TEST_CASE("that the erasure of a recording has begun, and why, is known until its statements are gone") {
  const Place place;
  const std::string recording(32, 'a');
  const std::string unknown(32, 'c');
  {
    Opened opened(place);
    NewEntry request = statement("a request", recording);
    request.room = std::string(32, 'b');
    must(append(opened.ledger, request));
    CHECK_FALSE(must(opened.ledger.erasure_begun(recording)).has_value());
    must(opened.ledger.begin_erasure(recording, ErasedReason::room_deleted));
    must(opened.ledger.begin_erasure(recording, ErasedReason::recording_deleted));
    must(opened.ledger.begin_erasure(unknown, ErasedReason::recording_deleted));
  }
  Opened again(place);
  CHECK(must(again.ledger.erasure_begun(recording)) == ErasedReason::room_deleted);
  CHECK_FALSE(must(again.ledger.erasure_begun(unknown)).has_value());
  must(again.ledger.erase_recording(recording));
  CHECK_FALSE(must(again.ledger.erasure_begun(recording)).has_value());
}

TEST_CASE("a ledger with an erased recording opens again") {
  const Place place;
  {
    Opened opened(place);
    must(append(opened.ledger, statement("one")));
    must(opened.ledger.erase_recording(std::string(32, 'a')));
    must(append(opened.ledger, statement("two", std::string(32, 'b'))));
  }
  CHECK(Opened(place).ledger.checkpoint().size == 2);
}

TEST_CASE("a ledger whose database was tampered with is refused, and says what to do") {
  const Place place;
  {
    Opened opened(place);
    for (const char* text : {"one", "two", "three"}) must(append(opened.ledger, statement(text)));
  }
  const std::string change =
      GENERATE(as<std::string>(),  //
               "UPDATE ledger_leaves SET leaf_hash = zeroblob(32) WHERE idx = 1",
               "UPDATE ledger_entries SET r = zeroblob(32) WHERE idx = 1",
               "UPDATE ledger_entries SET envelope = X'00' WHERE idx = 1",
               "UPDATE ledger_entries SET entry = X'7B7D' WHERE idx = 1",
               "DELETE FROM ledger_entries WHERE idx = 2; DELETE FROM ledger_leaves WHERE idx = 2",
               "UPDATE ledger_checkpoint SET note = replace(note, '3', '2')", "DELETE FROM ledger_checkpoint");
  CAPTURE(change);
  {
    SQLite::Database database(place.folder / "ledger.db", SQLite::OPEN_READWRITE);
    database.exec(change);
  }
  storage::ErasureSlots slots = place.slots(place.folder.path());
  const auto opened = place.open(place.folder.path(), slots);
  REQUIRE(code_of(opened) == Errc::damaged);
  CHECK(opened.error().text.find("restore") != std::string::npos);
}

TEST_CASE("a ledger opened with another origin's key is refused") {
  Place place;
  { Opened opened(place); }
  place.key = crypto::SigningKey::generate();
  storage::ErasureSlots slots = place.slots(place.folder.path());
  CHECK(code_of(place.open(place.folder.path(), slots)) == Errc::damaged);
}
