#include "consent/ledger_store.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace unavoce::consent {
namespace {

using SQLite::Statement;

constexpr std::array<std::string_view, 3> kMigrations{R"sql(
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
)sql"};

constexpr const char* kEntryColumns = "SELECT idx, recording, sequence, kind, id, envelope, entry, r, received_ms ";

std::int64_t to_sql(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

void bind_text(Statement& statement, int position, std::string_view text) {
  statement.bind(position, std::string(text));
}

void bind_blob(Statement& statement, int position, crypto::ByteView bytes) {
  statement.bind(position, bytes.data(), static_cast<int>(bytes.size()));
}

std::string text_of(const SQLite::Column& column) {
  const auto* data = static_cast<const char*>(column.getBlob());
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(column.getBytes()));
}

std::vector<std::string> first_column(Statement& query) {
  std::vector<std::string> texts;
  while (query.executeStep()) texts.push_back(text_of(query.getColumn(0)));
  return texts;
}

crypto::Bytes bytes_of(const SQLite::Column& column) {
  const auto* data = static_cast<const std::uint8_t*>(column.getBlob());
  return data == nullptr ? crypto::Bytes() : crypto::Bytes(data, data + column.getBytes());
}

crypto::Digest digest_of(const SQLite::Column& column) {
  const crypto::Bytes bytes = bytes_of(column);
  crypto::Digest digest;
  if (bytes.size() != digest.size()) throw std::runtime_error("a hash in the ledger does not have 32 bytes");
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

Entry entry_of(Statement& row) {
  Entry entry;
  entry.index = static_cast<std::uint64_t>(row.getColumn(0).getInt64());
  entry.recording = text_of(row.getColumn(1));
  entry.sequence = static_cast<std::uint64_t>(row.getColumn(2).getInt64());
  entry.kind = text_of(row.getColumn(3));
  entry.id = StatementId(digest_of(row.getColumn(4)));
  entry.envelope = text_of(row.getColumn(5));
  entry.entry_json = text_of(row.getColumn(6));
  entry.r = digest_of(row.getColumn(7));
  entry.received.value = row.getColumn(8).getInt64();
  return entry;
}

WrappedRow wrapped_row_of(Statement& row) {
  return {bytes_of(row.getColumn(0)), static_cast<std::uint64_t>(row.getColumn(1).getInt64()),
          bytes_of(row.getColumn(2))};
}

}  // namespace

std::span<const std::string_view> LedgerStore::migrations() {
  return kMigrations;
}

void LedgerStore::for_each_leaf(const std::function<void(const LeafRow&)>& visit) {
  Statement query(db_, "SELECT idx, leaf_hash, commitment FROM ledger_leaves ORDER BY idx");
  while (query.executeStep()) {
    LeafRow leaf{static_cast<std::uint64_t>(query.getColumn(0).getInt64()), digest_of(query.getColumn(1)), {}};
    if (!query.isColumnNull(2)) leaf.commitment = digest_of(query.getColumn(2));
    visit(leaf);
  }
}

void LedgerStore::add_leaf(const LeafRow& leaf) {
  Statement insert(db_, "INSERT INTO ledger_leaves (idx, leaf_hash, commitment) VALUES (?, ?, ?)");
  insert.bind(1, to_sql(leaf.index));
  bind_blob(insert, 2, leaf.hash);
  if (leaf.commitment) bind_blob(insert, 3, *leaf.commitment);
  insert.exec();
}

void LedgerStore::add_commitment(std::uint64_t index, const crypto::Digest& commitment) {
  Statement update(db_, "UPDATE ledger_leaves SET commitment = ? WHERE idx = ?");
  bind_blob(update, 1, commitment);
  update.bind(2, to_sql(index));
  update.exec();
}

std::vector<crypto::Digest> LedgerStore::commitments(std::uint64_t begin, std::uint64_t end) {
  Statement query(db_,
                  "SELECT commitment FROM ledger_leaves WHERE idx >= ? AND idx < ? AND commitment IS NOT NULL "
                  "ORDER BY idx");
  query.bind(1, to_sql(begin));
  query.bind(2, to_sql(end));
  std::vector<crypto::Digest> found;
  while (query.executeStep()) found.push_back(digest_of(query.getColumn(0)));
  return found;
}

void LedgerStore::for_each_entry(const std::function<void(const Entry&)>& visit) {
  Statement query(db_, std::string(kEntryColumns) + "FROM ledger_entries ORDER BY idx");
  while (query.executeStep()) visit(entry_of(query));
}

void LedgerStore::add_entry(const Entry& entry) {
  Statement insert(db_,
                   "INSERT INTO ledger_entries (idx, recording, sequence, kind, id, envelope, entry, r, received_ms) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, to_sql(entry.index));
  bind_text(insert, 2, entry.recording);
  insert.bind(3, to_sql(entry.sequence));
  bind_text(insert, 4, entry.kind);
  bind_blob(insert, 5, entry.id.bytes());
  bind_blob(insert, 6, crypto::as_bytes(entry.envelope));
  bind_blob(insert, 7, crypto::as_bytes(entry.entry_json));
  bind_blob(insert, 8, entry.r);
  insert.bind(9, entry.received.value);
  insert.exec();
}

std::vector<Entry> LedgerStore::entries(std::string_view recording) {
  Statement query(db_, std::string(kEntryColumns) + "FROM ledger_entries WHERE recording = ? ORDER BY sequence");
  bind_text(query, 1, recording);
  std::vector<Entry> entries;
  while (query.executeStep()) entries.push_back(entry_of(query));
  return entries;
}

std::optional<Entry> LedgerStore::find(const StatementId& id) {
  Statement query(db_, std::string(kEntryColumns) + "FROM ledger_entries WHERE id = ?");
  bind_blob(query, 1, id.bytes());
  if (!query.executeStep()) return std::nullopt;
  return entry_of(query);
}

std::optional<Entry> LedgerStore::last_entry(std::string_view recording) {
  Statement query(
      db_, std::string(kEntryColumns) + "FROM ledger_entries WHERE recording = ? ORDER BY sequence DESC LIMIT 1");
  bind_text(query, 1, recording);
  if (!query.executeStep()) return std::nullopt;
  return entry_of(query);
}

void LedgerStore::add_recording(std::string_view recording, std::string_view room) {
  Statement insert(db_, "INSERT OR IGNORE INTO ledger_recordings (recording, room) VALUES (?, ?)");
  bind_text(insert, 1, recording);
  bind_text(insert, 2, room);
  insert.exec();
}

std::vector<std::string> LedgerStore::recordings(std::string_view room) {
  Statement query(db_,
                  "SELECT r.recording FROM ledger_recordings r JOIN ledger_entries e ON e.recording = r.recording AND "
                  "e.sequence = 0 WHERE r.room = ? ORDER BY e.idx");
  bind_text(query, 1, room);
  return first_column(query);
}

std::vector<std::string> LedgerStore::all_recordings() {
  Statement query(db_,
                  "SELECT r.recording FROM ledger_recordings r JOIN ledger_entries e ON e.recording = r.recording AND "
                  "e.sequence = 0 ORDER BY e.idx");
  return first_column(query);
}

bool LedgerStore::was_erased(std::string_view recording) {
  Statement query(db_, "SELECT 1 FROM ledger_erased WHERE recording = ?");
  bind_text(query, 1, recording);
  return query.executeStep();
}

void LedgerStore::begin_erasure(std::string_view recording, std::string_view reason) {
  Statement note(db_,
                 "INSERT OR IGNORE INTO ledger_erasing (recording, reason) "
                 "SELECT recording, ? FROM ledger_recordings WHERE recording = ?");
  bind_text(note, 1, reason);
  bind_text(note, 2, recording);
  note.exec();
}

std::optional<std::string> LedgerStore::erasure_begun(std::string_view recording) {
  Statement query(db_, "SELECT reason FROM ledger_erasing WHERE recording = ?");
  bind_text(query, 1, recording);
  if (!query.executeStep()) return std::nullopt;
  return query.getColumn(0).getString();
}

std::vector<std::string> LedgerStore::erasures_begun() {
  if (!db_.tableExists("ledger_erasing")) return {};
  Statement query(db_, "SELECT recording FROM ledger_erasing ORDER BY recording");
  return first_column(query);
}

void LedgerStore::erase_recording(std::string_view recording, std::optional<std::uint64_t> kept) {
  for (const char* table : {"ledger_wrapped", "ledger_consent_keys", "ledger_recordings", "ledger_erasing"}) {
    Statement erase(db_, "DELETE FROM " + std::string(table) + " WHERE recording = ?");
    bind_text(erase, 1, recording);
    erase.exec();
  }
  Statement entries(db_, "DELETE FROM ledger_entries WHERE recording = ? AND idx IS NOT ?");
  bind_text(entries, 1, recording);
  if (kept) entries.bind(2, to_sql(*kept));  // otherwise NULL, which no index is
  entries.exec();
  Statement remember(db_, "INSERT OR IGNORE INTO ledger_erased (recording) VALUES (?)");
  bind_text(remember, 1, recording);
  remember.exec();
}

void LedgerStore::put_challenge(std::string_view challenge, TimeMs expires) {
  Statement insert(db_, "INSERT INTO ledger_challenges (challenge, expires_ms) VALUES (?, ?)");
  bind_text(insert, 1, challenge);
  insert.bind(2, expires.value);
  insert.exec();
}

void LedgerStore::forget_challenges(TimeMs expired_before) {
  Statement erase(db_, "DELETE FROM ledger_challenges WHERE expires_ms < ?");
  erase.bind(1, expired_before.value);
  erase.exec();
}

std::optional<TimeMs> LedgerStore::challenge_expiry(std::string_view challenge) {
  Statement query(db_, "SELECT expires_ms FROM ledger_challenges WHERE challenge = ?");
  bind_text(query, 1, challenge);
  if (!query.executeStep()) return std::nullopt;
  return TimeMs{query.getColumn(0).getInt64()};
}

void LedgerStore::delete_challenge(std::string_view challenge) {
  Statement erase(db_, "DELETE FROM ledger_challenges WHERE challenge = ?");
  bind_text(erase, 1, challenge);
  erase.exec();
}

bool LedgerStore::consent_key_seen(const std::optional<std::string>& recipient,
                                   const std::optional<crypto::Digest>& wrapped) {
  Statement query(db_, "SELECT 1 FROM ledger_consent_keys WHERE recipient = ? OR wrapped_sha256 = ?");
  if (recipient) bind_text(query, 1, *recipient);  // otherwise NULL, which equals nothing
  if (wrapped) bind_blob(query, 2, *wrapped);
  return query.executeStep();
}

void LedgerStore::add_consent_key(const StatementId& approval, std::string_view recording,
                                  const std::optional<std::string>& recipient,
                                  const std::optional<crypto::Digest>& wrapped) {
  Statement insert(
      db_, "INSERT INTO ledger_consent_keys (approval, recording, recipient, wrapped_sha256) VALUES (?, ?, ?, ?)");
  bind_blob(insert, 1, approval.bytes());
  bind_text(insert, 2, recording);
  if (recipient) bind_text(insert, 3, *recipient);
  if (wrapped) bind_blob(insert, 4, *wrapped);
  insert.exec();
}

void LedgerStore::add_wrapped(const StatementId& approval, std::string_view recording, std::uint64_t slot,
                              const crypto::Bytes& sealed) {
  Statement insert(db_, "INSERT INTO ledger_wrapped (approval, recording, slot, sealed) VALUES (?, ?, ?, ?)");
  bind_blob(insert, 1, approval.bytes());
  bind_text(insert, 2, recording);
  insert.bind(3, to_sql(slot));
  bind_blob(insert, 4, sealed);
  insert.exec();
}

std::optional<WrappedRow> LedgerStore::wrapped(const StatementId& approval) {
  Statement query(db_, "SELECT approval, slot, sealed FROM ledger_wrapped WHERE approval = ?");
  bind_blob(query, 1, approval.bytes());
  if (!query.executeStep()) return std::nullopt;
  return wrapped_row_of(query);
}

std::vector<WrappedRow> LedgerStore::wrapped_of(std::string_view recording) {
  Statement query(db_, "SELECT approval, slot, sealed FROM ledger_wrapped WHERE recording = ? ORDER BY slot");
  bind_text(query, 1, recording);
  std::vector<WrappedRow> rows;
  while (query.executeStep()) rows.push_back(wrapped_row_of(query));
  return rows;
}

std::uint64_t LedgerStore::slots_taken() {
  Statement query(db_, "SELECT coalesce(max(slot) + 1, 0) FROM ledger_wrapped");
  query.executeStep();
  return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
}

void LedgerStore::delete_wrapped(const StatementId& approval) {
  Statement erase(db_, "DELETE FROM ledger_wrapped WHERE approval = ?");
  bind_blob(erase, 1, approval.bytes());
  erase.exec();
}

std::optional<std::string> LedgerStore::checkpoint() {
  Statement query(db_, "SELECT note FROM ledger_checkpoint");
  if (!query.executeStep()) return std::nullopt;
  return text_of(query.getColumn(0));
}

void LedgerStore::put_checkpoint(std::string_view signed_checkpoint) {
  Statement write(db_,
                  "INSERT INTO ledger_checkpoint (one, note) VALUES (1, ?) "
                  "ON CONFLICT (one) DO UPDATE SET note = excluded.note");
  bind_text(write, 1, signed_checkpoint);
  write.exec();
}

}  // namespace unavoce::consent
