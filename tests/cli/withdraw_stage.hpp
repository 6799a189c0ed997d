// Somebody with a key file and a receipt, and a service that answers what a test has written down: for the tests of
// `unavoce withdraw`.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "consent/receipt.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"
#include "unavoce_program.hpp"

namespace unavoce::testing::withdrawing {

namespace fs = std::filesystem;
using nlohmann::json;

using testing::program;

inline std::string base64(std::string_view text) {
  return crypto::to_base64(crypto::as_bytes(text));
}

/// Paul with his key file and receipt, and the ledger of the service that has to take his withdrawal.
struct Stage {
  TemporaryFolder folder;
  std::optional<SyntheticMeeting> meeting;
  std::string envelope;  // the withdrawal in his key file
  json erasure;          // what the service answers for the recording's erasure, if anything

  explicit Stage(consent::WithdrawalErases extent = consent::WithdrawalErases::own_tracks) {
    fs::create_directory(folder.path() / "server");
    meeting.emplace(folder.path() / "server");
    meeting->add_person("Paul", consent::Role::participant);
    meeting->add_room([&](consent::Room& room) { room.withdrawal_erases = extent; });
    meeting->request();
    for (Person& person : meeting->people) meeting->approve(person);
    put_text(folder / "paul.txt", meeting->key_file(paul()));
    put_text(folder / "receipt.json", meeting->receipt(paul()));
    put_text(folder / "hosts-receipt.json", meeting->receipt(meeting->host()));
    envelope = must(consent::parse_key_file(read_text(folder / "paul.txt"))).withdrawal.envelope;
  }

  Person& paul() { return meeting->people.back(); }

  /// The answer of a service that has taken the withdrawal in.
  json acknowledgement() {
    const std::vector<consent::NewEntry> row{
        consent::new_entry(must(consent::parse_statement<consent::Withdrawal>(envelope)))};
    const consent::Entry entry = must(meeting->ledger.append(row, meeting->tick())).front();
    return {{"status", 201},
            {"body",
             {{"id", entry.id.hex()},
              {"kind", "withdrawal"},
              {"entry", base64(entry.entry_json)},
              {"r", crypto::to_base64(entry.r)},
              {"proof", must(meeting->ledger.proof(entry.index))},
              {"publish", nullptr}}}};
  }

  /// The same of one that also says what it erased.
  json acknowledgement_with_erased() {
    json answer = acknowledgement();
    const consent::Entry entry = meeting->erased({"wrapped:" + paul().approval->hex()});
    json erased = json::object();
    erased["envelope"] = base64(entry.envelope);
    erased["entry"] = base64(entry.entry_json);
    erased["r"] = crypto::to_base64(entry.r);
    erased["proof"] = must(meeting->ledger.proof(entry.index));
    answer["body"]["erased"] = json::array();
    answer["body"]["erased"].push_back(std::move(erased));
    return answer;
  }

  /// The service has erased everything, and says so.
  void erase_all(consent::ErasedReason reason) {
    meeting->erase_everything(reason);
    const consent::Entry entry = must(meeting->ledger.entries(meeting->recording.hex())).front();
    erasure = {{"envelope", base64(entry.envelope)},
               {"entry", base64(entry.entry_json)},
               {"r", crypto::to_base64(entry.r)},
               {"proof", must(meeting->ledger.proof(entry.index))}};
  }

  static json problem(int status, const std::string& word, json headers = json::object()) {
    return {
        {"status", status}, {"headers", std::move(headers)}, {"body", {{"code", word}, {"detail", "why: " + word}}}};
  }
  static json proof_follows() { return problem(503, "proof_follows", {{"Retry-After", "1"}}); }

  json config() { return {{"ledger", {{"origin", meeting->ledger.origin()}, {"vkey", meeting->ledger.vkey()}}}}; }

  /// Runs a command while the service answers `posts`; $port is its port, $program the command line.
  Outcome against(const json& posts, const std::string& line) {
    put_text(
        folder / "script.json",
        json{{"config", config()}, {"erasure", erasure}, {"posts", posts.is_array() ? posts : json::array({posts})}}
            .dump());
    put_text(folder / "log", "");
    return in(
        "{ rm -f port; node " UNAVOCE_SOURCE_DIR
        "/tests/cli/scripted_server.mjs script.json log > port & server=$!; until [ -s port ]; do kill -0 $server "
        "|| exit 99; sleep 0.05; done; port=$(cat port); " +
        line + "; code=$?; kill $server; exit $code; }");
  }
  /// Runs `unavoce withdraw` while the service answers `posts`.
  Outcome withdraw(const json& posts, const std::string& options) {
    return against(posts, program + " withdraw --server http://127.0.0.1:$port " + options);
  }
  Outcome in(const std::string& line) const { return run("cd " + folder.path().string() + " && " + line); }
  Outcome unavoce(const std::string& line) const { return in(program + " " + line); }

  /// What the service was sent since `against`, in order.
  std::vector<std::string> sent() const {
    std::vector<std::string> envelopes;
    std::istringstream lines(read_text(folder / "log"));
    for (std::string line; std::getline(lines, line);) envelopes.push_back(json::parse(line)["envelope"]);
    return envelopes;
  }
};

}  // namespace unavoce::testing::withdrawing
