// `unavoce verify` and `open` of a recording at an address, and which addresses a token is never sent to.
#include "recording_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::commands;

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
