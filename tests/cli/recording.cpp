// `unavoce verify`, `open` and `receipt verify` on made-up recordings, beside stock `age` and `tar`.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce::testing;
namespace consent = unavoce::consent;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string program = UNAVOCE_PROGRAM;

/// A finished recording as tar and folder, with all the keys, in a folder in which commands run.
struct Stage {
  TemporaryFolder folder;
  std::optional<SyntheticMeeting> meeting;
  std::string bag;  // top folder

  explicit Stage(Ending ending = Ending::finished) {
    fs::create_directory(folder.path() / "server");
    meeting.emplace(folder.path() / "server");
    meeting->add_person("Paul", consent::Role::participant);
    meeting->add_room();
    meeting->request();
    for (Person& person : meeting->people) meeting->approve(person);
    meeting->take();
    for (const Person& person : meeting->people) meeting->track(person, 200'000, ending);
    meeting->seal_take();
    meeting->seal_recording();
    meeting->write_tar(folder / "bundle.tar");
    bag = meeting->write_folder(folder.path() / "bag").string();
    put_text(folder / "room.key", meeting->room_key_file());
    put_text(folder / "paul.txt", meeting->key_file(meeting->people.back()));
    put_text(folder / "receipt.json", meeting->receipt(meeting->people.back()));
  }

  Outcome in(const std::string& line) const { return run("cd " + folder.path().string() + " && " + line); }
  Outcome unavoce(const std::string& line) const { return in(program + " " + line); }

  /// Runs a line while a server hands out bundle.tar to whoever has the token; $port is its port.
  Outcome against_server(const std::string& token, const std::string& line) const {
    const std::string path = "/api/v1/recordings/" + meeting->recording.hex() + "/bundle";
    return in("{ rm -f port; node " UNAVOCE_SOURCE_DIR "/tests/cli/bundle_server.mjs bundle.tar " + path + " " + token +
              " > port & server=$!; until [ -s port ]; do kill -0 $server || exit 99; sleep 0.05; done; "
              "port=$(cat port); " +
              line + "; code=$?; kill $server; exit $code; }");
  }
  /// The same while a server hands out the files of one person to whoever has the token.
  Outcome against_own(const std::string& token, const Person& person, const std::string& line) const {
    return against_own(token, "t001-" + person.approval->hex().substr(0, 16), line);
  }
  Outcome against_own(const std::string& token, const std::string& prefix, const std::string& line) const {
    const std::string path = "/api/v1/recordings/" + meeting->recording.hex() + "/tracks";
    return in("{ rm -f port; node " UNAVOCE_SOURCE_DIR "/tests/cli/own_server.mjs " + bag + "/data/tracks " + path +
              " " + prefix + " " + token +
              " > port & server=$!; until [ -s port ]; do kill -0 $server || exit 99; sleep 0.05; done; "
              "port=$(cat port); sed \"s/:PORT$/:$port/\" paul.txt > own.txt; " +
              line + "; code=$?; kill $server; exit $code; }");
  }
  /// Writes a token line into Paul's key file, in the place of the one that is there.
  void put_token(const std::string& text) const {
    std::string key_file = read_text(folder / "paul.txt");
    if (const auto old = key_file.find("# token: "); old != std::string::npos)
      key_file.erase(old, key_file.find('\n', old) + 1 - old);
    key_file.insert(key_file.find("# withdrawal"), "# token: " + text + "\n");
    const auto server = key_file.find("# server: ");
    key_file.replace(server, key_file.find('\n', server) - server, "# server: http://127.0.0.1:PORT");
    put_text(folder / "paul.txt", key_file);
  }
  std::string address() const { return "http://127.0.0.1:$port/recordings/" + meeting->recording.hex(); }

  std::string plaintext(const Person& person) const {
    for (const auto& [name, track] : meeting->tracks) {
      if (track.statement.approval == *person.approval) return track.plaintext;
    }
    throw std::runtime_error("no such track");
  }
  /// Where `open` puts this person's track.
  std::string opened_file(const Person& person, const std::string& in_folder) const {
    return folder / (in_folder + "/t001-" + person.approval->hex().substr(0, 16) + "-f001.webm");
  }
};

}  // namespace

TEST_CASE("verify prints one line per participant and the fingerprint, for folder and tar alike") {
  Stage stage;
  for (const std::string& path : {stage.bag, std::string("bundle.tar")}) {
    const Outcome outcome = stage.unavoce("verify " + path);
    CHECK(outcome.exit_code == 0);
    for (const Person& person : stage.meeting->people) {
      CHECK_THAT(outcome.output, Catch::Contains(person.id.hex().substr(0, 12)));
    }
    CHECK_THAT(outcome.output, Catch::Contains("Fingerprint  "));
  }
}

TEST_CASE("verify prints one line per rule: how it came out and its name, in the order of --json") {
  Stage stage;
  const json rules = json::parse(stage.unavoce("verify --json bundle.tar").output)["rules"];
  REQUIRE(rules.size() == 14);
  const std::string text = stage.unavoce("verify bundle.tar").output;
  std::size_t from = text.find("PARTICIPANT");
  for (const json& rule : rules) {
    const std::string name = rule["rule"];
    const std::string line = (rule["verdict"] == "passed" ? "\nok      " : "\n-       ") + name + " ";
    CAPTURE(name, text);
    const std::size_t at = text.find(line, from);
    REQUIRE(at != std::string::npos);
    CHECK(text.find(line, at + 1) == std::string::npos);
    from = at + 1;
  }
}

TEST_CASE("verify --json says what every rule found") {
  Stage stage;
  const json good = json::parse(stage.unavoce("verify --json bundle.tar").output);
  CHECK(good["passed"] == true);
  CHECK(good["rules"].size() == 14);
  CHECK(good["participants"].size() == 2);

  const std::string key = stage.bag + "/data/keys/" + stage.meeting->host().approval->hex() + ".age";
  put_text(key, read_text(key) + "x");
  const Outcome outcome = stage.unavoce("verify --json " + stage.bag);
  CHECK(outcome.exit_code == 1);
  const json bad = json::parse(outcome.output);
  CHECK(bad["passed"] == false);
  CHECK_THAT(bad["rules"][0]["findings"][0].get<std::string>(), Catch::Contains(stage.meeting->host().approval->hex()));
}

TEST_CASE("verify with the room key opens everything and shows names") {
  Stage stage;
  const Outcome outcome = stage.unavoce("verify --key room.key bundle.tar");
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::Contains("Hanna Host"));
}

TEST_CASE("verify with the fingerprint of another room fails") {
  Stage stage;
  const std::string right = json::parse(stage.unavoce("verify --json bundle.tar").output)["fingerprint"];
  CHECK(stage.unavoce("verify --fingerprint=" + right + " bundle.tar").exit_code == 0);
  const Outcome wrong = stage.unavoce("verify --fingerprint=" + std::string(43, 'A') + " bundle.tar");
  CHECK(wrong.exit_code == 1);
  CHECK_THAT(wrong.output, Catch::Contains("PARTICIPANT") && Catch::Contains("signed by another key") &&
                               Catch::Contains("NOT what it claims"));
}

TEST_CASE("verify asks to compare the fingerprint only if nobody has said which room it must be") {
  Stage stage;
  const std::string right = json::parse(stage.unavoce("verify --json bundle.tar").output)["fingerprint"];
  CHECK_THAT(stage.unavoce("verify bundle.tar").output, Catch::Contains("if the fingerprint is the one"));
  for (const std::string& known : {"--fingerprint=" + right, std::string("--key room.key")}) {
    const std::string text = stage.unavoce("verify " + known + " bundle.tar").output;
    CHECK_THAT(text, !Catch::Contains("if the fingerprint") && Catch::Contains("the key you named"));
  }
}

TEST_CASE("of a folder that is no recording no rule passes") {
  Stage stage;
  fs::create_directories(stage.folder.path() / "letters");
  put_text(stage.folder / "letters/one.txt", "Dear Jonas");
  const Outcome outcome = stage.unavoce("verify --json letters");
  CHECK(outcome.exit_code == 1);
  for (const json& rule : json::parse(outcome.output)["rules"]) {
    CAPTURE(rule["rule"].get<std::string>());
    CHECK(rule["verdict"] != "passed");
  }
}

TEST_CASE("a rewritten page for people is found, with fitting manifests") {
  Stage stage;
  const std::string page = read_text(stage.bag + "/data/summary.html");
  put_text(stage.bag + "/data/summary.html", page + "<p>Everybody agreed to publication.</p>");
  make_manifests_fit(stage.bag);
  const Outcome outcome = stage.unavoce("verify " + stage.bag);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.output, Catch::Contains("data/summary.html"));
}

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

TEST_CASE("verify with the key of another room fails") {
  Stage stage;
  REQUIRE(stage.unavoce("keygen --room new -o other.key >/dev/null").exit_code == 0);
  CHECK(stage.unavoce("verify --key other.key bundle.tar").exit_code == 1);
}

TEST_CASE("what is no recording is refused: exit code 1; what is not there: exit code 4") {
  Stage stage;
  CHECK(stage.unavoce("verify room.key 2>/dev/null").exit_code == 1);
  CHECK(stage.unavoce("verify server 2>/dev/null").exit_code == 1);
  CHECK(stage.unavoce("verify nowhere 2>/dev/null").exit_code == 4);
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

TEST_CASE("a participant's key file opens their own track and no other") {
  Stage stage;
  const Outcome outcome = stage.unavoce("open --json --key paul.txt -o out bundle.tar");
  CHECK(outcome.exit_code == 0);
  CHECK(json::parse(outcome.output)["files"].size() == 1);
  CHECK(read_text(stage.opened_file(stage.meeting->people.back(), "out")) ==
        stage.plaintext(stage.meeting->people.back()));
  CHECK_FALSE(fs::exists(stage.opened_file(stage.meeting->host(), "out")));
}

TEST_CASE("a participant's key file opens their own track from a folder, and both files of an interrupted one") {
  Stage stage(Ending::interrupted);
  CHECK(stage.unavoce("open --key paul.txt -o out " + stage.bag).exit_code == 0);
  CHECK(read_text(stage.opened_file(stage.meeting->people.back(), "out")) ==
        stage.plaintext(stage.meeting->people.back()));
  CHECK(std::distance(fs::directory_iterator(stage.folder / "out"), {}) == 1);
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

TEST_CASE("a name with control characters does not reach the terminal") {
  Stage stage;
  stage.meeting->recording = consent::RecordingId::random();
  stage.meeting->take_number = 0;
  stage.meeting->tracks.clear();
  stage.meeting->request();
  Person& eve = stage.meeting->add_person(
      "Eve \xC2\x9B"
      "31m \xE2\x80\xAE",
      consent::Role::host);
  stage.meeting->people.erase(stage.meeting->people.begin(), stage.meeting->people.end() - 1);
  stage.meeting->approve(stage.meeting->people.front());
  (void)eve;
  stage.meeting->take();
  stage.meeting->seal_take();
  stage.meeting->seal_recording();
  stage.meeting->write_tar(stage.folder / "eve.tar");
  const Outcome outcome = stage.unavoce("verify --key room.key eve.tar");
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::Contains("Eve ?31m ?"));
}

TEST_CASE("an address is fetched with the token and verified") {
  Stage stage;
  put_text(stage.folder / "token", "correct-token\n");
  const auto against_server = [&](const std::string& line) { return stage.against_server("correct-token", line); };
  const std::string address = stage.address();
  CHECK(against_server(program + " verify --token-file token " + address).exit_code == 0);
  CHECK(against_server("UNAVOCE_TOKEN=correct-token " + program + " open --key room.key -o out " + address).exit_code ==
        0);
  CHECK(against_server("UNAVOCE_TOKEN=other " + program + " verify " + address + " 2>/dev/null").exit_code == 1);
  CHECK(fs::exists(stage.opened_file(stage.meeting->host(), "out")));
}

TEST_CASE("the token in a key file fetches and opens its owner's part, if no other token is given") {
  const auto ending = GENERATE(Ending::finished, Ending::interrupted);
  Stage stage(ending);
  const Person& paul = stage.meeting->people.back();
  const std::string token(43, 'A');
  const auto own = [&](const std::string& line) { return stage.against_own(token, paul, line); };
  const std::string open = program + " open --key own.txt -o out " + stage.address();
  CHECK(own("env -u UNAVOCE_TOKEN " + open + " 2>/dev/null").exit_code == 2);
  stage.put_token(token);
  CHECK(own("UNAVOCE_TOKEN=other " + open + " 2>/dev/null").exit_code == 1);
  const Outcome opened = own("env -u UNAVOCE_TOKEN " + open + " --json");
  CHECK(opened.exit_code == 0);
  const json report = json::parse(opened.output);
  CHECK(report.at("verified") == false);
  CHECK(report.at("files").size() == 1);
  CHECK(report.at("files")[0].at("interrupted") == (ending == Ending::interrupted));
  CHECK(read_text(stage.opened_file(paul, "out")) == stage.plaintext(paul));
  CHECK(own("env -u UNAVOCE_TOKEN " + open + " 2>/dev/null").exit_code == 4);  // the file is there
  CHECK(own("env -u UNAVOCE_TOKEN " + open + " --force").exit_code == 0);
}

TEST_CASE("an own part that is empty, another's, or not what a service says is an error, and leaves no file") {
  Stage stage;
  const std::string token(43, 'A');
  stage.put_token(token);
  const std::string open = "env -u UNAVOCE_TOKEN " + program + " open --key own.txt -o out " + stage.address();
  const Outcome nothing = stage.against_own(token, "nobody", open + " 2>&1");
  CHECK(nothing.exit_code == 1);
  CHECK_THAT(nothing.output, Catch::Contains("nothing of you is kept"));
  CHECK(stage.against_own(token, stage.meeting->host(), open + " 2>/dev/null").exit_code != 0);
  CHECK(stage.against_own("another", stage.meeting->people.back(), open + " 2>/dev/null").exit_code == 1);
  // The token goes to the service and recording of the key file alone.
  const std::string elsewhere = " open --key own.txt -o out http://localhost:$port/recordings/";
  const auto to = [&](const std::string& address) {
    return stage
        .against_own(token, stage.meeting->people.back(), "env -u UNAVOCE_TOKEN " + program + address + " 2>/dev/null")
        .exit_code;
  };
  CHECK(to(elsewhere + stage.meeting->recording.hex()) == 2);
  CHECK(to(" open --key own.txt -o out http://127.0.0.1:$port/recordings/" + std::string(32, '0')) == 2);
  CHECK_FALSE(fs::exists(stage.opened_file(stage.meeting->host(), "out")));
  CHECK_FALSE(fs::exists(stage.opened_file(stage.meeting->people.back(), "out")));
  stage.put_token("no token");
  CHECK(stage.unavoce("open --key paul.txt bundle.tar 2>/dev/null").exit_code == 1);
}

TEST_CASE("addresses that would give the token away, and tokens that are none, are usage errors") {
  Stage stage;
  const std::string id = stage.meeting->recording.hex();
  for (const std::string& address :
       {"http://example.org/recordings/" + id, "https://u:p@example.org/recordings/" + id,
        "https://example.org/recordings/" + id + "?t=1", std::string("https://example.org/recordings/12")}) {
    CAPTURE(address);
    CHECK(stage.unavoce("verify --token-file room.key '" + address + "' 2>/dev/null").exit_code == 2);
  }
  CHECK(stage.in("env -u UNAVOCE_TOKEN " + program + " verify https://example.org/recordings/" + id + " 2>/dev/null")
            .exit_code == 2);
}

TEST_CASE("a receipt verifies, a changed one does not") {
  Stage stage;
  const Outcome outcome = stage.unavoce("receipt verify receipt.json");
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::Contains("audio, video"));
  CHECK(json::parse(stage.unavoce("receipt verify --json receipt.json").output)["passed"] == true);

  json receipt = json::parse(read_text(stage.folder / "receipt.json"));
  receipt["approval"] = json::parse(stage.meeting->receipt(stage.meeting->host()))["approval"];
  put_text(stage.folder / "receipt.json", receipt.dump());
  CHECK(stage.unavoce("receipt verify receipt.json 2>/dev/null").exit_code == 1);
}
