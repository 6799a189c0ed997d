// A ledger's public side as files: what GET /ledger/… would answer, for judges that are not ours.
#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>

#include "consent/ledger.hpp"
#include "tests/synthetic/meeting.hpp"

namespace unavoce::testing {

inline void put(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// checkpoint and tile/… of the tree as it is now.
inline void publish(const consent::Ledger& ledger, const std::filesystem::path& folder) {
  using Kind = consent::TilePath::Kind;
  put(folder / "checkpoint", ledger.signed_checkpoint());
  const auto put_tiles = [&](Kind kind, unsigned level) {
    consent::TilePath path{kind, level, 0, 0};
    while ((path.width = consent::tile_width(ledger.checkpoint().size, level, path.index)) > 0) {
      put(folder / "tile" / consent::format_tile_path(path), crypto::as_text(must(ledger.tile(path))));
      ++path.index;
    }
  };
  for (unsigned level = 0; level < 3; ++level) put_tiles(Kind::hashes, level);
  put_tiles(Kind::entries, 0);
}

/// A ledger in a folder, signed with a key that is the same every time.
struct SignedLedger {
  explicit SignedLedger(const std::filesystem::path& folder)
      : slots(must(storage::ErasureSlots::open(folder / "slots"))),
        ledger(must(consent::Ledger::open(must(storage::Database::open(folder / "ledger.db")), slots, signer()))) {}

  static crypto::NoteSigner signer() {
    const crypto::Digest seed = crypto::sha256(crypto::as_bytes("a ledger for tests"));
    return must(crypto::NoteSigner::create("example.org/unavoce/test", must(crypto::SigningKey::from_seed(seed))));
  }

  /// Appends until there are `size` entries, all of one recording, with texts that tell one history from another.
  void grow(std::uint64_t size, std::string_view history, const std::string& recording = std::string(32, 'b')) {
    std::vector<consent::NewEntry> fresh;
    for (std::uint64_t i = ledger.checkpoint().size; i < size; ++i) {
      consent::NewEntry& entry = fresh.emplace_back();
      entry.recording = recording;
      entry.kind = "take";
      entry.envelope = std::string(history) + " " + std::to_string(i);
      entry.id = consent::StatementId(crypto::sha256(crypto::as_bytes(entry.envelope)));
    }
    must(ledger.append(fresh, consent::TimeMs{1'700'000'000'000}));
  }

  storage::ErasureSlots slots;
  consent::Ledger ledger;
};

}  // namespace unavoce::testing
