// The one place where the ledger grows. Order within an append: slot durable → rows and checkpoint in the transaction →
// commit → only then the new tree and checkpoint are shown.
#include <exception>

#include "consent/ledger_state.hpp"
#include "crypto/random.hpp"

namespace unavoce::consent {
namespace {

/// An append that has not been committed. Goes back to where it began unless `keep` was called.
class Draft {
 public:
  explicit Draft(Ledger::State& state) : state_(state), size_before_(state.tree.size()) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (kept_) return;
    state_.tree.truncate(size_before_);
    for (const std::uint64_t slot : slots_) {
      // A slot that cannot be erased now is as good as one whose commit is in doubt: try again after the next one.
      if (commit_tried_ || !state_.slots.erase(slot)) state_.doubtful_slots.push_back(slot);
    }
  }

  void add_slot(std::uint64_t slot) { slots_.push_back(slot); }
  void commit_begins() { commit_tried_ = true; }
  void keep() { kept_ = true; }

 private:
  Ledger::State& state_;
  std::uint64_t size_before_;
  std::vector<std::uint64_t> slots_;
  bool commit_tried_ = false;
  bool kept_ = false;
};

void observe(const Ledger::State& state, AppendStep step) {
  if (state.observer) state.observer(step);
}

Result<void> consume_challenge(LedgerStore& store, const std::string& challenge, TimeMs now) {
  const auto expires = store.challenge_expiry(challenge);
  if (!expires) {
    return Error{Errc::replayed, "ledger: the challenge is unknown or was used before; ask for a fresh one"};
  }
  if (*expires < now) return Error{Errc::expired, "ledger: the challenge has expired; ask for a fresh one"};
  store.delete_challenge(challenge);
  return boost::outcome_v2::success();
}

/// Otherwise this ledger, or whoever signed, is not what they claim to be; and one that lies would spoil the recording,
/// because a bundle has to prove what is named as seen in it.
Result<void> check_seen(const crypto::MerkleTree& tree, const SeenCheckpoint& seen) {
  if (seen.size <= tree.size() && tree.root_at(seen.size) == seen.root) return boost::outcome_v2::success();
  return Error{Errc::ledger_falsified,
               "ledger: the statement names a state of " + std::to_string(seen.size) +
                   " entries that this ledger, which has " + std::to_string(tree.size()) +
                   ", never had. If it was seen here, the ledger has been rolled back or forked since: compare it with "
                   "a witness or with receipts"};
}

/// E and W must be new, then W is sealed under a key of its own.
Result<void> keep_consent_key(Ledger::State& state, const NewEntry& fresh, Draft& draft) {
  if (!fresh.consent_recipient && !fresh.wrapped) return boost::outcome_v2::success();
  std::optional<crypto::Digest> wrapped_hash;
  if (fresh.wrapped) wrapped_hash = crypto::sha256(*fresh.wrapped);
  if (state.store.consent_key_seen(fresh.consent_recipient, wrapped_hash)) {
    return Error{Errc::conflict,
                 "ledger: this consent key or its wrapped form was used by another approval; make a fresh one"};
  }
  state.store.add_consent_key(fresh.id, fresh.recording, fresh.consent_recipient, wrapped_hash);
  if (!fresh.wrapped) return boost::outcome_v2::success();

  const auto key = crypto::Secret<32>::random();
  const crypto::Bytes sealed = crypto::seal_blob(key.view(), *fresh.wrapped, fresh.id.bytes());
  BOOST_OUTCOME_TRY(const std::uint64_t slot, state.slots.store(key.view()));
  draft.add_slot(slot);
  observe(state, AppendStep::slot_stored);
  state.store.add_wrapped(fresh.id, fresh.recording, slot, sealed);
  return boost::outcome_v2::success();
}

/// The entry that continues the recording's chain.
Entry next_entry(LedgerStore& store, const NewEntry& fresh, std::uint64_t index, TimeMs now) {
  EntryBody body;
  body.recording = fresh.recording;
  body.received = now;
  body.kind = fresh.kind;
  body.envelope_sha256 = crypto::sha256(crypto::as_bytes(fresh.envelope));
  if (const auto last = store.last_entry(fresh.recording)) {
    body.sequence = last->sequence + 1;
    body.previous = commitment(last->r, last->entry_json);
  }
  return {index,
          fresh.recording,
          body.sequence,
          fresh.kind,
          fresh.envelope,
          fresh.id,
          format_entry(body),
          crypto::random_array<32>(),
          now};
}

Result<Entry> append_one(Ledger::State& state, const NewEntry& fresh, TimeMs now, Draft& draft) {
  if (auto existing = state.store.find(fresh.id)) {
    // The id does not cover signatures' spelling: another envelope with the same id is not the same evidence.
    if (existing->envelope != fresh.envelope || existing->recording != fresh.recording) {
      return Error{Errc::conflict, "ledger: statement " + fresh.id.hex() + " is there already, in another envelope"};
    }
    return std::move(*existing);
  }
  if (state.store.was_erased(fresh.recording)) {
    return Error{Errc::not_permitted, "ledger: " + fresh.recording + " was erased; nothing can be added to it"};
  }
  if (fresh.seen) {
    BOOST_OUTCOME_TRY(check_seen(state.tree, *fresh.seen));
  }
  if (fresh.consumes_challenge) {
    BOOST_OUTCOME_TRY(consume_challenge(state.store, *fresh.consumes_challenge, now));
  }
  BOOST_OUTCOME_TRY(keep_consent_key(state, fresh, draft));
  if (fresh.room) state.store.add_recording(fresh.recording, *fresh.room);

  Entry entry = next_entry(state.store, fresh, state.tree.size(), now);
  const crypto::Digest data = commitment(entry.r, entry.entry_json);
  const crypto::Digest leaf = crypto::leaf_hash(data);
  state.store.add_leaf({entry.index, leaf, data});
  state.store.add_entry(entry);
  state.tree.append(leaf);
  return entry;
}

/// Makes the draft durable together with the checkpoint that covers it.
Result<void> commit(Ledger::State& state, Draft& draft, SQLite::Transaction& transaction) {
  BOOST_OUTCOME_TRY(auto checkpoint, state.sign_checkpoint());
  state.store.put_checkpoint(checkpoint);
  observe(state, AppendStep::rows_written);
  draft.commit_begins();
  transaction.commit();
  draft.keep();
  state.signed_checkpoint = std::move(checkpoint);
  return boost::outcome_v2::success();
}

/// Runs inside caught(): may throw SQLite's exceptions and the observer's.
Result<std::vector<Entry>> append_all(Ledger::State& state, std::span<const NewEntry> fresh, TimeMs now) {
  const std::uint64_t size_before = state.tree.size();
  Draft draft(state);
  SQLite::Transaction transaction(state.store.database(), SQLite::TransactionBehavior::IMMEDIATE);
  std::vector<Entry> entries;
  for (const NewEntry& one : fresh) {
    BOOST_OUTCOME_TRY(auto entry, append_one(state, one, now, draft));
    entries.push_back(std::move(entry));
  }
  if (state.tree.size() == size_before) return entries;  // all of them were there; nothing to commit
  BOOST_OUTCOME_TRY(commit(state, draft, transaction));
  return entries;
}

/// Runs inside caught(), too.
Result<void> replace_all(Ledger::State& state, const NewEntry& erased, TimeMs now) {
  Draft draft(state);
  SQLite::Transaction transaction(state.store.database(), SQLite::TransactionBehavior::IMMEDIATE);
  BOOST_OUTCOME_TRY(const auto entry, append_one(state, erased, now, draft));
  state.store.erase_recording(erased.recording, entry.index);
  return commit(state, draft, transaction);
}

template <class Work>
auto caught(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return Error(storage::describe(exception, "ledger.db"));
  }
}

void erase_doubtful_slots(Ledger::State& state) {
  std::erase_if(state.doubtful_slots, [&](std::uint64_t slot) { return bool(state.slots.erase(slot)); });
}

}  // namespace

Result<std::vector<Entry>> Ledger::append(std::span<const NewEntry> fresh, TimeMs now) {
  const std::uint64_t size_before = state_->tree.size();
  auto appended = caught([&] { return append_all(*state_, fresh, now); });
  if (appended && state_->tree.size() > size_before) {
    erase_doubtful_slots(*state_);
    observe(*state_, AppendStep::committed);
  }
  return appended;
}

Result<void> Ledger::erase_recording(const NewEntry& erased, TimeMs now) {
  BOOST_OUTCOME_TRY(erase_all_wrapped(erased.recording));
  BOOST_OUTCOME_TRY(caught([&] { return replace_all(*state_, erased, now); }));
  erase_doubtful_slots(*state_);
  observe(*state_, AppendStep::committed);
  return state_->overwrite_erased_rows();
}

}  // namespace unavoce::consent
