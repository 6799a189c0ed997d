// The ledger's tables and how they came to be: a database of any earlier version gets the steps that it lacks.
#include <array>

#include "consent/ledger_store.hpp"

namespace unavoce::consent {
namespace {

constexpr std::array<std::string_view, 4> kMigrations{R"sql(
-- Leaf hashes, for ever. The only table that erasing never touches.
CREATE TABLE ledger_leaves (
  idx INTEGER PRIMARY KEY,
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32)
) STRICT;

-- Entries with envelope and opening; rows may be erased.
CREATE TABLE ledger_entries (
  idx INTEGER PRIMARY KEY REFERENCES ledger_leaves (idx),
  recording TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  envelope BLOB NOT NULL,
  entry BLOB NOT NULL,
  r BLOB NOT NULL CHECK (length(r) = 32),
  received_ms INTEGER NOT NULL,
  UNIQUE (recording, sequence)
) STRICT;

CREATE TABLE ledger_recordings (
  recording TEXT PRIMARY KEY,
  room TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_recordings_by_room ON ledger_recordings (room);

-- Recordings that are gone; nothing may be appended to them again.
CREATE TABLE ledger_erased (
  recording TEXT PRIMARY KEY
) STRICT;

CREATE TABLE ledger_challenges (
  challenge TEXT PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT;

-- E and SHA-256(W) of every approval: neither may ever come again.
CREATE TABLE ledger_consent_keys (
  approval BLOB PRIMARY KEY,
  recording TEXT NOT NULL,
  recipient TEXT UNIQUE,
  wrapped_sha256 BLOB UNIQUE
) STRICT;

-- W, sealed under the key in its erasure slot.
CREATE TABLE ledger_wrapped (
  approval BLOB PRIMARY KEY,
  recording TEXT NOT NULL,
  slot INTEGER NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE ledger_checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  note TEXT NOT NULL
) STRICT;
)sql",
                                                      R"sql(
-- The leaf's data, for the public entry bundles. Outlives its entry as the leaf does: without r it is noise.
ALTER TABLE ledger_leaves ADD COLUMN commitment BLOB CHECK (commitment IS NULL OR length(commitment) = 32);
)sql",
                                                      R"sql(
-- Recordings that somebody wants gone as a whole, from before their first key goes until their statements are gone.
CREATE TABLE ledger_erasing (
  recording TEXT PRIMARY KEY,
  reason TEXT NOT NULL
) STRICT;
)sql",
                                                      R"sql(
-- What is counted before each approval, and swept with each new challenge: neither may read more than it finds.
CREATE INDEX ledger_entries_by_kind ON ledger_entries (recording, kind, received_ms);
CREATE INDEX ledger_challenges_by_expiry ON ledger_challenges (expires_ms);
)sql"};

}  // namespace

std::span<const std::string_view> LedgerStore::migrations() {
  return kMigrations;
}

}  // namespace unavoce::consent
