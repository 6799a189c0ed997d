// `unavoce ledger check` against ledgers that grew, were rolled back, were forked, or are not there.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/tlog/public_ledger.hpp"
#include "unavoce_program.hpp"

using namespace unavoce::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// One ledger at three sizes and another history with the same key, each as a folder that can be served.
struct Ledgers {
  TemporaryFolder folder;

  Ledgers() {
    SignedLedger honest = in("honest");
    for (const std::uint64_t size : {3, 300, 600}) {
      honest.grow(size, "one history");
      serve(honest, std::to_string(size));
    }
    SignedLedger other = in("other");
    other.grow(600, "another history");
    serve(other, "forked");
  }
  SignedLedger in(const std::string& name) const {
    fs::create_directory(folder.path() / name);
    return SignedLedger(folder.path() / name);
  }
  void serve(const SignedLedger& from, const std::string& name) const {
    publish(from.ledger, folder.path() / name);
    put(folder.path() / name / "vkey", from.ledger.vkey());
  }

  /// Runs `unavoce ledger check` against the service that shows this folder; standard error is part of the output.
  Outcome check(const std::string& shown, const std::string& arguments) const {
    return run("cd " + folder.path().string() +
               " && { rm -f port; node " UNAVOCE_SOURCE_DIR "/tests/cli/ledger_server.mjs " + shown +
               " > port & server=$!; until [ -s port ]; do kill -0 $server || exit 99; sleep 0.05; done; " + program +
               " ledger check http://127.0.0.1:$(cat port) --wait 0 " + arguments +
               " 2>&1; code=$?; kill $server; exit $code; }");
  }
};

}  // namespace

TEST_CASE("a ledger that grew passes, and its checkpoint can be kept for the next time") {
  const Ledgers ledgers;
  const Outcome first = ledgers.check("300", "--json --seen 3/checkpoint --save kept");
  CHECK(first.exit_code == 0);
  const json report = json::parse(first.output);
  CHECK(report.at("passed") == true);
  CHECK(report.at("ledger") == "example.org/unavoce/test");
  CHECK(report.at("seen_size") == 3);
  CHECK(report.at("size") == 300);
  CHECK(read_file(ledgers.folder / "kept") == read_file(ledgers.folder / "300/checkpoint"));
  CHECK(ledgers.check("600", "--seen kept --save kept").exit_code == 0);
  CHECK(read_file(ledgers.folder / "kept") == read_file(ledgers.folder / "600/checkpoint"));
}

TEST_CASE("the same checkpoint again passes") {
  const Ledgers ledgers;
  CHECK(ledgers.check("300", "--seen 300/checkpoint").exit_code == 0);
}

TEST_CASE("a ledger that was rolled back is refused, and what was kept stays") {
  const Ledgers ledgers;
  const Outcome outcome = ledgers.check("300", "--seen 600/checkpoint --save kept");
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.output, Catch::Contains("rolled back"));
  CHECK_FALSE(fs::exists(ledgers.folder / "kept"));
}

TEST_CASE("a forked ledger is refused, at the same size and at a larger one") {
  const Ledgers ledgers;
  for (const char* seen : {"3", "300", "600"}) {
    CAPTURE(seen);
    const Outcome outcome = ledgers.check("forked", "--json --seen " + std::string(seen) + "/checkpoint");
    CHECK(outcome.exit_code == 1);
    CHECK(json::parse(outcome.output).at("error") == "failed");
    CHECK_THAT(outcome.output, Catch::Contains("forked"));
  }
}

TEST_CASE("a tile that does not belong to the checkpoint, or is missing, is no proof") {
  const Ledgers ledgers;
  fs::remove(ledgers.folder / "600/tile/0/001");
  CHECK(ledgers.check("600", "--seen 300/checkpoint").exit_code == 1);
  fs::copy(ledgers.folder / "forked/tile/0/001", ledgers.folder / "600/tile/0/001");
  CHECK(ledgers.check("600", "--seen 300/checkpoint").exit_code == 1);
}

TEST_CASE("a checkpoint of another key is refused, whichever side it is on") {
  const Ledgers ledgers;
  const std::string vkey = must(unavoce::crypto::NoteVerifier::from_key(
                                    "example.org/unavoce/test", unavoce::crypto::SigningKey::generate().public_key()))
                               .vkey();
  CHECK(ledgers.check("600", "--seen 300/checkpoint --ledger-key '" + vkey + "'").exit_code == 1);
  put(ledgers.folder.path() / "600/vkey", vkey);
  CHECK(ledgers.check("600", "--seen 300/checkpoint").exit_code == 1);
}

TEST_CASE("a receipt is a checkpoint that was seen, and brings its ledger's key") {
  const Ledgers ledgers;
  fs::create_directory(ledgers.folder / "meeting");
  SyntheticMeeting meeting(ledgers.folder.path() / "meeting");
  meeting.complete();
  put(ledgers.folder.path() / "receipt.json", meeting.receipt(meeting.people.back()));
  publish(meeting.ledger, ledgers.folder.path() / "shown");
  CHECK(ledgers.check("shown", "--seen receipt.json").exit_code == 0);
  CHECK(ledgers.check("600", "--seen receipt.json").exit_code == 1);
}

TEST_CASE("a service that cannot be reached is neither passed nor failed") {
  const Ledgers ledgers;
  const std::string seen = " --seen " + (ledgers.folder / "3/checkpoint");
  CHECK(run(program + " ledger check http://127.0.0.1:1" + seen + " 2>/dev/null").exit_code == 4);
  CHECK(run(program + " ledger check http://example.org" + seen + " 2>/dev/null").exit_code == 2);
  CHECK(run(program + " ledger check https://example.org 2>/dev/null").exit_code == 2);
}
