// The ledger's promises: an index and a proof for everything, nothing twice.
#include "tests/consent/ledger_place.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;
namespace fs = std::filesystem;

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

TEST_CASE("every earlier checkpoint is shown to be the beginning of the last one, a later one never") {
  const Place place;
  Opened opened(place);
  std::vector<Checkpoint> seen{opened.ledger.checkpoint()};
  for (int i = 0; i < 9; ++i) {
    must(append(opened.ledger, statement("statement " + std::to_string(i))));
    seen.push_back(opened.ledger.checkpoint());
  }
  const Checkpoint now = opened.ledger.checkpoint();
  for (const Checkpoint& earlier : seen) {
    const auto proof = must(opened.ledger.consistency_proof(earlier.size));
    CHECK(crypto::verify_consistency(earlier.size, now.size, proof, earlier.root, now.root).has_value());
  }
  CHECK(code_of(opened.ledger.consistency_proof(now.size + 1)) == Errc::unknown_reference);
}

TEST_CASE("a statement whose signer has seen another ledger is refused, and its challenge stays good") {
  const Place place;
  Opened opened(place);
  must(opened.ledger.add_challenge("challenge", kNow + kMinute, kNow));
  const Checkpoint empty = opened.ledger.checkpoint();
  must(append(opened.ledger, statement("one")));
  const Checkpoint earlier = opened.ledger.checkpoint();
  must(append(opened.ledger, statement("two")));
  const Checkpoint now = opened.ledger.checkpoint();

  NewEntry entry = statement("three");
  entry.consumes_challenge = "challenge";
  for (const SeenCheckpoint& seen :
       {SeenCheckpoint{earlier.size, now.root}, SeenCheckpoint{now.size, earlier.root}, SeenCheckpoint{0, now.root},
        SeenCheckpoint{now.size + 1, now.root}, SeenCheckpoint{std::uint64_t{1} << 53, now.root}}) {
    entry.seen = seen;
    CAPTURE(seen.size);
    CHECK(code_of(append(opened.ledger, entry)) == Errc::ledger_falsified);
  }
  CHECK(opened.ledger.checkpoint() == now);
  entry.seen = SeenCheckpoint{now.size, now.root};
  CHECK(append(opened.ledger, entry));
  NewEntry before = statement("four");
  before.seen = SeenCheckpoint{empty.size, empty.root};
  CHECK(append(opened.ledger, before));
}

TEST_CASE("what an approval and a take have seen is what the ledger compares") {
  const TemporaryFolder folder;
  testing::SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  meeting.request();
  const Entry approved = meeting.approve(meeting.host());
  const Entry taken = meeting.take();
  const auto given = must(parse_statement<Approval>(approved.envelope));
  CHECK(new_entry(given, std::nullopt).seen->root == given.body.checkpoint->root);
  CHECK(new_entry(must(parse_statement<Take>(taken.envelope))).seen->size == 3);
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

TEST_CASE("what a recording begins with, has of each kind, and takes in RAM is known without reading it") {
  const Place place;
  Opened opened(place);
  const std::string recording(32, 'a');
  CHECK_FALSE(must(opened.ledger.first_kind(recording)).has_value());
  CHECK(must(opened.ledger.size_bytes(recording)) == 0);
  must(append(opened.ledger, statement("one")));
  must(append(opened.ledger, approval("two", "age1two", std::string(5000, 'w')), kNow + kMinute));
  must(append(opened.ledger, approval("three", "age1three", "w"), kNow + kMinute + kMinute));
  must(append(opened.ledger, statement("other", std::string(32, 'b'))));
  CHECK(must(opened.ledger.first_kind(recording)) == "take");
  CHECK(must(opened.ledger.count(recording, "approval")) == 2);
  CHECK(must(opened.ledger.count(recording, "seal")) == 0);
  CHECK(must(opened.ledger.count(recording, "approval", kNow + kMinute + kMinute, kNow + SpanMs{9 * 60'000})) == 1);
  CHECK(must(opened.ledger.count(recording, "approval", kNow, kNow + kMinute)) == 1);
  CHECK(must(opened.ledger.size_bytes(recording)) > 5000);
  constexpr std::array<std::string_view, 2> kinds{"approval", "seal"};
  const auto approvals = must(opened.ledger.entries(recording, kinds));
  REQUIRE(approvals.size() == 2);
  CHECK(approvals.front().envelope == "two");
}

TEST_CASE("what is looked up before each approval, and swept with each challenge, is found by an index") {
  const Place place;
  const Opened opened(place);
  const SQLite::Database database((place.folder.path() / "ledger.db").string());
  for (const std::string sql : {
           "DELETE FROM ledger_challenges WHERE expires_ms < 1",
           "SELECT count(*) FROM ledger_entries WHERE recording = 'a' AND kind = 'b' AND received_ms BETWEEN 1 AND 2",
           "SELECT kind FROM ledger_entries WHERE recording = 'a' ORDER BY sequence LIMIT 1",
       }) {
    SQLite::Statement plan(database, "EXPLAIN QUERY PLAN " + sql);
    REQUIRE(plan.executeStep());
    CHECK_THAT(plan.getColumn(3).getString(), Catch::Contains("INDEX") && Catch::StartsWith("SEARCH"));
    CHECK_FALSE(plan.executeStep());
  }
}

TEST_CASE("a ledger of the version before is taken up, with all that it holds") {
  const Place place;
  std::string checkpoint;
  {
    Opened opened(place);
    must(append(opened.ledger, statement("one")));
    checkpoint = opened.ledger.signed_checkpoint();
  }
  {
    SQLite::Database database((place.folder.path() / "ledger.db").string(), SQLite::OPEN_READWRITE);
    database.exec("DROP INDEX ledger_entries_by_kind; DROP INDEX ledger_challenges_by_expiry");
    database.exec("UPDATE migrations SET steps = 3 WHERE component = 'ledger'");
  }
  Opened again(place);
  CHECK(again.ledger.signed_checkpoint() == checkpoint);
  CHECK(must(again.ledger.count(std::string(32, 'a'), "take")) == 1);
}

TEST_CASE("how many recordings a room has is known, and those that were erased do not count") {
  const TemporaryFolder folder;
  testing::SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  CHECK(must(meeting.ledger.recording_count(meeting.room->body.room)) == 0);
  meeting.request();
  CHECK(must(meeting.ledger.recording_count(meeting.room->body.room)) == 1);
  meeting.erase_everything();
  CHECK(must(meeting.ledger.recording_count(meeting.room->body.room)) == 0);
}
