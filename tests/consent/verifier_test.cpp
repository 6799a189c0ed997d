// The verifier: a good recording passes, and whatever is changed about it is found and named. Two adversaries: one who
// changes files, and one who also makes the manifests fit and has the service's own key and ledger.
#include "consent/verifier.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "consent/receipt.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

namespace fs = std::filesystem;

/// A folder with a meeting in it.
struct Stage {
  Stage() { fs::create_directory(folder.path() / "server"), meeting.emplace(folder.path() / "server"); }
  TemporaryFolder folder;
  std::optional<SyntheticMeeting> meeting;

  SyntheticMeeting* operator->() { return &*meeting; }
  fs::path bag() { return meeting->write_folder(folder.path() / "bag"); }
  Report verify() { return verify_bundle(must(Bundle::open(bag()))); }
};

Report verify(const fs::path& path, const VerifyOptions& options = {}) {
  return verify_bundle(must(Bundle::open(path)), options);
}

VerifyOptions with_key(const crypto::Identity& identity) {
  VerifyOptions options;
  options.room_identities = std::span(&identity, 1);
  return options;
}

/// All findings, one per line, "rule: finding".
std::string findings(const Report& report) {
  std::string text;
  for (const RuleResult& rule : report.rules) {
    for (const std::string& finding : rule.findings) text += rule.rule + ": " + finding + "\n";
  }
  return text;
}

/// Whether `rule` failed and names `what`.
bool found(const Report& report, std::string_view rule, std::string_view what) {
  return std::ranges::any_of(report.rules, [&](const RuleResult& result) {
    return result.rule == rule && result.verdict == Verdict::failed &&
           std::ranges::any_of(result.findings,
                               [&](const std::string& finding) { return finding.find(what) != std::string::npos; });
  });
}

/// The usual beginning: room, request, everybody approves.
void approve_all(SyntheticMeeting& meeting) {
  meeting.add_person("Paula", Role::participant);
  meeting.add_room();
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
}

void one_take(SyntheticMeeting& meeting) {
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 1000);
  meeting.seal_take();
}

void flip_bit(const fs::path& file, std::size_t offset) {
  std::string content = read_text(file);
  content.at(offset) = static_cast<char>(content.at(offset) ^ 0x01);
  put_text(file, content);
}

}  // namespace

TEST_CASE("a good recording passes every rule, from a folder and from a tar") {
  Stage stage;
  stage->complete();
  stage->write_tar(stage.folder / "bundle.tar");
  for (const fs::path& path : {stage.bag(), fs::path(stage.folder / "bundle.tar")}) {
    const Report report = verify(path);
    CAPTURE(path, findings(report));
    CHECK(report.passed());
    CHECK(report.fingerprint == room_fingerprint(stage->room_key.public_key()));
    REQUIRE(report.participants.size() == 3);
    for (const ParticipantLine& line : report.participants) {
      CHECK(line.answer == "approved");
      CHECK(line.takes == std::vector<std::uint32_t>{1, 2});
      CHECK(line.tracks == 2);
      CHECK(line.signature == Verdict::passed);
      CHECK(line.proof == Verdict::passed);
      CHECK(line.files == Verdict::passed);
      CHECK(line.countersigned == Verdict::passed);
      CHECK(line.opens == Verdict::not_checked);
    }
  }
}

TEST_CASE("with the room key every wrapped key and every track is opened, and names are known") {
  Stage stage;
  stage->complete();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(report.participants.at(1).name == "Paul <b>Participant</b>");
  for (const ParticipantLine& line : report.participants) CHECK(line.opens == Verdict::passed);
}

TEST_CASE("a key that is not the room's opens nothing, and the report says so") {
  Stage stage;
  stage->complete();
  const auto stranger = crypto::Identity::generate();
  const Report report = verify(stage.bag(), with_key(stranger));
  CHECK(found(report, "opening", stage->host().approval->hex()));
  for (const ParticipantLine& line : report.participants) CHECK(line.opens == Verdict::failed);
}

TEST_CASE("a room signed by another key than the one known is found") {
  Stage stage;
  stage->complete();
  VerifyOptions options;
  options.pinned_room_key = crypto::SigningKey::generate().public_key();
  CHECK(found(verify(stage.bag(), options), "room", "room-000001.json"));
}

TEST_CASE("an interrupted take passes with main and tail file, and opens") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  stage->seal_take([](Seal& seal) { seal.reason = EndReason::interrupted; });
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  INFO(findings(report));
  CHECK(report.passed());
}

TEST_CASE("approvals with an empty scope, refusals and withdrawals are part of a good recording") {
  Stage stage;
  Person& quiet = stage->add_person("Quentin", Role::participant);
  quiet.scope = {};
  Person& leaver = stage->add_person("Lea", Role::participant);
  Person& refuser = stage->add_person("Rita", Role::participant);
  stage->add_room();
  stage->request();
  stage->refuse(refuser);
  for (Person* person : {&stage->host(), &quiet, &leaver}) stage->approve(*person);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->track(leaver, 1000);
  stage->seal_take();
  stage->seal_recording();
  stage->withdraw(leaver);
  stage->erase_person(leaver);
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  REQUIRE(report.participants.size() == 4);
  CHECK(report.participants.at(1).scope.empty());
  CHECK(report.participants.at(2).answer == "withdrawn");
  CHECK(report.participants.at(2).tracks == 0);
  CHECK(report.participants.at(3).answer == "refused");
}

TEST_CASE("a roster that no host countersigned passes, and is called the service's word only") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take(Countersigned::no);
  stage->track(stage->host(), 1000);
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes.front().find("the service's word only") != std::string::npos);
  CHECK(report.participants.front().countersigned == Verdict::failed);
}

// ---- changed files

TEST_CASE("a changed bit in any file of the bag, wherever it is, is found and the file is named") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  for (const std::string& file : files_of(bag)) {
    const std::string original = read_text(bag / file);
    for (const std::size_t offset : {std::size_t{0}, original.size() / 2, original.size() - 1}) {
      flip_bit(bag / file, offset);
      const Report report = verify(bag);
      CAPTURE(file, offset);
      CHECK_FALSE(report.passed());
      CHECK(found(report, "bag", file));
      put_text(bag / file, original);
    }
  }
  CHECK(verify(bag).passed());
}

TEST_CASE("every byte of the manifests counts") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  const fs::path bag = stage.bag();
  for (const char* file : {"bagit.txt", "tagmanifest-sha256.txt"}) {
    const std::string original = read_text(bag / file);
    for (std::size_t offset = 0; offset < original.size(); ++offset) {
      for (const char mask : {'\x01', '\x20'}) {
        std::string changed = original;
        changed[offset] = static_cast<char>(changed[offset] ^ mask);
        put_text(bag / file, changed);
        CAPTURE(file, offset);
        CHECK(found(verify(bag), "bag", file));
      }
    }
    put_text(bag / file, original);
  }
}

TEST_CASE("a changed bit is found even if the manifests were made to fit") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  for (const std::string& file : files_of(bag)) {
    // What nobody signs: notes for people, and the manifests themselves.
    if (!file.starts_with("data/") || file == "data/summary.html") continue;
    const std::string original = read_text(bag / file);
    for (const std::size_t offset : {std::size_t{1}, original.size() / 2, original.size() - 1}) {
      flip_bit(bag / file, offset);
      make_manifests_fit(bag);
      const Report report = verify(bag);
      CAPTURE(file, offset, findings(report));
      CHECK_FALSE(report.passed());
      CHECK(findings(report).find(file) != std::string::npos);
      put_text(bag / file, original);
    }
  }
  make_manifests_fit(bag);
  CHECK(verify(bag).passed());
}

TEST_CASE("an entry that claims another index in the ledger is found: order rests on it") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  std::string entry = read_text(bag / "data/entries/000002.json");
  REQUIRE(entry.starts_with("{\"index\":3,"));
  entry.replace(9, 1, "0");
  put_text(bag / "data/entries/000002.json", entry);
  make_manifests_fit(bag);
  CHECK(found(verify(bag), "ledger", "data/entries/000002.json: the proof is about another leaf"));
}

TEST_CASE("a missing file is found, with and without fitting manifests") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  for (const std::string& file : files_of(bag)) {
    const std::string original = read_text(bag / file);
    fs::remove(bag / file);
    CAPTURE(file);
    CHECK(found(verify(bag), "bag", file));
    if (file.starts_with("data/") && file != "data/summary.html") {
      make_manifests_fit(bag);
      CHECK_FALSE(verify(bag).passed());
    }
    put_text(bag / file, original);
    make_manifests_fit(bag);
  }
  CHECK(verify(bag).passed());
}

TEST_CASE("an added file is found, with and without fitting manifests") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  const std::string entry = read_text(bag / "data/entries/000001.json");
  for (const std::string file :
       {"data/tracks/t009-0000000000000000-f001.webm.age", "data/keys/extra.age", "data/notes.txt",
        "data/entries/000099.json", "data/entries/000001b.json", "evil.txt"}) {
    put_text(bag / file, entry);
    CAPTURE(file);
    CHECK(found(verify(bag), "bag", file));
    make_manifests_fit(bag);
    CHECK(findings(verify(bag)).find(file) != std::string::npos);
    fs::remove(bag / file);
    make_manifests_fit(bag);
  }
  CHECK(verify(bag).passed());
}

TEST_CASE("two files that changed places are found although the manifests fit") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  const std::vector<std::string> all = files_of(bag);
  for (const std::string folder : {"data/tracks/", "data/keys/", "data/entries/"}) {
    std::vector<std::string> files;
    std::ranges::copy_if(all, std::back_inserter(files),
                         [&](const std::string& file) { return file.starts_with(folder); });
    REQUIRE(files.size() > 1);
    const std::string first = read_text(bag / files[0]);
    const std::string second = read_text(bag / files[1]);
    put_text(bag / files[0], second);
    put_text(bag / files[1], first);
    make_manifests_fit(bag);
    const Report report = verify(bag);
    CAPTURE(folder, findings(report));
    CHECK(findings(report).find(files[0]) != std::string::npos);
    CHECK(findings(report).find(files[1]) != std::string::npos);
    put_text(bag / files[0], first);
    put_text(bag / files[1], second);
  }
}

TEST_CASE("statements cut off at the end are found: the final seal is gone") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  const std::size_t entries = must(stage->ledger.entries(stage->recording.hex())).size();
  char last[32];
  std::snprintf(last, sizeof last, "data/entries/%06zu.json", entries - 1);
  fs::remove(bag / last);
  make_manifests_fit(bag);
  CHECK(found(verify(bag), "seals", "no final seal"));
}

TEST_CASE("statements of another ledger, room or recording do not pass for this one's") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  Stage other;
  other->complete();
  const fs::path foreign = other.bag();
  for (const std::string& file : files_of(bag)) {
    if (!file.starts_with("data/") || file == "data/summary.html" || !fs::exists(foreign / file)) continue;
    const std::string original = read_text(bag / file);
    put_text(bag / file, read_text(foreign / file));
    make_manifests_fit(bag);
    const Report report = verify(bag);
    CAPTURE(file, findings(report));
    CHECK(findings(report).find(file) != std::string::npos);
    put_text(bag / file, original);
  }
}

TEST_CASE("a whole other ledger with its own key does not pass: the room names the ledger key") {
  Stage stage;
  approve_all(*stage.meeting);
  SyntheticMeeting& meeting = *stage.meeting;
  // The service keeps a second ledger and tells everybody of the first.
  meeting.recording = RecordingId::random();
  meeting.add_room([](Room& room) {
    room.ledger.vkey = must(crypto::NoteSigner::create(room.ledger.origin, crypto::SigningKey::generate())).vkey();
  });
  meeting.request();
  for (Person& person : meeting.people) {
    person.consent_key = crypto::Identity::generate();
    meeting.approve(person);
  }
  one_take(meeting);
  meeting.seal_recording();
  CHECK(found(stage.verify(), "ledger", "data/ledger.vkey"));
}

// ---- a service that breaks the rules and signs it all

TEST_CASE("a take that began before somebody had approved is found") {
  Stage bad;
  Person& recorded = bad->add_person("Recorded first, asked later", Role::participant);
  bad->add_room();
  bad->request();
  bad->approve(bad->host());
  // The id of an approval is known as soon as it is signed, its place in the ledger is not.
  std::optional<Approval> body;
  const SeenCheckpoint seen{bad->ledger.checkpoint().size, bad->ledger.checkpoint().root};
  const crypto::Bytes wrapped = must(crypto::seal(crypto::as_bytes(bad->wrap(recorded)), bad->recipients));
  const std::string challenge(43, 'A');
  body.emplace(Approval{bad->asked->id, bad->recording, recorded.id, recorded.role, recorded.key.public_key(),
                        recorded.scope, recorded.consent_key.recipient(), crypto::sha256(wrapped), challenge, challenge,
                        seen, std::nullopt, std::nullopt, bad->now, bad->now + SpanMs{3'600'000}});
  recorded.approval = id_of(*body);
  bad->take();
  bad->track(recorded, 1000);
  must(bad->ledger.add_challenge(challenge, bad->now + SpanMs{3'600'000}, bad->now));
  const std::vector<NewEntry> late_entry{
      new_entry(must(parse_statement<Approval>(sign_statement(*body, recorded.key))), wrapped)};
  must(bad->ledger.append(late_entry, bad->tick()));
  bad->seal_take();
  bad->seal_recording();
  const Report report = bad.verify();
  INFO(findings(report));
  CHECK(found(report, "order", "came after the take began"));
  CHECK(report.participants.at(1).signature == Verdict::failed);
}

TEST_CASE("a take with somebody who never approved is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take(Countersigned::yes, [](Take& take) {
    take.approvals.emplace_back(crypto::sha256(crypto::as_bytes("nobody's")));
    std::ranges::sort(take.approvals);
  });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "which is not there"));
}

TEST_CASE("a track of somebody whom the take does not name is found") {
  Stage stage;
  approve_all(*stage.meeting);
  const StatementId left_out = *stage->people.back().approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, left_out); });
  stage->track(stage->people.back(), 1000);
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "nobody agreed"));
}

TEST_CASE("a take without a host is found") {
  Stage stage;
  approve_all(*stage.meeting);
  const StatementId host = *stage->host().approval;
  stage->take(Countersigned::yes, [&](Take& take) { std::erase(take.approvals, host); });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "takes", "no host was there"));
}

TEST_CASE("a take signed by a key that is not the service's, or countersigned by no host, is found") {
  Stage stage;
  approve_all(*stage.meeting);
  std::swap(stage->host_key, stage->service_key);  // each signs in the place of the other
  stage->take();
  std::swap(stage->host_key, stage->service_key);
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  CHECK(found(report, "takes", "is not signed by the service"));
  CHECK(found(report, "takes", "countersigned by a key that is no host's"));
}

TEST_CASE("a request by somebody who is no host is found") {
  Stage stage;
  stage->add_room();
  std::swap(stage->host_key, stage->service_key);
  stage->request();
  std::swap(stage->host_key, stage->service_key);
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "request", "not signed by a host"));
}

TEST_CASE("an expired approval in a take is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->approve(stage->host(), [](Approval& approval) { approval.expires_ms = approval.issued_ms + SpanMs{3000}; });
  for (int i = 0; i < 5; ++i) stage->tick();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "had expired"));
}

TEST_CASE("a take after the room changed is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->add_room();
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "the room had changed"));
}

TEST_CASE("an approval that was replaced by a refusal does not count any more") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->refuse(stage->people.back());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "order", "replaced by a refusal"));
}

TEST_CASE("more recorded than was granted is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000, Ending::finished, [](Track& track) { track.kinds = {Kind::audio, Kind::screen}; });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "were not granted"));
}

TEST_CASE("an approval that grants more than was asked for is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->host().scope = Scope::all();
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "answers", "grants more"));
}

TEST_CASE("a second recipient of a track is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  const std::vector recipients{stage->host().consent_key.recipient(), crypto::Identity::generate().recipient()};
  const crypto::Bytes sealed = must(crypto::seal(crypto::as_bytes("somebody listens in"), recipients));
  // The service makes its own statements fit.
  stage->track(stage->host(), 1000, Ending::finished, [&](Track& track) {
    const auto header = must(crypto::parse_whole_header(sealed));
    track.header_sha256 = crypto::sha256(crypto::ByteView(sealed).first(header.size_bytes));
  });
  SyntheticTrack& track = stage->tracks.begin()->second;
  track.main = sealed;
  stage->seal_take([&](Seal& seal) {
    seal.tracks.front().header_sha256 = track.statement.header_sha256;
    seal.tracks.front().size_bytes = sealed.size();
    seal.tracks.front().sha256 = crypto::sha256(sealed);
  });
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "exactly one recipient"));
}

TEST_CASE("a wrapped key sealed to one more than the room announced is found") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->recipients.push_back(crypto::Identity::generate().recipient());  // after the room was signed
  stage->approve(stage->host());
  one_take(*stage.meeting);
  stage->seal_recording();
  CHECK(found(stage.verify(), "keys", "is sealed to 2 recipients"));
}

TEST_CASE("a wrapped key with another key inside is found with the room key") {
  Stage stage;
  stage->add_room();
  stage->request();
  Person& host = stage->host();
  stage->approve(host,
                 [](Approval& approval) { approval.consent_recipient = crypto::Identity::generate().recipient(); });
  one_take(*stage.meeting);
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  CHECK(found(report, "opening", "holds another key"));
}

TEST_CASE("a track sealed to somebody else's key is found with the room key") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  Person& host = stage->host();
  crypto::Identity own = std::exchange(host.consent_key, crypto::Identity::generate());
  stage->track(host, 1000);
  host.consent_key = std::move(own);
  stage->seal_take();
  stage->seal_recording();
  const Report report = verify(stage.bag(), with_key(stage->room_identity));
  CHECK(found(report, "opening", stage->tracks.begin()->first));
}

TEST_CASE("a track that was never sealed is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->seal_take([](Seal& seal) { seal.tracks.clear(); });
  stage->seal_recording();
  const Report report = stage.verify();
  CHECK(found(report, "seals", "never sealed"));
  CHECK(found(report, "seals", stage->tracks.begin()->first));
}

TEST_CASE("a take without a seal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "sealed 0 times"));
}

TEST_CASE("a final seal that counts wrong is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording([](Seal& seal) { --*seal.entries; });
  CHECK(found(stage.verify(), "seals", "counts 7 entries"));
}

TEST_CASE("recording on after the final seal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  one_take(*stage.meeting);
  CHECK(found(stage.verify(), "seals", "came after the final seal"));
}

TEST_CASE("frames that arrived after the seal are found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  stage->track(stage->host(), 1000);
  stage->seal_take([](Seal& seal) { seal.tracks.front().last_arrival_ms = seal.issued_ms.value + 1; });
  stage->seal_recording();
  CHECK(found(stage.verify(), "seals", "arrived after it was sealed"));
}

TEST_CASE("recording on after a withdrawal is found") {
  Stage stage;
  approve_all(*stage.meeting);
  Person& leaver = stage->people.back();
  stage->withdraw(leaver);
  stage->take();
  stage->track(leaver, 1000);
  stage->seal_take();
  stage->seal_recording();
  stage->erase_person(leaver);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "records with it"));
  CHECK(found(report, "withdrawals", "begins a track of it"));
}

TEST_CASE("after a withdrawal of sound a track with sound is found, one with pictures only is fine") {
  const bool with_sound = GENERATE(true, false);
  Stage stage;
  approve_all(*stage.meeting);
  Person& person = stage->people.back();
  stage->withdraw(person, [](Withdrawal& withdrawal) { withdrawal.kinds = {Kind::audio}; });
  stage->take();
  stage->track(person, 1000, Ending::finished, [&](Track& track) {
    if (!with_sound) track.kinds = {Kind::video};
  });
  stage->seal_take();
  stage->seal_recording();
  const Report report = stage.verify();
  CAPTURE(with_sound, findings(report));
  CHECK(report.passed() == !with_sound);
}

TEST_CASE("what should have been erased after a withdrawal and is still there is found") {
  Stage stage;
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  Person& leaver = stage->people.back();
  stage->withdraw(leaver);
  const Report report = stage.verify();
  CHECK(found(report, "withdrawals", "data/keys/" + leaver.approval->hex() + ".age is still here"));
  CHECK(found(report, "withdrawals", "no statement says that its wrapped key was erased"));
  CHECK(found(report, "withdrawals", "data/tracks/t001-"));
}

TEST_CASE("a tail that belongs to another track is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take();
  for (const Person& person : stage->people) stage->track(person, 70'000, Ending::interrupted);
  auto& first = stage->tracks.begin()->second;
  auto& second = std::next(stage->tracks.begin())->second;
  std::swap(first.tail, second.tail);
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "tracks", "belongs to another track"));
}
