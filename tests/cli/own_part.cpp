// `unavoce open` with the key file of one participant: their own part, fetched or at hand, and nobody else's.
#include "recording_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::commands;
using nlohmann::json;

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
