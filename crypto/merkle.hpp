// The Merkle tree of RFC 6962 (SHA-256) with its proofs, and their verification as in RFC 9162 section 2.1.
//
// Owner: MerkleTree owns hashes only (about 64 bytes of RAM per leaf); where leaves come from is the caller's affair.
// Thread: one at a time. Errors: verification gives Errc::damaged; asking beyond the tree throws std::out_of_range.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"

namespace unavoce::crypto {

/// SHA-256(0x00 ‖ leaf data).
Digest leaf_hash(ByteView leaf_data);
/// SHA-256(0x01 ‖ left ‖ right).
Digest node_hash(const Digest& left, const Digest& right);

/// An append-only tree. append() costs O(1) on average, a root or a proof O(log n).
class MerkleTree {
 public:
  /// Adds a leaf by its leaf_hash(); its index is the size before the call.
  void append(const Digest& leaf);
  /// Forgets all leaves from `size` on; for a transaction that was rolled back, never for leaves that were published.
  void truncate(std::uint64_t size);

  std::uint64_t size() const noexcept { return levels_.empty() ? 0 : levels_.front().size(); }
  /// The root of everything; of the empty tree: SHA-256 of nothing.
  Digest root() const { return root_at(size()); }
  /// The root when the tree had `tree_size` leaves.
  Digest root_at(std::uint64_t tree_size) const;
  /// The root over leaves [index·2^height, (index+1)·2^height), all of which must be there.
  const Digest& complete_subtree(unsigned height, std::uint64_t index) const;
  /// Proves that leaf `index` is in the tree of `tree_size` leaves (RFC 6962 section 2.1.1); index < tree_size.
  std::vector<Digest> inclusion_proof(std::uint64_t index, std::uint64_t tree_size) const;
  /// Proves that the tree of `old_size` is a prefix of the one of `new_size` (RFC 6962 section 2.1.2); old ≤ new.
  std::vector<Digest> consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const;

 private:
  Digest subtree_root(std::uint64_t begin, std::uint64_t end) const;

  /// levels_[k][i] is the root of the complete subtree over leaves [i·2^k, (i+1)·2^k).
  std::vector<std::vector<Digest>> levels_;
};

/// Leaves [begin, end) below one node of a tree.
struct LeafRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const LeafRange&) const = default;
};

/// Whose roots make up the consistency proof, in its order: for those who have the hashes from elsewhere. old ≤ new.
std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, std::uint64_t new_size);

/// RFC 9162 section 2.1.3.2: `proof` leads from `leaf` (a leaf_hash) at `index` to `root` of `tree_size` leaves.
Result<void> verify_inclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                              std::span<const Digest> proof, const Digest& root);

/// RFC 9162 section 2.1.4.2: the tree with `old_root` is a prefix of the tree with `new_root`. Every tree continues the
/// empty one; that needs an empty proof.
Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, std::span<const Digest> proof,
                                const Digest& old_root, const Digest& new_root);

}  // namespace unavoce::crypto
