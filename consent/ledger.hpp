// The ledger: every statement of every recording, in an append-only, verifiable log (DESIGN section 6).
// Contract of append: a durable index and a signed checkpoint that covers it, or an error; never in between.
// Owner: the server, exactly one per log origin. Thread: the one ledger worker; every call blocks (SQLite, fsync).
// Errors: storage (the disk said no; nothing was appended), replayed, conflict, expired, not_permitted,
// ledger_falsified, damaged.
// Time is passed in. The wrapped consent keys W live here too, each under a key of its own in an erasure slot.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/checkpoint.hpp"
#include "consent/error.hpp"
#include "consent/ids.hpp"
#include "consent/statements.hpp"
#include "consent/tiles.hpp"
#include "crypto/bytes.hpp"
#include "crypto/hash.hpp"
#include "crypto/note.hpp"
#include "storage/database.hpp"
#include "storage/erasure_slots.hpp"

namespace unavoce::consent {

/// A statement in the ledger, together with its opening (`entry_json` and `r`).
struct Entry {
  std::uint64_t index = 0;  ///< leaf number in the whole ledger
  std::string recording;    ///< hex id of the recording; of the room for room statements
  std::uint64_t sequence = 0;
  std::string kind;
  std::string envelope;  ///< verbatim
  StatementId id{};
  std::string entry_json;
  crypto::Digest r{};
  TimeMs received{};
};

/// What is to be appended. Make it with `new_entry` below, which fills in what belongs to the kind of statement.
struct NewEntry {
  std::string recording;  ///< hex id of the recording; of the room for room statements
  std::string kind;
  std::string envelope;
  StatementId id{};
  std::optional<std::string> room;                ///< request: hex id of the room that the recording belongs to
  std::optional<crypto::Bytes> wrapped;           ///< approval: W. Its hash must never have been seen before.
  std::optional<std::string> consent_recipient;   ///< approval: E. Must never have been seen before.
  std::optional<std::string> consumes_challenge;  ///< must be known, unexpired and unused; is used up by this append
  std::optional<SeenCheckpoint> seen;             ///< approval, take: must be the beginning of this ledger's tree
};

NewEntry new_entry(const Signed<Room>& room);
NewEntry new_entry(const Signed<Request>& request);
/// `wrapped` is W, or nothing when the scope is empty. Consumes the approval's challenge.
NewEntry new_entry(const Signed<Approval>& approval, std::optional<crypto::Bytes> wrapped);
/// Consumes the refusal's challenge.
NewEntry new_entry(const Signed<Refusal>& refusal);
NewEntry new_entry(const Signed<Withdrawal>& withdrawal);
NewEntry new_entry(const Signed<Take>& take);
NewEntry new_entry(const Signed<Track>& track);
NewEntry new_entry(const Signed<Seal>& seal);
NewEntry new_entry(const Signed<Erased>& erased);

/// The steps of one append, in their order. Tests stop, copy the files, or fail at each of them.
enum class AppendStep : std::uint8_t { slot_stored, rows_written, committed };

class Ledger {
 public:
  /// Called at each step; may throw, which at any step before `committed` is a failed append.
  using Observer = std::function<void(AppendStep)>;

  /// Opens (or starts) the log whose origin is the signer's name, and checks all of it: the stored leaves must hash to
  /// the root of the last checkpoint, that checkpoint must carry the signer's signature, and every entry that was not
  /// erased must open its leaf. Otherwise `damaged`, with what to do. `slots` must outlive the ledger; if their file
  /// lacks some that the ledger knows it is made longer, see lost_slots().
  static Result<Ledger> open(storage::Database database, storage::ErasureSlots& slots, crypto::NoteSigner signer,
                             Observer observer = {});
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  /// Appends all or nothing, in one transaction: challenges used up, uniqueness, entries, wrapped keys, leaves, signed
  /// checkpoint. A statement whose id is already there is not appended again: its entry comes back as it was, and its
  /// challenge is not looked at (idempotent). Returns one entry per new entry, in the same order.
  /// Errors: replayed (challenge unknown or used), expired (challenge), conflict (E or W used before; the same id
  /// with another envelope or for another recording), not_permitted (recording was erased), ledger_falsified (its
  /// signer has seen another ledger), storage.
  Result<std::vector<Entry>> append(std::span<const NewEntry> entries, TimeMs now);

  /// Makes a challenge valid until `expires`, durably; forgets challenges that were expired at `now`.
  Result<void> add_challenge(std::string_view challenge, TimeMs expires, TimeMs now);

  /// The last durable checkpoint, as values and as a signed note.
  Checkpoint checkpoint() const;
  const std::string& signed_checkpoint() const;

  /// A fresh tlog-proof of leaf `index` against the last checkpoint. Works for erased entries too.
  Result<std::string> proof(std::uint64_t index) const;

  /// Shows that the tree of `old_size` entries is the beginning of the last checkpoint's (RFC 6962 section 2.1.2).
  /// Errors: unknown_reference (it never had so many).
  Result<std::vector<crypto::Digest>> consistency_proof(std::uint64_t old_size) const;

  /// The bytes of a tile (tiles.hpp). Full tiles never change, so they need no checkpoint to go with.
  /// Errors: unknown_reference (beyond the tree; an entry erased before commitments were kept), storage.
  Result<crypto::Bytes> tile(const TilePath& path) const;

  /// The key that checks this ledger's checkpoints (signed-note vkey), and its origin.
  std::string vkey() const;
  const std::string& origin() const;

  /// Entries of a recording (or of a room, by the room's id), by sequence; empty when there are none.
  Result<std::vector<Entry>> entries(std::string_view recording) const;
  /// Those of some kinds only; the others are not read.
  Result<std::vector<Entry>> entries(std::string_view recording, std::span<const std::string_view> kinds) const;
  /// Of which kind the first one is; nothing when there are none.
  Result<std::optional<std::string>> first_kind(std::string_view recording) const;
  /// How many there are of one kind, and how many of them were received from `from` on and not after `to`.
  Result<std::uint64_t> count(std::string_view recording, std::string_view kind) const;
  Result<std::uint64_t> count(std::string_view recording, std::string_view kind, TimeMs from, TimeMs to) const;
  /// About how many bytes all of them, their proofs and wrapped keys take in RAM; none of them is read.
  Result<std::uint64_t> size_bytes(std::string_view recording) const;
  Result<std::optional<Entry>> find(const StatementId& id) const;
  Result<std::optional<Entry>> latest_room(const RoomId& room) const;
  /// Hex ids of the recordings requested in a room, oldest first.
  Result<std::vector<std::string>> recordings(const RoomId& room) const;
  /// The same of all rooms.
  Result<std::vector<std::string>> all_recordings() const;
  /// How many were requested in a room and are not erased.
  Result<std::uint64_t> recording_count(const RoomId& room) const;

  /// W of an approval; nothing when it was erased or never was.
  Result<std::optional<crypto::Bytes>> wrapped(const StatementId& approval) const;

  /// Notes durably that a recording is going to be erased as a whole, and why: first of all, so that whatever comes in
  /// between it is known as that, and goes on. The first reason stays; forgotten with the statements. Nothing happens
  /// if no such recording was asked for.
  Result<void> begin_erasure(std::string_view recording, ErasedReason reason);
  /// Why a recording is being erased as a whole; nothing if it is not, or is gone.
  Result<std::optional<ErasedReason>> erasure_begun(std::string_view recording) const;

  /// Destroys W: first the slot with its key is overwritten and synced, then the row goes. Idempotent; true to its word
  /// also if the process dies in between (the row is unreadable from the first step on).
  Result<void> erase_wrapped(const StatementId& approval);

  /// The same for every W of a recording: from then on its track files are noise. Idempotent.
  Result<void> erase_all_wrapped(std::string_view recording);

  /// Destroys every W of a recording (or the statements of a room), then entries, envelopes and `r`. The leaves stay,
  /// so that the tree and everybody's receipts stay valid. Nothing can be appended to that recording afterwards.
  Result<void> erase_recording(std::string_view recording);

  /// The same, and says so: `erased` is appended to the recording's chain in the transaction that removes all of its
  /// other entries, and stays as its only one. Errors: not_permitted (another statement says so already), storage.
  Result<void> erase_recording(const NewEntry& erased, TimeMs now);

  /// Whether the statements of a recording (or room) were erased.
  Result<bool> was_erased(std::string_view recording) const;

  /// Repeats the last step of erase_recording(), which is not over before it: the erased bytes leave the WAL.
  Result<void> overwrite_erased_rows();

  /// How many erasure slots were missing when it was opened, because their file was lost or is another one: the keys
  /// that were in them count as erased, and their numbers are never used again.
  std::uint64_t lost_slots() const noexcept;

  struct State;  ///< private to the ledger's own files

 private:
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace unavoce::consent
