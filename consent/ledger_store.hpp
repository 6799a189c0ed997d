// The ledger's tables. Private to the ledger: rows in, rows out, no rule and no transaction of its own.
// Owner: Ledger. Thread: the ledger worker. Errors: SQLite::Exception, which Ledger turns into Errc::storage.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/ledger.hpp"

namespace unavoce::consent {

/// A sealed W and the slot that holds its key.
struct WrappedRow {
  crypto::Bytes approval;
  std::uint64_t slot = 0;
  crypto::Bytes sealed;
};

/// A leaf. Leaves of a database from before the commitments were kept may lack theirs.
struct LeafRow {
  std::uint64_t index = 0;
  crypto::Digest hash{};
  std::optional<crypto::Digest> commitment;
};

class LedgerStore {
 public:
  static std::span<const std::string_view> migrations();

  explicit LedgerStore(SQLite::Database& database) : db_(database) {}

  SQLite::Database& database() { return db_; }

  void for_each_leaf(const std::function<void(const LeafRow&)>& visit);
  void add_leaf(const LeafRow& leaf);
  /// For leaves that lack it.
  void add_commitment(std::uint64_t index, const crypto::Digest& commitment);
  /// Of leaves [begin, end), as far as they are known, in their order.
  std::vector<crypto::Digest> commitments(std::uint64_t begin, std::uint64_t end);

  void for_each_entry(const std::function<void(const Entry&)>& visit);
  void add_entry(const Entry& entry);
  std::vector<Entry> entries(std::string_view recording);
  std::vector<Entry> entries(std::string_view recording, std::span<const std::string_view> kinds);
  std::optional<std::string> first_kind(std::string_view recording);
  std::uint64_t count(std::string_view recording, std::string_view kind, TimeMs from, TimeMs to);
  std::uint64_t size_bytes(std::string_view recording);
  std::optional<Entry> find(const StatementId& id);
  std::optional<Entry> last_entry(std::string_view recording);

  void add_recording(std::string_view recording, std::string_view room);
  std::vector<std::string> recordings(std::string_view room);
  std::vector<std::string> all_recordings();
  std::uint64_t recording_count(std::string_view room);
  bool was_erased(std::string_view recording);
  /// Nothing happens if no such recording was asked for, or its erasure has begun.
  void begin_erasure(std::string_view recording, std::string_view reason);
  std::optional<std::string> erasure_begun(std::string_view recording);
  /// Of all recordings; none in a ledger that an older version left.
  std::vector<std::string> erasures_begun();
  /// Deletes everything of a recording but its leaves and the entry with index `kept`; remembers that it was erased.
  void erase_recording(std::string_view recording, std::optional<std::uint64_t> kept = std::nullopt);

  void put_challenge(std::string_view challenge, TimeMs expires);
  void forget_challenges(TimeMs expired_before);
  std::optional<TimeMs> challenge_expiry(std::string_view challenge);
  void delete_challenge(std::string_view challenge);

  bool consent_key_seen(const std::optional<std::string>& recipient, const std::optional<crypto::Digest>& wrapped);
  void add_consent_key(const StatementId& approval, std::string_view recording,
                       const std::optional<std::string>& recipient, const std::optional<crypto::Digest>& wrapped);

  void add_wrapped(const StatementId& approval, std::string_view recording, std::uint64_t slot,
                   const crypto::Bytes& sealed);
  std::optional<WrappedRow> wrapped(const StatementId& approval);
  /// The lowest slot first.
  std::vector<WrappedRow> wrapped_of(std::string_view recording);
  void delete_wrapped(const StatementId& approval);
  /// One more than the highest slot that a row names.
  std::uint64_t slots_taken();

  std::optional<std::string> checkpoint();
  void put_checkpoint(std::string_view signed_checkpoint);

 private:
  SQLite::Database& db_;
};

}  // namespace unavoce::consent
