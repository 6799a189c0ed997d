// `unavoce verify` on made-up recordings.
#include "recording_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::commands;
namespace consent = unavoce::consent;
using nlohmann::json;

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
  const json report = json::parse(outcome.output);
  for (const json& rule : report.at("rules")) {
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
