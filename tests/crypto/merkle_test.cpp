#include "crypto/merkle.hpp"

#include <string>
#include <vector>

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {

constexpr std::uint64_t largest_tree = 70;

Digest digest(std::string_view hex) {
  const auto bytes = must(from_hex(hex));
  Digest value;
  REQUIRE(bytes.size() == value.size());
  std::copy(bytes.begin(), bytes.end(), value.begin());
  return value;
}

/// Leaves and roots of the certificate-transparency reference implementation.
const std::vector<std::string> ct_leaves = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> ct_roots = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                           "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                           "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                           "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                           "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                           "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                           "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                           "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                           "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

MerkleTree ct_tree() {
  MerkleTree tree;
  for (const auto& leaf : ct_leaves) tree.append(leaf_hash(must(from_hex(leaf))));
  return tree;
}

Digest numbered_leaf(std::uint64_t number) {
  return leaf_hash(as_bytes("leaf " + std::to_string(number)));
}

const MerkleTree& large_tree() {
  static const MerkleTree tree = [] {
    MerkleTree growing;
    for (std::uint64_t i = 0; i < largest_tree; ++i) growing.append(numbered_leaf(i));
    return growing;
  }();
  return tree;
}

/// The definition of RFC 6962 section 2.1, written down without any cleverness.
Digest defined_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves[0];
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(defined_root(leaves.first(split)), defined_root(leaves.subspan(split)));
}

/// Calls `check` with every proof that differs a little from `proof`: a flipped bit, one hash more, one hash less.
template <class Check>
void for_each_mutation(const std::vector<Digest>& proof, Check check) {
  for (std::size_t i = 0; i < proof.size(); ++i) {
    auto changed = proof;
    changed[i][i % 32] ^= 1;
    check(changed);
    auto shorter = proof;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    check(shorter);
  }
  for (std::size_t i = 0; i <= proof.size(); ++i) {
    auto longer = proof;
    longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(i), sha256({}));
    check(longer);
  }
}

}  // namespace

TEST_CASE("tree roots are those of the certificate-transparency reference") {
  const auto tree = ct_tree();
  for (std::size_t size = 0; size < ct_roots.size(); ++size) CHECK(to_hex(tree.root_at(size)) == ct_roots[size]);
  CHECK(tree.root() == digest(ct_roots.back()));
}

TEST_CASE("proofs are those of the certificate-transparency reference") {
  const auto tree = ct_tree();
  CHECK(tree.inclusion_proof(0, 8) ==
        std::vector{digest("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
                    digest("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                    digest("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")});
  CHECK(tree.inclusion_proof(5, 8) ==
        std::vector{digest("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                    digest("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                    digest("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")});
  CHECK(tree.consistency_proof(6, 8) ==
        std::vector{digest("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
                    digest("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                    digest("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")});
  CHECK(tree.consistency_proof(2, 5) ==
        std::vector{digest("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                    digest("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")});
}

TEST_CASE("the root follows the definition for every size") {
  std::vector<Digest> leaves;
  for (std::uint64_t i = 0; i < largest_tree; ++i) leaves.push_back(numbered_leaf(i));
  for (std::uint64_t n = 0; n <= largest_tree; ++n) {
    REQUIRE(large_tree().root_at(n) == defined_root(std::span(leaves).first(n)));
  }
}

TEST_CASE("every inclusion proof verifies and no changed one does") {
  const auto& tree = large_tree();
  for (std::uint64_t n = 1; n <= largest_tree; ++n) {
    const auto root = tree.root_at(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto proof = tree.inclusion_proof(i, n);
      REQUIRE(verify_inclusion(numbered_leaf(i), i, n, proof, root).has_value());
      REQUIRE_FALSE(verify_inclusion(numbered_leaf(i + 1), i, n, proof, root).has_value());
      REQUIRE_FALSE(verify_inclusion(numbered_leaf(i), i, n, proof, tree.root_at(n - 1)).has_value());
      REQUIRE_FALSE(verify_inclusion(numbered_leaf(i), n, n, proof, root).has_value());
      for (std::uint64_t other = 0; other < n; ++other) {
        if (other == i) continue;
        REQUIRE_FALSE(verify_inclusion(numbered_leaf(i), other, n, proof, root).has_value());
      }
      for_each_mutation(proof, [&](const std::vector<Digest>& changed) {
        REQUIRE_FALSE(verify_inclusion(numbered_leaf(i), i, n, changed, root).has_value());
      });
    }
  }
}

TEST_CASE("every consistency proof verifies and no changed one does") {
  const auto& tree = large_tree();
  for (std::uint64_t n = 0; n <= largest_tree; ++n) {
    for (std::uint64_t m = 0; m <= n; ++m) {
      const auto proof = tree.consistency_proof(m, n);
      const auto old_root = tree.root_at(m);
      const auto new_root = tree.root_at(n);
      REQUIRE(verify_consistency(m, n, proof, old_root, new_root).has_value());
      auto forged = old_root;
      forged[0] ^= 1;
      REQUIRE_FALSE(verify_consistency(m, n, proof, forged, new_root).has_value());
      if (m > 0) {
        auto forged_new = new_root;
        forged_new[31] ^= 1;
        REQUIRE_FALSE(verify_consistency(m, n, proof, old_root, forged_new).has_value());
      }
      for_each_mutation(proof, [&](const std::vector<Digest>& changed) {
        REQUIRE_FALSE(verify_consistency(m, n, changed, old_root, new_root).has_value());
      });
    }
  }
}

TEST_CASE("a tree never becomes smaller") {
  const auto& tree = large_tree();
  CHECK_FALSE(verify_consistency(9, 8, {}, tree.root_at(9), tree.root_at(8)).has_value());
}

TEST_CASE("leaves of a transaction that was rolled back are forgotten") {
  MerkleTree tree = large_tree();
  for (std::uint64_t size = largest_tree; size-- > 0;) {
    tree.truncate(size);
    REQUIRE(tree.size() == size);
    REQUIRE(tree.root() == large_tree().root_at(size));
  }
  for (std::uint64_t i = 0; i < largest_tree; ++i) tree.append(numbered_leaf(i));
  CHECK(tree.root() == large_tree().root());
}

TEST_CASE("asking beyond the tree is a broken invariant") {
  const auto& tree = large_tree();
  CHECK_THROWS_AS(tree.root_at(largest_tree + 1), std::out_of_range);
  CHECK_THROWS_AS(tree.inclusion_proof(3, 3), std::out_of_range);
  CHECK_THROWS_AS(tree.consistency_proof(4, 3), std::out_of_range);
}
