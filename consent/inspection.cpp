#include "consent/inspection.hpp"

#include <algorithm>
#include <exception>

#include "consent/checkpoint.hpp"
#include "consent/inspection_state.hpp"
#include "crypto/merkle.hpp"

namespace unavoce::consent {
namespace {

constexpr const char* kRestore =
    " Restore ledger.db and slots of one moment, or keep a copy and start a new ledger; never edit it.";

std::string name_of_entry(const Entry& entry) {
  return "ledger entry " + std::to_string(entry.index) + " (" + entry.kind + " " + std::to_string(entry.sequence) +
         " of " + entry.recording + ")";
}

/// Tree, entries and chains; what the statements say is gathered on the way.
class LedgerInspector {
 public:
  explicit LedgerInspector(InspectionState& state) : state_(state) {}

  void run(const std::optional<std::string>& origin) {
    read_leaves();
    state_.store.for_each_entry([&](const Entry& entry) { look_at(entry); });
    state_.result.entries = entries_.size();
    for (const auto& [recording, links] : state_.chains) check_chain(recording, links);
    check_erased_entries();
    check_checkpoint(origin);
  }

 private:
  void read_leaves() {
    state_.store.for_each_leaf([&](const LeafRow& leaf) {
      if (leaf.index != tree_.size() && !gap_) {
        gap_ = true;
        state_.fault(DamageKind::missing, "ledger leaf " + std::to_string(tree_.size()),
                     std::string("a leaf in the middle of the tree is gone.") + kRestore);
      }
      if (leaf.commitment && crypto::leaf_hash(*leaf.commitment) != leaf.hash)
        state_.fault(DamageKind::changed, "ledger leaf " + std::to_string(leaf.index),
                     std::string("it is not the hash of its commitment.") + kRestore);
      tree_.append(leaf.hash);
      places_.emplace(leaf.hash, leaf.index);
      leaves_.emplace(leaf.index, leaf.hash);
    });
    state_.result.leaves = tree_.size();
  }

  void look_at(const Entry& entry) {
    const std::string subject = name_of_entry(entry);
    entries_.insert(entry.index);
    const crypto::Digest committed = commitment(entry.r, entry.entry_json);
    check_leaf(entry, subject, crypto::leaf_hash(committed));
    const auto body = parse_entry(entry.entry_json);
    if (!body)
      return state_.fault(DamageKind::changed, subject, "it cannot be read: " + body.error().text + "." + kRestore);
    const EntryBody& said = body.value();
    if (said.recording != entry.recording || said.sequence != entry.sequence || said.kind != entry.kind ||
        said.received != entry.received)
      state_.fault(DamageKind::changed, subject, std::string("its row says something else than the entry.") + kRestore);
    state_.chains[entry.recording].push_back({entry.index, entry.sequence, entry.kind, said.previous, committed});
    if (said.envelope_sha256 != crypto::sha256(crypto::as_bytes(entry.envelope)))
      return state_.fault(DamageKind::changed, subject,
                          std::string("its statement is not the one that was committed to.") + kRestore);
    if (state_.result.erased_recordings.contains(entry.recording)) return;  // check_chain knows what may be left
    take_in_statement(state_, entry, subject);
  }

  void check_leaf(const Entry& entry, const std::string& subject, const crypto::Digest& leaf) {
    const auto own = leaves_.find(entry.index);
    if (own != leaves_.end() && own->second == leaf) return;
    if (const auto place = places_.find(leaf); place != places_.end())
      return state_.fault(DamageKind::swapped, subject,
                          "it belongs to leaf " + std::to_string(place->second) + "." + kRestore);
    state_.fault(DamageKind::changed, subject, std::string("it does not open its leaf.") + kRestore);
  }

  void check_chain(const std::string& recording, std::vector<ChainLink> links) {
    std::ranges::sort(links, {}, &ChainLink::sequence);
    if (state_.result.erased_recordings.contains(recording)) return check_rest(recording, links);
    const std::string subject = "chain of " + recording;
    const ChainLink* before = nullptr;
    for (const ChainLink& link : links) {
      const std::uint64_t expected = before == nullptr ? 0 : before->sequence + 1;
      if (link.sequence != expected) {
        state_.fault(DamageKind::missing, subject,
                     "entry " + std::to_string(expected) + " of the recording is not there." + kRestore);
      } else if (link.previous != (before == nullptr ? std::optional<crypto::Digest>() : before->commitment) ||
                 (before != nullptr && link.index <= before->index)) {
        state_.fault(DamageKind::changed, subject,
                     "entry " + std::to_string(link.sequence) + " does not continue the one before it." + kRestore);
      }
      before = &link;
    }
    const std::string& first = links.front().kind;
    if (first != kind_name<Room>() && first != kind_name<Request>())
      state_.fault(DamageKind::changed, subject, std::string("it does not begin with a request.") + kRestore);
  }

  /// Of an erased recording the word that it was erased may be left, and nothing else.
  void check_rest(const std::string& recording, const std::vector<ChainLink>& links) {
    if (links.size() == 1 && links.front().kind == kind_name<Erased>()) return;
    state_.fault(DamageKind::leftover, "recording " + recording,
                 "it was erased, and entries of it are there. A backup from before was mixed in: restore again");
  }

  /// A leaf keeps its place when its entry is erased; only whole recordings are.
  void check_erased_entries() {
    std::vector<std::uint64_t> bare;
    for (const auto& [index, leaf] : leaves_)
      if (!entries_.contains(index)) bare.push_back(index);
    if (bare.empty()) return;
    if (state_.result.erased_recordings.empty()) {
      for (const std::uint64_t index : bare)
        state_.fault(DamageKind::missing, "ledger entry " + std::to_string(index),
                     std::string("its leaf is there, and no recording or room was ever erased.") + kRestore);
      return;
    }
    state_.result.notes.push_back(std::to_string(bare.size()) + " entries are gone with " +
                                  std::to_string(state_.result.erased_recordings.size()) +
                                  " erased recordings and rooms; their leaves remain");
  }

  void check_checkpoint(const std::optional<std::string>& origin) {
    const auto note = state_.store.checkpoint();
    const std::string subject = "ledger checkpoint";
    if (!note) {
      if (tree_.size() > 0) state_.fault(DamageKind::missing, subject, std::string("there is none.") + kRestore);
      return;
    }
    const auto checkpoint = opened(*note, subject);
    if (!checkpoint) return;
    if (origin && checkpoint->origin != *origin)
      state_.fault(DamageKind::swapped, "ledger.key",
                   "the ledger is " + checkpoint->origin + ", the key is of " + *origin +
                       ". Put the key back that belongs to this ledger");
    if (checkpoint->size != tree_.size()) {
      const bool fewer = tree_.size() < checkpoint->size;
      state_.fault(
          fewer ? DamageKind::missing : DamageKind::extra, "ledger leaves",
          std::to_string(checkpoint->size) + " are signed, " + std::to_string(tree_.size()) + " are here." + kRestore);
    } else if (checkpoint->root != tree_.root()) {
      state_.fault(DamageKind::changed, "ledger leaves",
                   std::string("they do not hash to the signed root.") + kRestore);
    }
  }

  /// The checkpoint, its signature checked with the key that the room statements name.
  std::optional<Checkpoint> opened(const std::string& note, const std::string& subject) {
    std::set<std::string> keys;
    for (const auto& [id, room] : state_.rooms) keys.insert(room.ledger.vkey);
    std::string why;
    for (const std::string& vkey : keys) {
      const auto key = crypto::NoteVerifier::parse(vkey);
      if (!key) continue;
      auto checkpoint = open_checkpoint(note, key.value());
      if (checkpoint) return std::move(checkpoint).value();
      why = checkpoint.error().text;
    }
    if (!keys.empty()) {
      state_.fault(DamageKind::changed, subject,
                   "it is not signed by the ledger key that the rooms name: " + why + "." + kRestore);
    } else {
      state_.result.notes.emplace_back("the checkpoint's signature was not checked: no room names the ledger's key");
    }
    const std::size_t end = note.find("\n\n");
    auto unsigned_text = parse_checkpoint(note.substr(0, end == std::string::npos ? note.size() : end + 1));
    if (unsigned_text) return std::move(unsigned_text).value();
    state_.fault(DamageKind::changed, subject, "it cannot be read: " + unsigned_text.error().text + "." + kRestore);
    return std::nullopt;
  }

  InspectionState& state_;
  crypto::MerkleTree tree_;
  std::map<crypto::Digest, std::uint64_t> places_;
  std::map<std::uint64_t, crypto::Digest> leaves_;
  std::set<std::uint64_t> entries_;
  bool gap_ = false;
};

}  // namespace

std::string_view name_of(DamageKind kind) noexcept {
  switch (kind) {
    case DamageKind::missing:
      return "missing";
    case DamageKind::extra:
      return "extra";
    case DamageKind::truncated:
      return "truncated";
    case DamageKind::swapped:
      return "swapped";
    case DamageKind::changed:
      return "changed";
    case DamageKind::unfinished:
      return "unfinished";
    case DamageKind::leftover:
      break;
  }
  return "leftover";
}

LedgerInspection inspect_ledger(storage::Database& database, const storage::ErasureSlots* slots,
                                const std::optional<std::string>& origin, TimeMs now) {
  LedgerInspection result;
  if (auto sound = database.check_integrity(); !sound)
    result.faults.push_back({DamageKind::changed, "ledger.db", sound.error().text + "." + kRestore});
  try {
    LedgerStore store(database.handle());
    InspectionState state{store, result, now, {}, {}, {}, {}, {}, {}, {}, {}};
    SQLite::Statement erased(store.database(), "SELECT recording FROM ledger_erased");
    while (erased.executeStep()) result.erased_recordings.insert(erased.getColumn(0).getString());
    LedgerInspector(state).run(origin);
    result.statements_sound = result.faults.empty();
    apply_withdrawals(state);
    inspect_tables(state, slots);
  } catch (const std::exception& exception) {
    result.faults.push_back(
        {DamageKind::changed, "ledger.db", storage::describe(exception, "ledger.db").text + "." + kRestore});
  }
  return result;
}

}  // namespace unavoce::consent
