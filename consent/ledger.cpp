#include "consent/ledger.hpp"

#include <exception>
#include <limits>
#include <utility>

#include "consent/ledger_state.hpp"

namespace unavoce::consent {
namespace {

/// Runs `work`, and turns what SQLite throws into an Error.
template <class Work>
auto guarded(Work&& work) -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return boost::outcome_v2::success();
    } else {
      return work();
    }
  } catch (const std::exception& exception) {
    return Error(storage::describe(exception, "ledger.db"));
  }
}

Error damaged(std::string_view what) {
  return {
      Errc::damaged,
      "ledger: " + std::string(what) +
          ". Nothing is recorded until this is cleared up: keep a copy of the data folder, restore database and slot "
          "file of the same moment, or start a new ledger with another origin."};
}

/// The stored leaves, whose hashes also become the tree; `damaged` if one is missing or is not its data's hash.
Result<std::vector<LeafRow>> load_leaves(Ledger::State& state) {
  std::vector<LeafRow> leaves;
  bool gap = false;
  std::optional<std::uint64_t> broken;
  state.store.for_each_leaf([&](const LeafRow& leaf) {
    gap = gap || leaf.index != state.tree.size();
    if (!broken && leaf.commitment && crypto::leaf_hash(*leaf.commitment) != leaf.hash) broken = leaf.index;
    state.tree.append(leaf.hash);
    leaves.push_back(leaf);
  });
  if (gap) return damaged("a leaf is missing in the middle");
  if (broken) return damaged("leaf " + std::to_string(*broken) + " is not the hash of its commitment");
  return leaves;
}

Result<void> check_checkpoint(Ledger::State& state) {
  BOOST_OUTCOME_TRY(const auto checkpoint, [&]() -> Result<Checkpoint> {
    auto opened = open_checkpoint(state.signed_checkpoint, state.signer.verifier());
    if (!opened) return damaged("its last checkpoint is not signed by this ledger's key (" + opened.error().text + ")");
    return opened;
  }());
  if (checkpoint.size != state.tree.size() || checkpoint.root != state.tree.root()) {
    return damaged("its leaves do not hash to the root of its last checkpoint (" + std::to_string(checkpoint.size) +
                   " leaves signed, " + std::to_string(state.tree.size()) + " here)");
  }
  return boost::outcome_v2::success();
}

/// Every entry that was not erased opens its leaf and belongs to its envelope.
/// Leaves that lack their commitment, from a database before it was kept, get it from their entry.
Result<void> check_entries(Ledger::State& state, std::span<const LeafRow> leaves) {
  std::optional<std::uint64_t> broken;
  std::vector<std::pair<std::uint64_t, crypto::Digest>> lacking;
  state.store.for_each_entry([&](const Entry& entry) {
    const auto body = parse_entry(entry.entry_json);
    const crypto::Digest data = commitment(entry.r, entry.entry_json);
    const bool good = body && entry.index < leaves.size() && crypto::leaf_hash(data) == leaves[entry.index].hash &&
                      crypto::sha256(crypto::as_bytes(entry.envelope)) == body.value().envelope_sha256;
    if (!good && !broken) broken = entry.index;
    if (good && !leaves[entry.index].commitment) lacking.emplace_back(entry.index, data);
  });
  if (broken) return damaged("entry " + std::to_string(*broken) + " is not what was committed to");
  if (lacking.empty()) return boost::outcome_v2::success();
  SQLite::Transaction transaction(state.store.database(), SQLite::TransactionBehavior::IMMEDIATE);
  for (const auto& [index, data] : lacking) state.store.add_commitment(index, data);
  transaction.commit();
  return boost::outcome_v2::success();
}

Result<void> start_new_log(Ledger::State& state) {
  BOOST_OUTCOME_TRY(state.signed_checkpoint, state.sign_checkpoint());
  state.store.put_checkpoint(state.signed_checkpoint);
  return boost::outcome_v2::success();
}

Result<void> load(Ledger::State& state) {
  BOOST_OUTCOME_TRY(const auto leaves, load_leaves(state));
  if (auto stored = state.store.checkpoint()) {
    state.signed_checkpoint = std::move(*stored);
  } else if (state.tree.size() == 0) {
    BOOST_OUTCOME_TRY(start_new_log(state));
  } else {
    return damaged("it has entries but no checkpoint");
  }
  BOOST_OUTCOME_TRY(check_checkpoint(state));
  return check_entries(state, leaves);
}

/// A file of slots that is shorter than the ledger remembers was lost or is another one. The numbers that are taken
/// stay taken: what was in them counts as erased. Gives how many are missing.
Result<std::uint64_t> reserve_slots(Ledger::State& state) {
  const std::uint64_t taken = state.store.slots_taken();
  const std::uint64_t there = state.slots.count();
  if (there >= taken) return 0;
  BOOST_OUTCOME_TRY(state.slots.reserve(taken));
  return taken - there;
}

}  // namespace

Ledger::State::State(storage::Database opened, storage::ErasureSlots& erasure_slots, crypto::NoteSigner note_signer,
                     Observer append_observer)
    : database(std::move(opened)),
      store(database.handle()),
      slots(erasure_slots),
      signer(std::move(note_signer)),
      observer(std::move(append_observer)) {}

Result<std::string> Ledger::State::sign_checkpoint() const {
  BOOST_OUTCOME_TRY(auto note, crypto::sign_note(format_checkpoint({signer.name(), tree.size(), tree.root()}), signer));
  return note;
}

Result<void> Ledger::State::erase_slot(std::uint64_t slot) {
  auto erased = slots.erase(slot);
  if (erased || erased.error().code == storage::Errc::not_found) return boost::outcome_v2::success();
  return Error(erased.error());
}

Result<void> Ledger::State::overwrite_erased_rows() {
  // The rows are gone for every reader; a reader that holds the WAL only delays that their bytes are overwritten.
  if (auto emptied = database.empty_wal(); !emptied && emptied.error().code != storage::Errc::locked) {
    return Error(emptied.error());
  }
  return boost::outcome_v2::success();
}

Result<Ledger> Ledger::open(storage::Database database, storage::ErasureSlots& slots, crypto::NoteSigner signer,
                            Observer observer) {
  BOOST_OUTCOME_TRY(database.migrate("ledger", LedgerStore::migrations()));
  auto state = std::make_unique<State>(std::move(database), slots, std::move(signer), std::move(observer));
  try {
    BOOST_OUTCOME_TRY(load(*state));
    BOOST_OUTCOME_TRY(state->lost_slots, reserve_slots(*state));
  } catch (const std::exception& exception) {
    return Error(storage::describe(exception, "ledger.db"));
  }
  return Ledger(std::move(state));
}

Result<void> Ledger::add_challenge(std::string_view challenge, TimeMs expires, TimeMs now) {
  return guarded([&]() {
    SQLite::Transaction transaction(state_->store.database(), SQLite::TransactionBehavior::IMMEDIATE);
    state_->store.forget_challenges(now);
    state_->store.put_challenge(challenge, expires);
    transaction.commit();
  });
}

Checkpoint Ledger::checkpoint() const {
  return {origin(), state_->tree.size(), state_->tree.root()};
}
const std::string& Ledger::signed_checkpoint() const {
  return state_->signed_checkpoint;
}
std::string Ledger::vkey() const {
  return state_->signer.vkey();
}
const std::string& Ledger::origin() const {
  return state_->signer.name();
}

Result<std::string> Ledger::proof(std::uint64_t index) const {
  const std::uint64_t size = state_->tree.size();
  if (index >= size) {
    return Error{Errc::unknown_reference,
                 "ledger: there is no entry " + std::to_string(index) + ", only " + std::to_string(size) + " entries"};
  }
  return format_proof({index, state_->tree.inclusion_proof(index, size), state_->signed_checkpoint});
}

Result<std::vector<crypto::Digest>> Ledger::consistency_proof(std::uint64_t old_size) const {
  const std::uint64_t size = state_->tree.size();
  if (old_size > size) {
    return Error{Errc::unknown_reference,
                 "ledger: it never had " + std::to_string(old_size) + " entries, only " + std::to_string(size)};
  }
  return state_->tree.consistency_proof(old_size, size);
}

Result<crypto::Bytes> Ledger::tile(const TilePath& path) const {
  if (!is_within(path, state_->tree.size())) {
    return Error{Errc::unknown_reference, "ledger: there is no tile " + format_tile_path(path)};
  }
  if (path.kind == TilePath::Kind::hashes) return hash_tile(state_->tree, path);
  const std::uint64_t begin = path.index * kTileWidth;
  BOOST_OUTCOME_TRY(const auto commitments,
                    guarded([&] { return state_->store.commitments(begin, begin + path.width); }));
  if (commitments.size() != path.width) {
    return Error{Errc::unknown_reference,
                 "ledger: an entry of " + format_tile_path(path) + " was erased before its commitment was kept"};
  }
  return entry_bundle(commitments);
}

Result<std::vector<Entry>> Ledger::entries(std::string_view recording) const {
  return guarded([&] { return state_->store.entries(recording); });
}

Result<std::vector<Entry>> Ledger::entries(std::string_view recording, std::span<const std::string_view> kinds) const {
  return guarded([&] { return state_->store.entries(recording, kinds); });
}

Result<std::optional<std::string>> Ledger::first_kind(std::string_view recording) const {
  return guarded([&] { return state_->store.first_kind(recording); });
}

Result<std::uint64_t> Ledger::count(std::string_view recording, std::string_view kind) const {
  constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
  return count(recording, kind, TimeMs{-any}, TimeMs{any});
}

Result<std::uint64_t> Ledger::count(std::string_view recording, std::string_view kind, TimeMs from, TimeMs to) const {
  return guarded([&] { return state_->store.count(recording, kind, from, to); });
}

Result<std::uint64_t> Ledger::size_bytes(std::string_view recording) const {
  return guarded([&] { return state_->store.size_bytes(recording); });
}

Result<std::optional<Entry>> Ledger::find(const StatementId& id) const {
  return guarded([&] { return state_->store.find(id); });
}

Result<std::optional<Entry>> Ledger::latest_room(const RoomId& room) const {
  return guarded([&] { return state_->store.last_entry(room.hex()); });
}

Result<std::vector<std::string>> Ledger::recordings(const RoomId& room) const {
  return guarded([&] { return state_->store.recordings(room.hex()); });
}

Result<std::vector<std::string>> Ledger::all_recordings() const {
  return guarded([&] { return state_->store.all_recordings(); });
}

Result<std::uint64_t> Ledger::recording_count(const RoomId& room) const {
  return guarded([&] { return state_->store.recording_count(room.hex()); });
}

Result<std::optional<crypto::Bytes>> Ledger::wrapped(const StatementId& approval) const {
  BOOST_OUTCOME_TRY(const auto row, guarded([&] { return state_->store.wrapped(approval); }));
  if (!row) return std::optional<crypto::Bytes>();
  crypto::Secret<32> key;
  if (auto read = state_->slots.read(row->slot, key.writable()); !read) {
    if (read.error().code == storage::Errc::not_found) return std::optional<crypto::Bytes>();  // erased, row left over
    return Error(read.error());
  }
  BOOST_OUTCOME_TRY(auto opened, crypto::open_blob(key.view(), row->sealed, approval.bytes()));
  return std::optional<crypto::Bytes>(std::move(opened));
}

Result<void> Ledger::erase_wrapped(const StatementId& approval) {
  BOOST_OUTCOME_TRY(const auto row, guarded([&] { return state_->store.wrapped(approval); }));
  if (!row) return boost::outcome_v2::success();
  BOOST_OUTCOME_TRY(state_->erase_slot(row->slot));
  return guarded([&] { state_->store.delete_wrapped(approval); });
}

Result<void> Ledger::erase_all_wrapped(std::string_view recording) {
  BOOST_OUTCOME_TRY(const auto rows, guarded([&] { return state_->store.wrapped_of(recording); }));
  // One slot that the disk does not let go of keeps none of the others.
  Result<void> outcome = boost::outcome_v2::success();
  for (const WrappedRow& row : rows) {
    auto erased = state_->erase_slot(row.slot);
    if (!erased && outcome) outcome = std::move(erased);
  }
  return outcome;
}

Result<void> Ledger::begin_erasure(std::string_view recording, ErasedReason reason) {
  return guarded([&] { state_->store.begin_erasure(recording, name_of(reason)); });
}

Result<std::optional<ErasedReason>> Ledger::erasure_begun(std::string_view recording) const {
  BOOST_OUTCOME_TRY(const auto text, guarded([&] { return state_->store.erasure_begun(recording); }));
  if (!text) return std::optional<ErasedReason>();
  for (const ErasedReason reason : {ErasedReason::retention, ErasedReason::room_deleted})
    if (*text == name_of(reason)) return std::optional(reason);
  return std::optional(ErasedReason::recording_deleted);
}

Result<bool> Ledger::was_erased(std::string_view recording) const {
  return guarded([&] { return state_->store.was_erased(recording); });
}

Result<void> Ledger::overwrite_erased_rows() {
  return state_->overwrite_erased_rows();
}

std::uint64_t Ledger::lost_slots() const noexcept {
  return state_->lost_slots;
}

Result<void> Ledger::erase_recording(std::string_view recording) {
  BOOST_OUTCOME_TRY(erase_all_wrapped(recording));
  BOOST_OUTCOME_TRY(guarded([&] {
    SQLite::Transaction transaction(state_->store.database(), SQLite::TransactionBehavior::IMMEDIATE);
    state_->store.erase_recording(recording);
    transaction.commit();
  }));
  return state_->overwrite_erased_rows();
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

}  // namespace unavoce::consent
