// The verifier against somebody who changes files of a bundle, and makes the manifests fit afterwards.
#include <map>

#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

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

namespace {

/// One bit of every byte, in all of these files at once: each is compared by itself, and has to be named by itself.
/// One verification for each byte of each file would take minutes.
void change_every_byte(const fs::path& bag, const std::vector<std::string>& files) {
  std::map<std::string, std::string> originals;
  std::size_t longest = 0;
  for (const std::string& file : files) {
    const auto [kept, fresh] = originals.emplace(file, read_text(bag / file));
    longest = std::max(longest, kept->second.size());
  }
  for (std::size_t offset = 0; offset < longest; ++offset) {
    std::vector<std::string> changed;
    for (const auto& [file, original] : originals) {
      std::string text = original;
      if (offset < original.size()) {
        text[offset] = static_cast<char>(text[offset] ^ (1 << (offset % 8)));
        changed.push_back(file);
      }
      if (offset <= original.size()) put_text(bag / file, text);
    }
    const Report report = verify(bag);
    for (const std::string& file : changed) {
      CAPTURE(file, offset);
      CHECK(found(report, "bag", file + ": is not what "));
    }
  }
  for (const auto& [file, original] : originals) put_text(bag / file, original);
}

}  // namespace

TEST_CASE("every byte of every file of a small bag counts: where one bit is changed, the file is named") {
  Stage stage;
  stage->add_room();
  stage->request();
  stage->approve(stage->host());
  stage->take();
  stage->track(stage->host(), 1000, Ending::interrupted);
  stage->seal_take();
  stage->seal_recording();
  const fs::path bag = stage.bag();
  std::vector<std::string> files = files_of(bag);
  std::erase(files, "tagmanifest-sha256.txt");  // all of its bytes: see above
  std::erase(files, "manifest-sha256.txt");     // by itself: it says what the others must be
  CHECK(files.size() > 10);
  change_every_byte(bag, files);
  change_every_byte(bag, {"manifest-sha256.txt"});
  CHECK(verify(bag).passed());
}

TEST_CASE("a changed bit is found even if the manifests were made to fit") {
  Stage stage;
  stage->complete();
  const fs::path bag = stage.bag();
  for (const std::string& file : files_of(bag)) {
    if (!file.starts_with("data/")) continue;  // what nobody signs: the manifests themselves
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
  for (const std::string file : {"data/tracks/t009-0000000000000000-f001.webm.age", "data/keys/extra.age",
                                 "data/notes.txt", "data/consistency/1", "data/consistency/02",
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
  for (const std::string folder : {"data/tracks/", "data/keys/", "data/entries/", "data/consistency/"}) {
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
