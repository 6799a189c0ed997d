// What people had seen of the ledger when they approved: a recording shows, to the host's page and in the bundle, that
// its ledger begins with all of it, and a ledger that was set back takes nobody's approval who had seen more.

#include <catch2/catch.hpp>
#include <map>

#include "consent/bundle.hpp"
#include "consent/checkpoint.hpp"
#include "consent/verifier.hpp"
#include "crypto/merkle.hpp"
#include "recorded.hpp"

using namespace unavoce;
using namespace unavoce::server;
using namespace unavoce::server::test;
using consent::Kind;

namespace {

/// The tree in a signed checkpoint.
consent::SeenCheckpoint tree_of(const std::string& note) {
  const auto checkpoint = consent::parse_checkpoint(note.substr(0, note.find("\n\n") + 1)).value();
  return {checkpoint.size, checkpoint.root};
}

/// The state of the ledger that somebody sees who fetches the receipt of this statement now.
consent::SeenCheckpoint seen_with(const Service& server, const consent::StatementId& id) {
  const Reply receipt = server.fetch("GET", "/api/v1/statements/" + id.hex() + "/receipt");
  return tree_of(Json::parse(receipt.body).at("checkpoint").get<std::string>());
}

Reply approve_having_seen(const Service& server, Attendee& who, const consent::SeenCheckpoint& seen) {
  auto body = who.approval({Kind::audio});
  body.checkpoint = seen;
  who.last_approval = consent::id_of(body);
  return post_statement(server, consent::sign_statement(body, who.key), {}, who.wrapped);
}

/// A recording that was stopped. Before she approved, Anna had seen the request in the ledger, and Ben her approval.
struct Stopped {
  explicit Stopped(const RunningServer& server)
      : host(server), anna(host, Attendee::As::host, "Anna"), ben(host, Attendee::As::participant, "Ben") {
    anna.ask({Kind::audio});
    ben.wait_for_request();
    annas = seen_with(server, anna.request->id);
    REQUIRE(approve_having_seen(server, anna, annas).status == 201);
    bens = seen_with(server, anna.last_approval);
    REQUIRE(approve_having_seen(server, ben, bens).status == 201);
    anna.wait_for_gate("open");
    target = "/api/v1/recordings/" + anna.request->body.recording.hex();
    REQUIRE(server.fetch("POST", target + "/stop", host.login, "{}").status == 204);
  }

  Host host;
  Attendee anna;
  Attendee ben;
  consent::SeenCheckpoint annas{};
  consent::SeenCheckpoint bens{};
  std::string target;
};

}  // namespace

TEST_CASE("a bundle proves that its ledger begins with what everybody in it had seen", "[meeting]") {
  const RunningServer server;
  const Stopped recording(server);
  const TemporaryFolder folder;
  const auto tar = folder.path() / "bundle.tar";
  std::ofstream(tar, std::ios::binary) << server.fetch("GET", recording.target + "/bundle", recording.host.login).body;
  const auto bundle = consent::Bundle::open(tar);
  REQUIRE(bundle);
  // Before the approvals there were the room and the request; the take came after both.
  for (const char* file : {"data/consistency/2", "data/consistency/3", "data/consistency/4"}) {
    CAPTURE(file);
    CHECK(bundle.value().find(file) != nullptr);
  }
  const auto report = consent::verify_bundle(bundle.value());
  for (const auto& rule : report.rules) {
    CAPTURE(rule.rule, rule.findings);
    CHECK(rule.verdict != consent::Verdict::failed);
    if (rule.rule == "seen") CHECK(rule.verdict == consent::Verdict::passed);
  }
}

TEST_CASE("the host's page gets the proofs that the ledger begins with what was seen", "[meeting]") {
  const RunningServer server;
  const Stopped recording(server);
  const Json details = Json::parse(server.fetch("GET", recording.target, recording.host.login).body);
  const auto now = tree_of(details.at("checkpoint").get<std::string>());
  std::map<std::uint64_t, std::string> proofs;
  for (const Json& one : details.at("consistency"))
    proofs.emplace(one.at("size").get<std::uint64_t>(), one.at("proof").get<std::string>());
  CHECK(proofs.size() == 3);  // the service looked before the take, too
  for (const auto& seen : {recording.annas, recording.bens}) {
    CAPTURE(seen.size);
    const auto hashes = consent::parse_consistency(proofs.at(seen.size)).value();
    CHECK(crypto::verify_consistency(seen.size, now.size, hashes, seen.root, now.root).has_value());
  }
}

TEST_CASE("a restored backup takes nobody's approval who had seen what came after it", "[meeting]") {
  const TemporaryFolder folder;
  const RunningServer first([&](Config& config) { config.data_folder = folder.path() / "data"; });
  const Host before(first);
  std::filesystem::copy(folder.path() / "data", folder.path() / "backup", std::filesystem::copy_options::recursive);
  Attendee anna(before, Attendee::As::host, "Anna");
  anna.ask({Kind::audio});
  const auto request = seen_with(first, anna.request->id);
  REQUIRE(anna.approve({Kind::audio}).status == 201);
  const auto approval = seen_with(first, anna.last_approval);

  const RunningServer restored([&](Config& config) { config.data_folder = folder.path() / "backup"; });
  const Reply login =
      restored.fetch("POST", "/api/v1/login", {}, std::string(R"({"user":"host","password":")") + kPassword + R"("})");
  const std::string cookie = login.headers.at("set-cookie");
  const Host host(before, restored, Headers{{"Cookie", cookie.substr(0, cookie.find(';'))}});
  Attendee late(host, Attendee::As::host, "Anna");
  late.ask({Kind::audio});  // in the place where the ledger had another request
  for (const auto& lost : {request, approval}) {
    CAPTURE(lost.size);
    check_problem(approve_having_seen(restored, late, lost), 409, "ledger_falsified");
    late.wait_for("challenge");
  }
  CHECK(kinds_of(restored, host, late.request->body.recording) == std::vector<std::string>{"request"});
  CHECK(approve_having_seen(restored, late, seen_with(restored, late.request->id)).status == 201);
}
