// The tree as C2SP tlog-tiles shows it to the public (c2sp.org/tlog-tiles): addresses of tiles and what is in them.
// A tile of level L holds up to 256 roots of complete subtrees over 256^L leaves; an entry bundle up to 256 leaves'
// data, for our ledger the commitments. Owner: values. Thread: any. Errors: malformed for an address; what lies beyond
// the tree throws std::out_of_range (ask is_within first).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "consent/error.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/merkle.hpp"

namespace unavoce::consent {

inline constexpr unsigned kTileHeight = 8;
inline constexpr unsigned kTileWidth = 1U << kTileHeight;

/// Which tile. `width` is what the address asks for: 256 without `.p/<W>`.
struct TilePath {
  enum class Kind : std::uint8_t { hashes, entries };
  Kind kind = Kind::hashes;
  unsigned level = 0;  ///< 0 for entries
  std::uint64_t index = 0;
  unsigned width = kTileWidth;

  bool operator==(const TilePath&) const = default;
};

/// Reads what follows `tile/`: `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`. Each tile has exactly one spelling.
Result<TilePath> parse_tile_path(std::string_view text);
std::string format_tile_path(const TilePath& path);

/// How many hashes tile `index` of `level` has in a tree of `tree_size` leaves: 0 to 256.
unsigned tile_width(std::uint64_t tree_size, unsigned level, std::uint64_t index);

/// Whether a tree of `tree_size` leaves has all that the address asks for. Narrower tiles than the tree's own are
/// older states of it, whose checkpoints are out there.
bool is_within(const TilePath& path, std::uint64_t tree_size);

/// The hashes of a tile, one after the other.
crypto::Bytes hash_tile(const crypto::MerkleTree& tree, const TilePath& path);

/// Entries, each after its length as two bytes, big-endian.
crypto::Bytes entry_bundle(std::span<const crypto::Digest> commitments);

}  // namespace unavoce::consent
