// Whether a ledger only grew: the tree of a checkpoint seen earlier is a prefix of the tree of a later one, shown from
// the later one's public tiles. Nothing in the tiles is believed: they make a consistency proof, which is verified.
// Pure but for `fetch`. Errors: damaged (rolled back or forked), malformed (a tile of a wrong size), and fetch's own.
#pragma once

#include <functional>

#include "consent/checkpoint.hpp"
#include "consent/tiles.hpp"

namespace unavoce::consent {

/// The bytes of a tile of hashes, from wherever they are. Each is asked for once.
using FetchTile = std::function<Result<crypto::Bytes>(const TilePath&)>;

/// The consistency proof (RFC 6962 section 2.1.2) between two sizes of the tree that the tiles show; old ≤ new. Errors:
/// malformed (a tile of a wrong size), and fetch's own.
Result<std::vector<crypto::Digest>> consistency_from_tiles(std::uint64_t old_size, std::uint64_t new_size,
                                                           const FetchTile& fetch);

/// Both checkpoints must have been opened with the ledger's key (open_checkpoint). A smaller tree than the one seen is
/// `damaged`: whoever publishes later than they show must be waited for before this is asked.
Result<void> verify_growth(const Checkpoint& seen, const Checkpoint& now, const FetchTile& fetch);

}  // namespace unavoce::consent
