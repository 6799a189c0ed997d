#include "consent/ledger_growth.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "crypto/merkle.hpp"

namespace unavoce::consent {
namespace {

using crypto::Digest;

/// Roots of subtrees of the tree of `size` leaves, from its tiles.
class TiledTree {
 public:
  TiledTree(std::uint64_t size, const FetchTile& fetch) : size_(size), fetch_(fetch) {}

  Result<Digest> subtree_root(crypto::LeafRange range) {
    const std::uint64_t count = range.end - range.begin;
    if (std::has_single_bit(count)) return complete(static_cast<unsigned>(std::countr_zero(count)), range.begin);
    const std::uint64_t split = range.begin + std::bit_floor(count - 1);
    BOOST_OUTCOME_TRY(const auto left, subtree_root({range.begin, split}));
    BOOST_OUTCOME_TRY(const auto right, subtree_root({split, range.end}));
    return crypto::node_hash(left, right);
  }

 private:
  /// The root over 2^height leaves from `begin` on: a few neighbours in one tile, hashed up.
  Result<Digest> complete(unsigned height, std::uint64_t begin) {
    const unsigned level = height / kTileHeight;
    const std::uint64_t first = begin >> (level * kTileHeight);
    BOOST_OUTCOME_TRY(const auto* tile, tile_of(level, first / kTileWidth));
    const auto from = tile->begin() + static_cast<std::ptrdiff_t>(first % kTileWidth);
    std::vector<Digest> hashes(from, from + (std::ptrdiff_t{1} << (height % kTileHeight)));
    for (; hashes.size() > 1; hashes.resize(hashes.size() / 2)) {
      for (std::size_t i = 0; i < hashes.size() / 2; ++i) {
        hashes[i] = crypto::node_hash(hashes[2 * i], hashes[2 * i + 1]);
      }
    }
    return hashes.front();
  }

  Result<const std::vector<Digest>*> tile_of(unsigned level, std::uint64_t index) {
    const auto key = std::pair(level, index);
    if (const auto known = tiles_.find(key); known != tiles_.end()) return &known->second;
    const TilePath path{TilePath::Kind::hashes, level, index, tile_width(size_, level, index)};
    BOOST_OUTCOME_TRY(const auto bytes, fetch_(path));
    std::vector<Digest> hashes(path.width);
    if (bytes.size() != hashes.size() * sizeof(Digest)) {
      return Error{Errc::malformed, "ledger: tile " + format_tile_path(path) + " has " + std::to_string(bytes.size()) +
                                        " bytes instead of " + std::to_string(hashes.size() * sizeof(Digest))};
    }
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Digest)), sizeof(Digest), hashes[i].begin());
    }
    return &tiles_.emplace(key, std::move(hashes)).first->second;
  }

  std::uint64_t size_;
  const FetchTile& fetch_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Digest>> tiles_;
};

std::string entries_of(const Checkpoint& checkpoint) {
  return std::to_string(checkpoint.size) + (checkpoint.size == 1 ? " entry" : " entries");
}

}  // namespace

Result<std::vector<Digest>> consistency_from_tiles(std::uint64_t old_size, std::uint64_t new_size,
                                                   const FetchTile& fetch) {
  TiledTree tree(new_size, fetch);
  std::vector<Digest> proof;
  for (const crypto::LeafRange& range : crypto::consistency_ranges(old_size, new_size)) {
    BOOST_OUTCOME_TRY(const auto root, tree.subtree_root(range));
    proof.push_back(root);
  }
  return proof;
}

Result<void> verify_growth(const Checkpoint& seen, const Checkpoint& now, const FetchTile& fetch) {
  if (seen.origin != now.origin) {
    return Error{Errc::damaged, "ledger: this is \"" + now.origin + "\", but the checkpoint seen earlier is of \"" +
                                    seen.origin + "\": the service has started another ledger"};
  }
  if (now.size < seen.size) {
    return Error{Errc::damaged, "ledger: it was rolled back: it shows " + entries_of(now) +
                                    " now, and a checkpoint seen earlier covers " + entries_of(seen)};
  }
  BOOST_OUTCOME_TRY(const auto proof, consistency_from_tiles(seen.size, now.size, fetch));
  const auto verified = crypto::verify_consistency(seen.size, now.size, proof, seen.root, now.root);
  if (verified) return boost::outcome_v2::success();
  return Error{Errc::damaged,
               "ledger: it was forked: its " + entries_of(now) + " do not begin with the " + entries_of(seen) +
                   " that a checkpoint seen earlier covers (" + verified.error().text +
                   "). Keep both checkpoints, each signed by this ledger: together they are the evidence"};
}

}  // namespace unavoce::consent
