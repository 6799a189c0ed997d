// `unavoce open` on made-up recordings, beside stock `age`.
#include "recording_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::commands;
using nlohmann::json;

TEST_CASE("open keeps a file that is in its way, and opens nothing, unless forced: exit code 4") {
  Stage stage;
  const std::string paul = stage.opened_file(stage.meeting->people.back(), "out");
  fs::create_directory(stage.folder.path() / "out");
  put_text(paul, "something else");
  CHECK(stage.unavoce("open --key room.key -o out bundle.tar 2>/dev/null").exit_code == 4);
  CHECK(read_text(paul) == "something else");
  CHECK_FALSE(fs::exists(stage.opened_file(stage.meeting->host(), "out")));
  CHECK(stage.unavoce("open --force --key room.key -o out bundle.tar").exit_code == 0);
  CHECK(read_text(paul) == stage.plaintext(stage.meeting->people.back()));
}

TEST_CASE("open writes every track as it was before it was sealed") {
  Stage stage;
  for (const std::string& path : {stage.bag, std::string("bundle.tar")}) {
    const Outcome outcome = stage.unavoce("open --key room.key -o out " + path);
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.output, Catch::Contains("Hanna Host"));
    for (const Person& person : stage.meeting->people) {
      CHECK(read_text(stage.opened_file(person, "out")) == stage.plaintext(person));
    }
    fs::remove_all(stage.folder / "out");
  }
}

TEST_CASE("open joins main and tail of an interrupted take") {
  Stage stage(Ending::interrupted);
  const Outcome outcome = stage.unavoce("open --json --key room.key -o out bundle.tar");
  CHECK(outcome.exit_code == 0);
  CHECK(json::parse(outcome.output)["files"][0]["interrupted"] == true);
  for (const Person& person : stage.meeting->people) {
    CHECK(read_text(stage.opened_file(person, "out")) == stage.plaintext(person));
  }
}

TEST_CASE("stock age opens a track as DESIGN section 2 says, and gets the same bytes") {
  Stage stage;
  const Person& host = stage.meeting->host();
  const std::string key = stage.bag + "/data/keys/" + host.approval->hex() + ".age";
  const std::string track = stage.bag + "/data/tracks/t001-" + host.approval->hex().substr(0, 16) + "-f001.webm.age";
  REQUIRE(stage.in("age -d -i room.key " + key + " | grep -m1 -x 'AGE-SECRET-KEY-1[0-9A-Z]*' > e.txt").exit_code == 0);
  REQUIRE(stage.in("age -d -i e.txt " + track + " > track.webm").exit_code == 0);
  CHECK(read_text(stage.folder / "track.webm") == stage.plaintext(host));
}

TEST_CASE("stock age opens an interrupted track from main and tail") {
  Stage stage(Ending::interrupted);
  const Person& host = stage.meeting->host();
  const std::string key = stage.bag + "/data/keys/" + host.approval->hex() + ".age";
  const std::string track = stage.bag + "/data/tracks/t001-" + host.approval->hex().substr(0, 16) + "-f001.webm";
  REQUIRE(stage.in("age -d -i room.key " + key + " | grep -m1 -x 'AGE-SECRET-KEY-1[0-9A-Z]*' > e.txt").exit_code == 0);
  REQUIRE(
      stage.in("(age -d -i e.txt " + track + ".age | head -c -2; age -d -i e.txt " + track + ".tail.age) > track.webm")
          .exit_code == 0);
  CHECK(read_text(stage.folder / "track.webm") == stage.plaintext(host));
}

TEST_CASE("a room key under a passphrase opens, too") {
  Stage stage;
  REQUIRE(stage.unavoce("seal -p --passphrase-fd 3 -o room.key.age room.key 3<<EOF\nwords\nEOF").exit_code == 0);
  CHECK(stage.unavoce("open --key room.key.age --passphrase-fd 3 -o out bundle.tar >/dev/null 3<<EOF\nwords\nEOF")
            .exit_code == 0);
  CHECK(fs::exists(stage.opened_file(stage.meeting->host(), "out")));
}

TEST_CASE("another key opens nothing and leaves no file: exit code 3") {
  Stage stage;
  REQUIRE(stage.unavoce("keygen -o other.txt >/dev/null").exit_code == 0);
  CHECK(stage.unavoce("open --key other.txt -o out bundle.tar >/dev/null").exit_code == 3);
  CHECK(fs::is_empty(stage.folder / "out"));
}

TEST_CASE("a recording that does not verify is not opened, unless asked to; a damaged track never is") {
  Stage stage;
  const Person& host = stage.meeting->host();
  const std::string track = stage.bag + "/data/tracks/t001-" + host.approval->hex().substr(0, 16) + "-f001.webm.age";
  std::string content = read_text(track);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  put_text(track, content);
  CHECK(stage.unavoce("open --key room.key -o out " + stage.bag + " 2>/dev/null").exit_code == 1);
  CHECK_FALSE(fs::exists(stage.folder / "out"));

  CHECK(stage.unavoce("open --unverified --key room.key -o out " + stage.bag + " >/dev/null").exit_code == 1);
  CHECK_FALSE(fs::exists(stage.opened_file(host, "out")));
  CHECK(read_text(stage.opened_file(stage.meeting->people.back(), "out")) ==
        stage.plaintext(stage.meeting->people.back()));
  CHECK(std::distance(fs::directory_iterator(stage.folder / "out"), {}) == 1);  // nor a temporary file
}
