#include "consent/ledger_store.hpp"

#include <algorithm>
#include <stdexcept>

namespace unavoce::consent {
namespace {

using SQLite::Statement;

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

std::vector<Entry> LedgerStore::entries(std::string_view recording, std::span<const std::string_view> kinds) {
  std::string sql = std::string(kEntryColumns) + "FROM ledger_entries WHERE recording = ? AND kind IN (NULL";
  for (std::size_t i = 0; i < kinds.size(); ++i) sql += ", ?";
  Statement query(db_, sql + ") ORDER BY sequence");
  bind_text(query, 1, recording);
  for (std::size_t i = 0; i < kinds.size(); ++i) bind_text(query, static_cast<int>(i) + 2, kinds[i]);
  std::vector<Entry> entries;
  while (query.executeStep()) entries.push_back(entry_of(query));
  return entries;
}

std::optional<std::string> LedgerStore::first_kind(std::string_view recording) {
  Statement query(db_, "SELECT kind FROM ledger_entries WHERE recording = ? ORDER BY sequence LIMIT 1");
  bind_text(query, 1, recording);
  if (!query.executeStep()) return std::nullopt;
  return text_of(query.getColumn(0));
}

std::uint64_t LedgerStore::count(std::string_view recording, std::string_view kind, TimeMs from, TimeMs to) {
  Statement query(
      db_, "SELECT count(*) FROM ledger_entries WHERE recording = ? AND kind = ? AND received_ms BETWEEN ? AND ?");
  bind_text(query, 1, recording);
  bind_text(query, 2, kind);
  query.bind(3, from.value);
  query.bind(4, to.value);
  query.executeStep();
  return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
}

std::uint64_t LedgerStore::size_bytes(std::string_view recording) {
  // The length of a blob stands in front of its row; a proof is some forty hashes and a checkpoint.
  Statement query(db_,
                  "SELECT (SELECT coalesce(sum(length(envelope) + length(entry) + 2048), 0) FROM ledger_entries "
                  "WHERE recording = ?1) + (SELECT coalesce(sum(length(sealed)), 0) FROM ledger_wrapped WHERE approval "
                  "IN (SELECT id FROM ledger_entries WHERE recording = ?1 AND kind = 'approval'))");
  bind_text(query, 1, recording);
  query.executeStep();
  return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
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

std::uint64_t LedgerStore::recording_count(std::string_view room) {
  Statement query(db_, "SELECT count(*) FROM ledger_recordings WHERE room = ?");
  bind_text(query, 1, room);
  query.executeStep();
  return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
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
