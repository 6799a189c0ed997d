// `unavoce receipt verify`.
#include "recording_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::commands;
using nlohmann::json;

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
