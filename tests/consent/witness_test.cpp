// A witness (c2sp.org/tlog-witness) against logs that grow, are rolled back, are forked, or are not its own.
#include "consent/witness.hpp"

#include <catch2/catch.hpp>

#include "consent/checkpoint.hpp"
#include "crypto/merkle.hpp"
#include "tests/program.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using unavoce::testing::TemporaryFolder;

namespace {

constexpr std::uint64_t moment = 1'700'000'000;

crypto::NoteSigner log_signer(std::string_view name = "example.org/log", std::uint8_t seed = 7) {
  std::array<std::uint8_t, 32> bytes{seed};
  return crypto::NoteSigner::create(name, crypto::SigningKey::from_seed(bytes).value()).value();
}

crypto::MerkleTree tree_of(std::uint64_t size, const std::string& history = "one") {
  crypto::MerkleTree tree;
  for (std::uint64_t i = 0; i < size; ++i)
    tree.append(crypto::leaf_hash(crypto::as_bytes(history + std::to_string(i))));
  return tree;
}

std::string note_of(const crypto::MerkleTree& tree, const crypto::NoteSigner& signer = log_signer()) {
  return crypto::sign_note(format_checkpoint({signer.name(), tree.size(), tree.root()}), signer).value();
}

/// What a log asks that believes the witness remembers `old_size`.
std::string request(std::uint64_t old_size, const crypto::MerkleTree& tree) {
  return format_add_checkpoint({old_size, tree.consistency_proof(old_size, tree.size()), note_of(tree)});
}

struct Place {
  TemporaryFolder folder;

  Witness open() const {
    std::array<std::uint8_t, 32> seed{1};
    auto cosigner = crypto::Cosigner::create("witness.example", crypto::SigningKey::from_seed(seed).value()).value();
    return Witness::open(storage::Database::open(folder.path() / "witness.db").value(), std::move(cosigner),
                         {log_signer().verifier()})
        .value();
  }
};

crypto::CosignatureVerifier witness_key() {
  std::array<std::uint8_t, 32> seed{1};
  return crypto::CosignatureVerifier::from_key("witness.example",
                                               crypto::SigningKey::from_seed(seed).value().public_key())
      .value();
}

}  // namespace

TEST_CASE("a witness cosigns a log that grows, also after a restart", "[witness]") {
  const Place place;
  std::uint64_t before = 0;
  for (const std::uint64_t size : {1, 1, 3, 8, 300}) {
    CAPTURE(size);
    Witness witness = place.open();
    const auto tree = tree_of(size);
    const WitnessAnswer answer = witness.add_checkpoint(request(before, tree), moment);
    REQUIRE(answer.status == 200);
    CHECK(witness_key().time_in(note_of(tree) + answer.body).value() == moment);
    before = size;
  }
}

TEST_CASE("the empty tree can be witnessed", "[witness]") {
  const Place place;
  CHECK(place.open().add_checkpoint(request(0, tree_of(0)), moment).status == 200);
}

TEST_CASE("a log that names another size than the witness remembers is told the right one", "[witness]") {
  const Place place;
  Witness witness = place.open();
  REQUIRE(witness.add_checkpoint(request(0, tree_of(8)), moment).status == 200);
  for (const std::uint64_t old_size : {0, 3, 9}) {
    const WitnessAnswer answer = witness.add_checkpoint(request(old_size, tree_of(10)), moment);
    CHECK(answer.status == 409);
    CHECK(answer.content_type == "text/x.tlog.size");
    CHECK(answer.body == "8\n");
  }
}

TEST_CASE("a log that was rolled back gets no cosignature", "[witness]") {
  const Place place;
  Witness witness = place.open();
  REQUIRE(witness.add_checkpoint(request(0, tree_of(8)), moment).status == 200);
  CHECK(witness.add_checkpoint(request(3, tree_of(5)), moment).body == "8\n");
  CHECK(witness.add_checkpoint(request(0, tree_of(5)), moment).status == 409);
  CHECK(witness.add_checkpoint(format_add_checkpoint({8, {}, note_of(tree_of(5))}), moment).status == 400);
}

TEST_CASE("a forked log gets no cosignature, at the same size and at a larger one", "[witness]") {
  const Place place;
  Witness witness = place.open();
  REQUIRE(witness.add_checkpoint(request(0, tree_of(8)), moment).status == 200);
  const WitnessAnswer same = witness.add_checkpoint(request(8, tree_of(8, "other")), moment);
  CHECK(same.status == 409);
  CHECK(same.content_type != "text/x.tlog.size");
  CHECK(witness.add_checkpoint(request(8, tree_of(20, "other")), moment).status == 422);
  CHECK(witness.add_checkpoint(request(8, tree_of(20)), moment).status == 200);
}

TEST_CASE("a proof that is none is refused, and nothing is remembered of it", "[witness]") {
  const Place place;
  Witness witness = place.open();
  REQUIRE(witness.add_checkpoint(request(0, tree_of(5)), moment).status == 200);
  const auto tree = tree_of(9);
  auto proof = tree.consistency_proof(5, 9);
  proof.front()[0] ^= 1;
  CHECK(witness.add_checkpoint(format_add_checkpoint({5, proof, note_of(tree)}), moment).status == 422);
  CHECK(witness.add_checkpoint(format_add_checkpoint({5, {}, note_of(tree)}), moment).status == 422);
  CHECK(witness.add_checkpoint(request(5, tree), moment).status == 200);
}

TEST_CASE("another log, another key, and no request at all are told apart", "[witness]") {
  const Place place;
  Witness witness = place.open();
  const auto tree = tree_of(2);
  const std::string other_log = note_of(tree, log_signer("example.org/other"));
  CHECK(witness.add_checkpoint(format_add_checkpoint({0, {}, other_log}), moment).status == 404);
  const std::string other_key = note_of(tree, log_signer("example.org/log", 8));
  CHECK(witness.add_checkpoint(format_add_checkpoint({0, {}, other_key}), moment).status == 403);
  const std::string good = request(0, tree);
  std::string changed = good;
  changed[changed.find("2\n")] = '3';
  CHECK(witness.add_checkpoint(changed, moment).status == 403);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const unsigned status = witness.add_checkpoint(good.substr(0, size), moment).status;
    CAPTURE(size);
    CHECK((status == 400 || status == 403 || status == 404));
  }
  for (const char* bad : {"old 01\n\n", "old -1\n\n", "old x\n\n", "old 0\nAAAA\n\n", "new 0\n\n"})
    CHECK(witness.add_checkpoint(bad + note_of(tree), moment).status == 400);
}

TEST_CASE("the answer 409 is read as it is written", "[witness]") {
  CHECK(parse_tree_size("0\n").value() == 0);
  CHECK(parse_tree_size("50\n").value() == 50);
  for (const char* bad : {"", "50", "050\n", "-1\n", "50\n\n", "x\n", "99999999999999999999\n"})
    CHECK_FALSE(parse_tree_size(bad).has_value());
}
