// The ledger's promises: a durable index or an error, nothing twice, nothing revived, proofs that others can check.
#include "consent/ledger.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "consent/ledger_entry.hpp"
#include "crypto/merkle.hpp"
#include "crypto/random.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using unavoce::testing::must;
using unavoce::testing::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

constexpr TimeMs kNow{1'700'000'000'000};
constexpr SpanMs kMinute{60'000};

/// The files of a ledger and the key of its origin; opened as often as a test likes.
struct Place {
  TemporaryFolder folder;
  crypto::SigningKey key = crypto::SigningKey::generate();

  crypto::NoteSigner signer() const {
    return must(crypto::NoteSigner::create("example.org/test", must(crypto::SigningKey::from_seed(key.seed().view()))));
  }
  storage::ErasureSlots slots(const fs::path& in) const { return must(storage::ErasureSlots::open(in / "slots")); }
  Result<Ledger> open(const fs::path& in, storage::ErasureSlots& slots, Ledger::Observer observer = {}) const {
    return Ledger::open(must(storage::Database::open(in / "ledger.db")), slots, signer(), std::move(observer));
  }
};

/// An opened ledger with its slots.
struct Opened {
  explicit Opened(const Place& place, Ledger::Observer observer = {})
      : Opened(place, place.folder.path(), std::move(observer)) {}
  Opened(const Place& place, const fs::path& in, Ledger::Observer observer = {})
      : slots(place.slots(in)), ledger(must(place.open(in, slots, std::move(observer)))) {}
  storage::ErasureSlots slots;
  Ledger ledger;
};

/// A statement of no kind that the ledger knows; it only ever looks at texts and ids.
NewEntry statement(std::string_view text, std::string recording = std::string(32, 'a')) {
  NewEntry entry;
  entry.recording = std::move(recording);
  entry.kind = "take";
  entry.envelope = text;
  entry.id = StatementId(crypto::sha256(crypto::as_bytes(text)));
  return entry;
}

crypto::Bytes bytes(std::string_view text) {
  return crypto::Bytes(text.begin(), text.end());
}

NewEntry approval(std::string_view text, std::string_view recipient, std::string_view wrapped) {
  NewEntry entry = statement(text);
  entry.kind = "approval";
  entry.consent_recipient = recipient;
  entry.wrapped = bytes(wrapped);
  return entry;
}

Result<std::vector<Entry>> append(Ledger& ledger, const NewEntry& entry, TimeMs now = kNow) {
  return ledger.append(std::span(&entry, 1), now);
}

template <class T>
Errc code_of(const Result<T>& result) {
  if (result) FAIL("an error was expected");
  return result.error().code;
}

crypto::NoteVerifier verifier(const Ledger& ledger) {
  return must(crypto::NoteVerifier::parse(ledger.vkey()));
}

/// Whether the entry is provably in the tree of the checkpoint shown now.
bool proven(const Ledger& ledger, const Entry& entry) {
  const Proof proof = must(parse_proof(must(ledger.proof(entry.index))));
  const auto checkpoint = verify_proof(proof, commitment(entry.r, entry.entry_json), verifier(ledger));
  return checkpoint && checkpoint.value() == ledger.checkpoint();
}

}  // namespace

TEST_CASE("a new ledger has a signed checkpoint of the empty tree") {
  const Place place;
  const Opened opened(place);
  const Checkpoint checkpoint = must(open_checkpoint(opened.ledger.signed_checkpoint(), verifier(opened.ledger)));
  CHECK(checkpoint.size == 0);
  CHECK(checkpoint.root == crypto::MerkleTree().root());
  CHECK(checkpoint.origin == "example.org/test");
}

TEST_CASE("an appended entry has an index, a place in its recording, and a proof anyone can check") {
  const Place place;
  Opened opened(place);
  const Entry first = must(append(opened.ledger, statement("one"))).front();
  const Entry second = must(append(opened.ledger, statement("two"))).front();
  CHECK(first.index == 0);
  CHECK(second.index == 1);
  CHECK(second.sequence == 1);
  CHECK(must(parse_entry(second.entry_json)).previous == commitment(first.r, first.entry_json));
  CHECK(proven(opened.ledger, first));
  CHECK(proven(opened.ledger, second));
}

TEST_CASE("recordings are chained each for itself") {
  const Place place;
  Opened opened(place);
  must(append(opened.ledger, statement("one")));
  const Entry other = must(append(opened.ledger, statement("other", std::string(32, 'b')))).front();
  CHECK(other.index == 1);
  CHECK(other.sequence == 0);
  CHECK_FALSE(must(parse_entry(other.entry_json)).previous.has_value());
}

TEST_CASE("what was appended is there, with the same proofs, after the ledger is opened again") {
  const Place place;
  std::string checkpoint;
  {
    Opened opened(place);
    for (const char* text : {"one", "two", "three"}) must(append(opened.ledger, statement(text)));
    checkpoint = opened.ledger.signed_checkpoint();
  }
  const Opened again(place);
  CHECK(again.ledger.signed_checkpoint() == checkpoint);
  const auto entries = must(again.ledger.entries(std::string(32, 'a')));
  REQUIRE(entries.size() == 3);
  for (const Entry& entry : entries) CHECK(proven(again.ledger, entry));
}

TEST_CASE("appending the same statement again gives the entry it has and changes nothing") {
  const Place place;
  Opened opened(place);
  const Entry first = must(append(opened.ledger, statement("one"))).front();
  const std::string checkpoint = opened.ledger.signed_checkpoint();
  const Entry again = must(append(opened.ledger, statement("one"), kNow + kMinute)).front();
  CHECK(again.index == first.index);
  CHECK(again.entry_json == first.entry_json);
  CHECK(again.r == first.r);
  CHECK(opened.ledger.signed_checkpoint() == checkpoint);
}

TEST_CASE("the same id in another envelope is refused") {
  const Place place;
  Opened opened(place);
  NewEntry entry = statement("one");
  must(append(opened.ledger, entry));
  entry.envelope = "one, signed again";
  CHECK(code_of(append(opened.ledger, entry)) == Errc::conflict);
}

TEST_CASE("a challenge is good for one statement") {
  const Place place;
  Opened opened(place);
  must(opened.ledger.add_challenge("challenge", kNow + kMinute, kNow));
  NewEntry one = statement("one");
  NewEntry two = statement("two");
  one.consumes_challenge = two.consumes_challenge = "challenge";
  must(append(opened.ledger, one));

  CHECK(code_of(append(opened.ledger, two)) == Errc::replayed);
  CHECK(must(append(opened.ledger, one)).front().index == 0);  // repeating the answer itself is no replay
}

TEST_CASE("an unknown challenge and an expired one are refused") {
  const Place place;
  Opened opened(place);
  must(opened.ledger.add_challenge("old", kNow + kMinute, kNow));
  NewEntry entry = statement("one");
  entry.consumes_challenge = "never made";
  CHECK(code_of(append(opened.ledger, entry)) == Errc::replayed);
  entry.consumes_challenge = "old";
  CHECK(code_of(append(opened.ledger, entry, kNow + kMinute + SpanMs{1})) == Errc::expired);
  CHECK(opened.ledger.checkpoint().size == 0);
}

TEST_CASE("a challenge stays good when the append that wanted it fails") {
  const Place place;
  Opened opened(place);
  must(opened.ledger.add_challenge("challenge", kNow + kMinute, kNow));
  must(append(opened.ledger, approval("first", "age1same", "W1")));
  NewEntry clash = approval("second", "age1same", "W2");
  clash.consumes_challenge = "challenge";
  CHECK(code_of(append(opened.ledger, clash)) == Errc::conflict);
  clash.consent_recipient = "age1other";
  CHECK(append(opened.ledger, clash));
}

TEST_CASE("a consent key or wrapped key that was seen before is refused, also after its erasure") {
  const Place place;
  Opened opened(place);
  const NewEntry first = approval("first", "age1first", "W1");
  must(append(opened.ledger, first));
  must(opened.ledger.erase_wrapped(first.id));
  CHECK(code_of(append(opened.ledger, approval("same E", "age1first", "W2"))) == Errc::conflict);
  CHECK(code_of(append(opened.ledger, approval("same W", "age1second", "W1"))) == Errc::conflict);
}

TEST_CASE("several entries are appended together or not at all") {
  const Place place;
  Opened opened(place);
  must(append(opened.ledger, approval("first", "age1first", "W1")));
  const std::string checkpoint = opened.ledger.signed_checkpoint();
  const std::vector<NewEntry> batch{statement("good"), approval("bad", "age1first", "W2")};
  CHECK(code_of(opened.ledger.append(batch, kNow)) == Errc::conflict);
  CHECK(opened.ledger.signed_checkpoint() == checkpoint);
  CHECK_FALSE(must(opened.ledger.find(batch.front().id)).has_value());
  CHECK(opened.ledger.checkpoint().size == 1);
}

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

TEST_CASE("checkpoints of a growing ledger are consistent with one another") {
  const Place place;
  Opened opened(place);
  crypto::MerkleTree tree;
  std::set<std::string> notes;
  for (int i = 0; i < 9; ++i) {
    const Entry entry = must(append(opened.ledger, statement("statement " + std::to_string(i)))).front();
    tree.append(crypto::leaf_hash(commitment(entry.r, entry.entry_json)));
    CHECK(opened.ledger.checkpoint().root == tree.root());
    CHECK(notes.insert(opened.ledger.signed_checkpoint()).second);
  }
}

TEST_CASE("rooms and their recordings are found") {
  const TemporaryFolder folder;
  testing::SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  const Entry second = meeting.add_room();
  meeting.request();
  const RoomId room = meeting.room->body.room;
  CHECK(must(meeting.ledger.latest_room(room))->id == second.id);
  CHECK(must(meeting.ledger.recordings(room)) == std::vector{meeting.recording.hex()});
  CHECK(must(meeting.ledger.recordings(RoomId::random())).empty());
  CHECK_FALSE(must(meeting.ledger.latest_room(RoomId::random())).has_value());
}
