// `unavoce withdraw` and what the service says that it erased: believed with the proof only, kept in the confirmation.
#include "withdraw_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::withdrawing;
namespace consent = unavoce::consent;
namespace crypto = unavoce::crypto;

TEST_CASE("a confirmation keeps what the service signed to have erased, and receipt verify says it") {
  Stage stage;
  const Outcome outcome = stage.withdraw({stage.acknowledgement_with_erased()},
                                         "--yes --json --receipt receipt.json -o confirmation.json paul.txt");
  CHECK(outcome.exit_code == 0);
  const json names = json::array({"wrapped:" + stage.paul().approval->hex()});
  CHECK(json::parse(outcome.output)["erased"] == names);
  const Outcome verified = stage.unavoce("receipt verify --json --receipt receipt.json confirmation.json");
  CHECK(verified.exit_code == 0);
  CHECK(json::parse(verified.output)["erased"] == names);
}

TEST_CASE("what was erased is believed only as the service's own statement, about this recording, in its ledger") {
  Stage stage;
  json answer = stage.acknowledgement_with_erased();
  json& erased = answer["body"]["erased"][0];
  SECTION("another opening") {
    erased["r"] = crypto::to_base64(crypto::sha256(crypto::as_bytes("r")));
  }
  SECTION("a proof of another leaf") {
    erased["proof"] = answer["body"]["proof"];
  }
  SECTION("no proof") {
    erased.erase("proof");
  }
  SECTION("the withdrawal itself, with its own proof") {
    erased["envelope"] = base64(stage.envelope);
    for (const char* field : {"entry", "r", "proof"}) erased[field] = answer["body"][field];
  }
  SECTION("another key than the service's, in the ledger all the same") {
    stage.meeting->service_key = crypto::SigningKey::generate();
    answer = stage.acknowledgement_with_erased();
  }
  SECTION("another recording") {
    Stage elsewhere;
    answer = stage.acknowledgement();
    answer["body"]["erased"] = elsewhere.acknowledgement_with_erased()["body"]["erased"];
  }
  const Outcome outcome = stage.withdraw({answer}, "--yes --receipt receipt.json -o c.json paul.txt 2>&1");
  CHECK(outcome.exit_code == 1);
  CHECK_FALSE(fs::exists(stage.folder / "c.json"));
}

TEST_CASE("a confirmation from before services said what they erased still verifies") {
  Stage stage;
  REQUIRE(stage.withdraw({stage.acknowledgement()}, "--yes -o new.json paul.txt >/dev/null 2>&1").exit_code == 0);
  json old = json::parse(read_text(stage.folder / "new.json"));
  REQUIRE(old["erased"] == json::array());
  old.erase("erased");
  put_text(stage.folder / "old.json", old.dump());
  CHECK(stage.unavoce("receipt verify --receipt receipt.json old.json >/dev/null").exit_code == 0);
}

TEST_CASE("of a recording that was erased as a whole withdraw says so, with the proof, and is content") {
  Stage stage;
  stage.erase_all(consent::ErasedReason::recording_deleted);
  const json gone = Stage::problem(410, "gone");
  const Outcome outcome = stage.withdraw({gone}, "--yes --json --receipt receipt.json paul.txt");
  INFO(outcome.output);
  REQUIRE(outcome.exit_code == 0);
  const json report = json::parse(outcome.output);
  CHECK(report["acknowledged"] == false);
  CHECK(report["erased_as_a_whole"] == "recording_deleted");
  CHECK_THAT(stage.withdraw({gone}, "--yes paul.txt 2>/dev/null").output,
             Catch::Contains("Nothing is left to take back"));
}

TEST_CASE("that a recording was erased as a whole is believed with the service's proof only: exit code 1") {
  Stage stage;
  stage.erase_all(consent::ErasedReason::retention);
  SECTION("none") {
    stage.erasure = json();
  }
  SECTION("of another leaf") {
    stage.erasure["r"] = crypto::to_base64(crypto::sha256(crypto::as_bytes("r")));
  }
  SECTION("of another recording") {
    Stage elsewhere;
    elsewhere.erase_all(consent::ErasedReason::retention);
    stage.erasure = elsewhere.erasure;
  }
  SECTION("only something of it was erased") {
    Stage kept;
    const consent::Entry entry = kept.meeting->erased({"wrapped:" + kept.paul().approval->hex()});
    kept.erasure = {{"envelope", base64(entry.envelope)},
                    {"entry", base64(entry.entry_json)},
                    {"r", crypto::to_base64(entry.r)},
                    {"proof", must(kept.meeting->ledger.proof(entry.index))}};
    const Outcome outcome = kept.withdraw({Stage::problem(410, "gone")}, "--yes paul.txt 2>&1");
    CHECK(outcome.exit_code == 1);
    return;
  }
  const Outcome outcome = stage.withdraw({Stage::problem(410, "gone")}, "--yes --receipt receipt.json paul.txt 2>&1");
  CHECK(outcome.exit_code == 1);
}
