// `unavoce verify` prints one line per person, however often they answered.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/program.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce::testing;
namespace consent = unavoce::consent;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// The lines of `text` that begin with the short id of this person, columns parted by one bar.
std::vector<std::string> lines_of(const Person& person, const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(person.id.hex().substr(0, 12)))
      lines.push_back(std::regex_replace(line, std::regex("  +"), "|"));
  }
  return lines;
}

}  // namespace

TEST_CASE(
    "whoever refused, approved twice and took a kind back has one line, with all of it; --json lists each answer") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "server");
  SyntheticMeeting meeting(folder.path() / "server");
  Person& paul = meeting.add_person("Paul", consent::Role::participant);
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  meeting.refuse(paul);
  for (int round = 0; round < 2; ++round) {
    paul.consent_key = unavoce::crypto::Identity::generate();
    meeting.approve(paul);
    meeting.take();
    for (const Person& person : meeting.people) meeting.track(person, 1000);
    meeting.seal_take();
  }
  meeting.withdraw(paul, [](consent::Withdrawal& withdrawal) { withdrawal.kinds = {consent::Kind::audio}; });
  meeting.seal_recording();
  meeting.write_tar(folder / "bundle.tar");

  const std::string verify = std::string(UNAVOCE_PROGRAM) + " verify ";
  const Outcome outcome = run(verify + (folder / "bundle.tar"));
  CAPTURE(outcome.output);
  CHECK(outcome.exit_code == 0);
  CHECK(lines_of(meeting.host(), outcome.output).size() == 1);
  const auto lines = lines_of(paul, outcome.output);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines.front(),
             Catch::Contains("refused, approved audio+video, approved audio+video, took back audio|video|1,2|2|"));

  const json report = json::parse(run(verify + "--json " + (folder / "bundle.tar")).output);
  CHECK(report["participants"].size() == 4);
}

TEST_CASE("whoever took everything back has one line that says so, and nothing stands") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "server");
  SyntheticMeeting meeting(folder.path() / "server");
  Person& paul = meeting.add_person("Paul", consent::Role::participant);
  meeting.add_room();
  meeting.request();
  for (Person& person : meeting.people) meeting.approve(person);
  meeting.take();
  for (const Person& person : meeting.people) meeting.track(person, 1000);
  meeting.seal_take();
  meeting.seal_recording();
  meeting.withdraw(paul);
  meeting.erase_person(paul);
  meeting.write_tar(folder / "bundle.tar");
  const auto lines = lines_of(paul, run(std::string(UNAVOCE_PROGRAM) + " verify " + (folder / "bundle.tar")).output);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines.front(), Catch::Contains("approved audio+video, took back all|-|"));
}
