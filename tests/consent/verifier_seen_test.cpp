// The verifier on what people had seen of the ledger when they signed: it must be the beginning of the bundle's.
#include "crypto/merkle.hpp"
#include "tests/synthetic/stage.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

constexpr std::uint64_t kAtPaula = 3;  ///< entries when she looks: room, request, the host's approval

/// A good meeting of two but for what `change` does to Paula's approval.
Report with_approval(const Change<Approval>& change, const Change<BundleContents>& forge = {}) {
  Stage stage;
  Person& paula = stage->add_person("Paula", Role::participant);
  stage->add_room();
  stage->request();
  stage->approve(stage->host());
  stage->approve(paula, change);
  one_take(*stage.meeting);
  stage->seal_recording();
  stage->forge = forge;
  return stage.verify();
}

/// The same, all right but for what the service does to the bundle.
Report forged(const Change<BundleContents>& forge) {
  return with_approval({}, forge);
}

crypto::Digest other(crypto::Digest root) {
  root.front() ^= 1;
  return root;
}

/// Changes the hashes of the proof that Paula's approval needs.
Change<BundleContents> with_hashes(const Change<std::vector<crypto::Digest>>& change) {
  return [=](BundleContents& contents) {
    std::string& text = contents.consistency.at(kAtPaula);
    auto hashes = must(parse_consistency(text));
    change(hashes);
    text = format_consistency(hashes);
  };
}

const std::string kPaulasEntry = "data/entries/000002.json: approval ";

}  // namespace

TEST_CASE("a bundle shows for every approval and take that its ledger begins with what was seen") {
  Stage stage;
  stage->complete();
  std::vector<std::uint64_t> sizes;
  for (const auto& [size, proof] : stage->contents().consistency) sizes.push_back(size);
  CHECK(sizes == std::vector<std::uint64_t>{2, 3, 4, 5, 10});  // three approvals, two takes
  const Report report = stage.verify();
  INFO(findings(report));
  CHECK(report.passed());
  CHECK(std::ranges::find(report.rules, "seen", &RuleResult::rule)->verdict == Verdict::passed);
}

TEST_CASE("the proofs hold wherever the recording lies in a ledger that others use too") {
  const std::uint64_t before = GENERATE(as<std::uint64_t>(), 1, 2, 5, 30);
  const std::uint64_t after = GENERATE(as<std::uint64_t>(), 0, 1, 7);
  Stage stage;
  const auto others = [&](std::string_view when, std::uint64_t count) {
    std::vector<NewEntry> entries(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      entries[i].recording = std::string(32, 'c');
      entries[i].kind = "seal";
      entries[i].envelope = std::string(when) + std::to_string(i);
      entries[i].id = StatementId(crypto::sha256(crypto::as_bytes(entries[i].envelope)));
    }
    must(stage->ledger.append(entries, stage->tick()));
  };
  others("before", before);
  approve_all(*stage.meeting);
  one_take(*stage.meeting);
  stage->seal_recording();
  others("after", after);
  const Report report = stage.verify();
  CAPTURE(before, after, findings(report));
  CHECK(report.passed());
}

TEST_CASE("an approval by somebody who had seen another ledger is found and named") {
  const Report report =
      with_approval([](Approval& approval) { approval.checkpoint->root = other(approval.checkpoint->root); });
  INFO(findings(report));
  CHECK(found(report, "seen", kPaulasEntry + report.participants.at(1).approval.substr(0, 12)));
  CHECK(found(report, "seen", "data/consistency/3: consistency proof: it does not lead to the old root"));
  CHECK(report.participants.at(0).proof == Verdict::passed);
  CHECK(report.participants.at(1).proof == Verdict::failed);
}

TEST_CASE("an approval by somebody who had seen more than there is was given in a ledger that was rolled back") {
  const Report report = with_approval([](Approval& approval) { approval.checkpoint->size = 1000; });
  CHECK(found(report, "seen", "a ledger of 1000 entries"));
  CHECK(found(report, "seen", "the tree has become smaller"));
}

TEST_CASE("as many entries with another root are another ledger, and need no proof to be that") {
  const Report report = with_approval([](Approval& approval) { approval.checkpoint->size = 9; });
  INFO(findings(report));
  CHECK(found(report, "seen", "data/checkpoint: consistency proof: the roots do not fit"));
}

TEST_CASE("two people who were shown different ledgers of one size are found, whoever is right") {
  const Report report = with_approval([](Approval& approval) { approval.checkpoint->size = 2; });
  CHECK(found(report, "seen", "names another ledger than data/entries/000001.json"));
  CHECK(report.participants.at(0).proof == Verdict::passed);
  CHECK(report.participants.at(1).proof == Verdict::failed);
}

TEST_CASE("who had seen nothing, or the empty ledger, needs no proof") {
  const Report nothing = with_approval([](Approval& approval) { approval.checkpoint.reset(); });
  INFO(findings(nothing));
  CHECK(nothing.passed());
  const auto empty = SeenCheckpoint{0, crypto::MerkleTree().root()};
  const Report beginning = with_approval([&](Approval& approval) { approval.checkpoint = empty; });
  INFO(findings(beginning));
  CHECK(beginning.passed());
  CHECK(
      found(with_approval([](Approval& approval) { approval.checkpoint->size = 0; }), "seen", "a ledger of 0 entries"));
}

TEST_CASE("a take that names another ledger is found") {
  Stage stage;
  approve_all(*stage.meeting);
  stage->take(Countersigned::yes, [](Take& take) { take.checkpoint.root = other(take.checkpoint.root); });
  stage->seal_take();
  stage->seal_recording();
  CHECK(found(stage.verify(), "seen", "data/entries/000003.json: take 1"));
}

TEST_CASE("a proof that is missing, damaged, too short, too long or of something else proves nothing") {
  const auto [what, forge] = GENERATE(table<std::string, Change<BundleContents>>({
      {"is not in the bundle", [](BundleContents& contents) { contents.consistency.erase(kAtPaula); }},
      {"it is empty", [](BundleContents& contents) { contents.consistency.at(kAtPaula).clear(); }},
      {"a line is not", [](BundleContents& contents) { contents.consistency.at(kAtPaula).pop_back(); }},
      {"a line is not", [](BundleContents& contents) { contents.consistency.at(kAtPaula) += "\n"; }},
      {"consistency proof",
       [](BundleContents& contents) { std::swap(contents.consistency.at(2), contents.consistency.at(kAtPaula)); }},
      {"does not lead to", with_hashes([](auto& hashes) { hashes.front()[7] ^= 4; })},
      {"does not lead to", with_hashes([](auto& hashes) { hashes.back()[31] ^= 1; })},
      {"consistency proof", with_hashes([](auto& hashes) { hashes.pop_back(); })},
      {"consistency proof", with_hashes([](auto& hashes) { hashes.push_back({}); })},
      {"at most 2835 can be right", with_hashes([](auto& hashes) { hashes.resize(64); })},
  }));
  const Report report = forged(forge);
  CAPTURE(what, findings(report));
  CHECK(found(report, "seen", kPaulasEntry));
  CHECK(found(report, "seen", "data/consistency/3"));
  CHECK(found(report, "seen", what));
  CHECK_FALSE(found(report, "bag", "data/consistency"));
}

TEST_CASE("a proof that no statement needs has no place in a bundle") {
  CHECK(found(forged([](BundleContents& contents) { contents.consistency.emplace(1, contents.consistency.at(2)); }),
              "seen", "data/consistency/1: no statement names"));
}

TEST_CASE("the text of a consistency proof has one spelling") {
  const std::vector<crypto::Digest> hashes{crypto::sha256({}), crypto::Digest{}};
  const std::string text = format_consistency(hashes);
  CHECK(text == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" + std::string(43, 'A') + "=\n");
  CHECK(must(parse_consistency(text)) == hashes);
  const std::string line = text.substr(0, 45);
  std::string longest;
  for (int i = 0; i < 63; ++i) longest += line;
  CHECK(longest.size() == kMaxConsistencyBytes);
  CHECK(parse_consistency(longest));
  for (const std::string& bad :
       {std::string(), std::string("\n"), line.substr(0, 44), line + "\n", "\n" + line, line.substr(0, 43) + "\n",
        line.substr(0, 44) + "\r\n", " " + line, line.substr(0, 42) + "V=\n", longest + line}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_consistency(bad));
  }
}
