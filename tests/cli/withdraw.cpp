// `unavoce withdraw`, against a service that answers what a test has written down, and the confirmations it gives.
#include "withdraw_stage.hpp"

using namespace unavoce::testing;
using namespace unavoce::testing::withdrawing;
namespace consent = unavoce::consent;
namespace crypto = unavoce::crypto;

TEST_CASE("withdraw sends what was signed in advance, and its confirmation proves that it is in the ledger") {
  Stage stage;
  const Outcome outcome =
      stage.withdraw({stage.acknowledgement()}, "--yes --json --receipt receipt.json -o confirmation.json paul.txt");
  CHECK(outcome.exit_code == 0);
  CHECK(stage.sent() == std::vector{stage.envelope});
  const json report = json::parse(outcome.output);
  CHECK(report["acknowledged"] == true);
  CHECK(report["ledger_key_given"] == true);

  const Outcome verified = stage.unavoce("receipt verify --json --receipt receipt.json confirmation.json");
  CHECK(verified.exit_code == 0);
  CHECK(json::parse(verified.output)["recording"] == stage.meeting->recording.hex());
  CHECK(json::parse(verified.output)["index"] == report["index"]);
}

TEST_CASE("without a receipt the ledger key is the one the service names, and that is said") {
  Stage stage;
  const json answers{stage.acknowledgement()};
  const Outcome outcome = stage.withdraw(answers, "--yes paul.txt 2>/dev/null");
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::Contains("the one the service names") && Catch::Contains("run this again with -o"));
  const std::string key = "--ledger-key '" + stage.meeting->ledger.vkey() + "'";
  CHECK(json::parse(stage.withdraw(answers, "--yes --json " + key + " paul.txt").output)["ledger_key_given"] == true);
}

TEST_CASE("before it is sent, it is said whose files go: by the receipt, or both if there is none") {
  using consent::WithdrawalErases;
  const auto told = [](WithdrawalErases extent, const std::string& options) {
    Stage stage(extent);
    return stage.withdraw({stage.acknowledgement()}, "--yes " + options + " paul.txt 2>&1").output;
  };
  const std::string own = "their track files and their wrapped key";
  const std::string all = "everything that was recorded while they were there, of everybody";
  CHECK_THAT(told(WithdrawalErases::own_tracks, "--receipt receipt.json"),
             Catch::Contains(own) && !Catch::Contains("everybody"));
  CHECK_THAT(told(WithdrawalErases::whole_takes, "--receipt receipt.json"), Catch::Contains(all));
  CHECK_THAT(told(WithdrawalErases::whole_takes, ""),
             Catch::Contains(own) && Catch::Contains("If the room's question said so, everybody's files"));
}

TEST_CASE("withdraw waits until a withdrawal that is in effect is proven") {
  Stage stage;
  const Outcome outcome =
      stage.withdraw({Stage::proof_follows(), Stage::problem(408, "too_slow"),
                      Stage::problem(429, "too_many_requests", {{"Retry-After", "1"}}), stage.acknowledgement()},
                     "--yes paul.txt 2>&1");
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::Contains("in effect") && Catch::Contains("Proof checked"));
  CHECK(stage.sent() == std::vector<std::string>(4, stage.envelope));
}

TEST_CASE("withdraw --no-wait gives up when the proof has to follow: exit code 5") {
  Stage stage;
  const Outcome outcome = stage.withdraw({Stage::proof_follows()}, "--yes --no-wait --json paul.txt 2>&1");
  CHECK(outcome.exit_code == 5);
  CHECK(json::parse(outcome.output)["error"] == "pending");
  CHECK(stage.sent().size() == 1);
}

TEST_CASE("withdraw --no-wait does not call a withdrawal in effect that a busy service did not take: exit code 4") {
  Stage stage;
  const Outcome outcome =
      stage.withdraw({Stage::problem(503, "too_many_connections")}, "--yes --no-wait paul.txt 2>&1");
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.output, Catch::Contains("nothing is withdrawn yet"));
}

TEST_CASE("a refusal of the service ends the command with its reason") {
  Stage stage;
  const Outcome outcome = stage.withdraw({Stage::problem(404, "unknown_reference")}, "--yes paul.txt 2>&1");
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.output, Catch::Contains("why: unknown_reference"));
}

TEST_CASE("a redirect is not followed") {
  Stage stage;
  const json elsewhere = {{"status", 307}, {"headers", {{"Location", "/api/v1/statements"}}}};
  CHECK(stage.withdraw({elsewhere, stage.acknowledgement()}, "--yes paul.txt 2>/dev/null").exit_code == 1);
  CHECK(stage.sent().size() == 1);
}

TEST_CASE("an acknowledgement whose proof is wrong is no confirmation") {
  Stage stage;
  const json good = stage.acknowledgement();
  json wrong = good;
  const std::string other = stage.meeting->receipt(stage.meeting->host());

  SECTION("the entry of another statement") {
    wrong["body"]["entry"] = json::parse(other)["entry"];
  }
  SECTION("another opening") {
    wrong["body"]["r"] = crypto::to_base64(crypto::sha256(crypto::as_bytes("r")));
  }
  SECTION("a proof of another leaf") {
    wrong["body"]["proof"] = json::parse(other)["proof"];
  }
  SECTION("entry, opening and proof of another statement, which fit together") {
    for (const char* field : {"entry", "r", "proof"}) wrong["body"][field] = json::parse(other)[field];
  }
  SECTION("no proof") {
    wrong["body"].erase("proof");
  }
  const Outcome outcome = stage.withdraw({wrong}, "--yes --receipt receipt.json -o c.json paul.txt 2>&1");
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.output, Catch::Contains("acknowledged") && Catch::Contains("could not be checked"));
  CHECK_FALSE(fs::exists(stage.folder / "c.json"));
}

TEST_CASE("a proof of another ledger than the receipt's is no confirmation") {
  Stage stage;
  Stage elsewhere;
  json answer = stage.acknowledgement();
  answer["body"]["proof"] = elsewhere.acknowledgement()["body"]["proof"];
  CHECK(stage.withdraw({answer}, "--yes --receipt receipt.json paul.txt 2>/dev/null").exit_code == 1);
  const std::string other_key = "--ledger-key '" + elsewhere.meeting->ledger.vkey() + "'";
  CHECK(stage.withdraw({stage.acknowledgement()}, "--yes " + other_key + " paul.txt 2>/dev/null").exit_code == 1);
}

TEST_CASE("somebody else's receipt is refused before anything is sent") {
  Stage stage;
  CHECK(
      stage.withdraw({stage.acknowledgement()}, "--yes --receipt hosts-receipt.json paul.txt 2>/dev/null").exit_code ==
      1);
  CHECK(stage.sent().empty());
}

TEST_CASE("an existing file is not overwritten, and nothing is sent") {
  Stage stage;
  CHECK(stage.withdraw({stage.acknowledgement()}, "--yes -o receipt.json paul.txt 2>/dev/null").exit_code == 4);
  CHECK(stage.sent().empty());
}

TEST_CASE("without a terminal and without --yes nothing is sent: exit code 2") {
  Stage stage;
  CHECK(
      stage
          .against({stage.acknowledgement()},
                   "setsid -w " + program + " withdraw --server http://127.0.0.1:$port paul.txt 2>/dev/null </dev/null")
          .exit_code == 2);
  CHECK(stage.sent().empty());
}

TEST_CASE("on a terminal withdraw shows what it will do, and sends it after yes only") {
  Stage stage;
  const json answers{stage.acknowledgement()};
  const auto typed = [&](const std::string& words) {
    return stage.against(answers, "printf '" + words + "\\n' | script -qec '" + program +
                                      " withdraw --server http://127.0.0.1:'$port' paul.txt' /dev/null");
  };
  const Outcome no = typed("no");
  CHECK(no.exit_code == 2);
  CHECK_THAT(no.output,
             Catch::Contains(stage.meeting->recording.hex()) && Catch::Contains("cannot approve there again"));
  CHECK(stage.sent().empty());
  CHECK(typed("yes").exit_code == 0);
  CHECK(stage.sent().size() == 1);
}

TEST_CASE("--extract writes the bare withdrawal, which somebody else can send") {
  Stage stage;
  const Outcome extracted = stage.unavoce("withdraw --extract paul.txt 2>/dev/null");
  CHECK(extracted.exit_code == 0);
  CHECK(extracted.output == stage.envelope + "\n");
  put_text(stage.folder / "withdrawal.json", extracted.output);
  CHECK(stage.withdraw({stage.acknowledgement()}, "--yes --statement withdrawal.json >/dev/null 2>&1").exit_code == 0);
  CHECK(stage.sent() == std::vector{stage.envelope});
}

TEST_CASE("what cannot take anything back is a usage error or a failed check, and nothing is sent") {
  Stage stage;
  put_text(stage.folder / "withdrawal.json", stage.envelope);
  put_text(stage.folder / "room.key", stage.meeting->room_key_file());
  std::string changed = stage.envelope;
  changed.replace(changed.find("\"sig\":\"") + 7, 4, "AAAA");
  put_text(stage.folder / "changed.json", changed);
  const std::pair<const char*, int> lines[] = {{"receipt.json", 2},
                                               {"room.key", 2},
                                               {"--statement paul.txt", 2},
                                               {"--statement withdrawal.json paul.txt", 2},
                                               {"", 2},
                                               {"--statement receipt.json", 1},
                                               {"--statement changed.json", 1},
                                               {"nowhere.txt", 4}};
  for (const auto& [line, exit_code] : lines) {
    CAPTURE(line);
    CHECK(stage.unavoce("withdraw --yes --server http://127.0.0.1:1 " + std::string(line) + " 2>/dev/null").exit_code ==
          exit_code);
  }
  CHECK(stage.unavoce("withdraw --yes --statement withdrawal.json 2>/dev/null").exit_code == 2);
}

TEST_CASE("http goes to this machine only, and addresses have no user name, query or fragment") {
  Stage stage;
  for (const char* server : {"http://example.org", "ftp://127.0.0.1", "https://u@127.0.0.1", "https://127.0.0.1/?a=1",
                             "https://127.0.0.1/#a", "127.0.0.1:1", "javascript:1"}) {
    CAPTURE(server);
    CHECK(stage.unavoce("withdraw --yes --server '" + std::string(server) + "' paul.txt 2>/dev/null").exit_code == 2);
  }
  CHECK(stage.unavoce("withdraw --yes --insecure-http --server http://127.0.0.2:1 paul.txt 2>/dev/null").exit_code ==
        4);
  CHECK(stage.unavoce("withdraw --yes --server http://127.0.0.2:1 paul.txt 2>/dev/null").exit_code == 2);
}

TEST_CASE("receipt verify finds every change of a confirmation") {
  Stage stage;
  REQUIRE(stage.withdraw({stage.acknowledgement()}, "--yes -o good.json paul.txt >/dev/null 2>&1").exit_code == 0);
  const Outcome alone = stage.unavoce("receipt verify good.json");
  CHECK(alone.exit_code == 0);
  CHECK_THAT(alone.output, Catch::Contains("if the ledger's key is the one in your receipt"));

  json changed = json::parse(read_text(stage.folder / "good.json"));
  const json other = json::parse(stage.meeting->receipt(stage.meeting->host()));
  SECTION("withdrawal") {
    changed["withdrawal"] = other["approval"];
  }
  SECTION("entry") {
    changed["entry"] = other["entry"];
  }
  SECTION("opening") {
    changed["r"] = other["r"];
  }
  SECTION("proof") {
    changed["proof"] = other["proof"];
  }
  SECTION("all but the withdrawal") {
    for (const char* field : {"entry", "r", "proof"}) changed[field] = other[field];
  }
  SECTION("another ledger") {
    changed["ledger_vkey"] = Stage().meeting->ledger.vkey();
  }
  SECTION("a field too many") {
    changed["note"] = "erased";
  }
  put_text(stage.folder / "changed.json", changed.dump());
  CHECK(stage.unavoce("receipt verify --receipt receipt.json changed.json 2>/dev/null").exit_code == 1);
}

TEST_CASE("a confirmation of another person's withdrawal does not fit a receipt") {
  Stage stage;
  REQUIRE(stage.withdraw({stage.acknowledgement()}, "--yes -o c.json paul.txt >/dev/null 2>&1").exit_code == 0);
  CHECK(stage.unavoce("receipt verify --receipt hosts-receipt.json c.json 2>/dev/null").exit_code == 1);
  CHECK(stage
            .unavoce("receipt verify --receipt receipt.json --fingerprint " + std::string(43, 'A') +
                     " c.json 2>/dev/null")
            .exit_code == 1);
}
