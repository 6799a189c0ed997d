#include "crypto/merkle.hpp"

#include <array>
#include <bit>
#include <stdexcept>

namespace unavoce::crypto {

namespace {

constexpr std::uint8_t leaf_prefix = 0x00;
constexpr std::uint8_t node_prefix = 0x01;

void require(bool within_tree) {
  if (!within_tree) throw std::out_of_range("Merkle tree: the tree is not that large");
}

Error damaged(const char* what) {
  return Error{Errc::damaged, what};
}

}  // namespace

Digest leaf_hash(ByteView leaf_data) {
  Sha256 hash;
  hash.update({&leaf_prefix, 1});
  hash.update(leaf_data);
  return hash.finish();
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> bytes;
  bytes[0] = node_prefix;
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 33);
  return sha256(bytes);
}

void MerkleTree::append(const Digest& leaf) {
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_back(leaf);
  for (std::size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
    if (levels_.size() == level + 1) levels_.emplace_back();
    const auto& below = levels_[level];
    levels_[level + 1].push_back(node_hash(below[below.size() - 2], below.back()));
  }
}

void MerkleTree::truncate(std::uint64_t size) {
  require(size <= this->size());
  for (std::size_t level = 0; level < levels_.size(); ++level) levels_[level].resize(size >> level);
  while (!levels_.empty() && levels_.back().empty()) levels_.pop_back();
}

Digest MerkleTree::subtree_root(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t count = end - begin;
  if (std::has_single_bit(count)) {
    // Recursion splits off powers of two from the left, so every complete subtree is aligned and stored.
    const auto level = static_cast<std::size_t>(std::countr_zero(count));
    return levels_[level][begin >> level];
  }
  const std::uint64_t split = begin + std::bit_floor(count - 1);
  return node_hash(subtree_root(begin, split), subtree_root(split, end));
}

Digest MerkleTree::root_at(std::uint64_t tree_size) const {
  require(tree_size <= size());
  return tree_size == 0 ? sha256({}) : subtree_root(0, tree_size);
}

std::vector<Digest> MerkleTree::inclusion_proof(std::uint64_t index, std::uint64_t tree_size) const {
  require(index < tree_size && tree_size <= size());
  // RFC 6962 builds PATH from the leaf upwards; walking down collects it in reverse.
  std::vector<Digest> proof;
  for (std::uint64_t begin = 0, end = tree_size; end - begin > 1;) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (index < split) {
      proof.push_back(subtree_root(split, end));
      end = split;
    } else {
      proof.push_back(subtree_root(begin, split));
      begin = split;
    }
  }
  return {proof.rbegin(), proof.rend()};
}

std::vector<Digest> MerkleTree::consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const {
  require(old_size <= new_size && new_size <= size());
  std::vector<Digest> proof;
  for (const LeafRange& range : consistency_ranges(old_size, new_size)) {
    proof.push_back(subtree_root(range.begin, range.end));
  }
  return proof;
}

const Digest& MerkleTree::complete_subtree(unsigned height, std::uint64_t index) const {
  require(height < levels_.size() && index < levels_[height].size());
  return levels_[height][index];
}

std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, std::uint64_t new_size) {
  require(old_size <= new_size);
  if (old_size == 0 || old_size == new_size) return {};
  // SUBPROOF of RFC 6962 section 2.1.2, walking down to where the old tree ends, in reverse.
  std::vector<LeafRange> ranges;
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (end != old_size) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (old_size <= split) {
      ranges.push_back({split, end});
      end = split;
    } else {
      ranges.push_back({begin, split});
      begin = split;
    }
  }
  // The last subtree is known to the verifier only if it is the whole old tree.
  if (begin != 0) ranges.push_back({begin, end});
  return {ranges.rbegin(), ranges.rend()};
}

Result<void> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                              std::span<const Digest> proof, const Digest& root) {
  if (index >= tree_size) return damaged("inclusion proof: the index lies beyond the tree");
  std::uint64_t node = index;
  std::uint64_t last = tree_size - 1;
  Digest hash = leaf;
  for (const auto& sibling : proof) {
    if (last == 0) return damaged("inclusion proof: it is too long for this tree");
    if (node % 2 == 1 || node == last) {
      hash = node_hash(sibling, hash);
      // At the right edge, skip the levels where this node has no sibling.
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return damaged("inclusion proof: it is too short for this tree");
  if (hash != root) return damaged("inclusion proof: it does not lead to the root");
  return boost::outcome_v2::success();
}

Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, std::span<const Digest> proof,
                                const Digest& old_root, const Digest& new_root) {
  if (old_size > new_size) return damaged("consistency proof: the tree has become smaller");
  if (old_size == new_size || old_size == 0) {
    if (!proof.empty()) return damaged("consistency proof: it must be empty for these sizes");
    if (old_root != (old_size == new_size ? new_root : sha256({}))) {
      return damaged("consistency proof: the roots do not fit");
    }
    return boost::outcome_v2::success();
  }
  if (proof.empty()) return damaged("consistency proof: it is too short for these trees");
  std::uint64_t node = old_size - 1;
  std::uint64_t last = new_size - 1;
  while (node % 2 == 1) {
    node >>= 1;
    last >>= 1;
  }
  // A complete old tree is a subtree of the new one, and the proof leaves its root out.
  const bool old_is_complete = std::has_single_bit(old_size);
  Digest old_hash = old_is_complete ? old_root : proof.front();
  Digest new_hash = old_hash;
  for (const auto& sibling : proof.subspan(old_is_complete ? 0 : 1)) {
    if (last == 0) return damaged("consistency proof: it is too long for these trees");
    if (node % 2 == 1 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return damaged("consistency proof: it is too short for these trees");
  if (old_hash != old_root) return damaged("consistency proof: it does not lead to the old root");
  if (new_hash != new_root) return damaged("consistency proof: it does not lead to the new root");
  return boost::outcome_v2::success();
}

}  // namespace unavoce::crypto
