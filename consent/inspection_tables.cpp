// The tables beside the entries, and the erasure slots, for an inspection.
#include <algorithm>

#include "consent/inspection_state.hpp"
#include "crypto/secret.hpp"
#include "crypto/slot_aead.hpp"

namespace unavoce::consent {
namespace {

crypto::Bytes bytes_of(const SQLite::Column& column) {
  const auto* data = static_cast<const std::uint8_t*>(column.getBlob());
  return data == nullptr ? crypto::Bytes() : crypto::Bytes(data, data + column.getBytes());
}

std::optional<StatementId> id_of(const SQLite::Column& column) {
  const crypto::Bytes bytes = bytes_of(column);
  StatementId::Bytes id{};
  if (bytes.size() != id.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return StatementId(id);
}

class TableInspector {
 public:
  TableInspector(InspectionState& state, const storage::ErasureSlots* slots) : state_(state), slots_(slots) {}

  void run() {
    check_recordings();
    check_consent_keys();
    find_noted_erasures();
    find_begun_erasures();
    read_wrapped();
    for (const auto& [id, approval] : state_.approvals) check_has_key(id, approval);
    check_unused_slots();
  }

 private:
  void check_recordings() {
    std::map<std::string, std::string> rows;
    SQLite::Statement query(state_.store.database(), "SELECT recording, room FROM ledger_recordings");
    while (query.executeStep()) rows.emplace(query.getColumn(0).getString(), query.getColumn(1).getString());
    for (const auto& [recording, request] : state_.requests) {
      const auto row = rows.find(recording);
      if (row == rows.end()) {
        state_.fault(DamageKind::missing, "recording " + recording, "the table of recordings does not list it");
      } else if (row->second != request.room.hex()) {
        state_.fault(
            DamageKind::swapped, "recording " + recording,
            "the table of recordings puts it into room " + row->second + ", its request into " + request.room.hex());
      }
    }
    for (const auto& [recording, room] : rows)
      if (!state_.requests.contains(recording))
        state_.fault(DamageKind::extra, "recording " + recording, "it is listed, and the ledger has no request of it");
  }

  void check_consent_keys() {
    std::set<StatementId> seen;
    SQLite::Statement query(state_.store.database(),
                            "SELECT approval, recipient, wrapped_sha256 FROM ledger_consent_keys");
    while (query.executeStep()) {
      const auto id = id_of(query.getColumn(0));
      const auto approval = id ? state_.approvals.find(*id) : state_.approvals.end();
      if (approval == state_.approvals.end()) {
        state_.fault(DamageKind::extra, "consent key", "a row is about an approval that is not in the ledger");
        continue;
      }
      seen.insert(*id);
      const Approval& body = approval->second.body;
      const crypto::Bytes hash = bytes_of(query.getColumn(2));
      const bool fits = body.consent_recipient && query.getColumn(1).getString() == body.consent_recipient->text() &&
                        body.wrapped_sha256 &&
                        crypto::Bytes(body.wrapped_sha256->begin(), body.wrapped_sha256->end()) == hash;
      if (!fits)
        state_.fault(DamageKind::changed, "consent key of approval " + id->hex(), "the row is not what was approved");
    }
    for (const auto& [id, approval] : state_.approvals)
      if (approval.body.consent_recipient && !seen.contains(id))
        state_.fault(DamageKind::missing, "consent key of approval " + id.hex(),
                     "the row that keeps it from being used twice is gone. Restore ledger.db");
  }

  /// Somebody wanted it gone before its time: that is noted before the first key goes (Ledger::begin_erasure).
  void find_noted_erasures() {
    for (const std::string& recording : state_.store.erasures_begun()) {
      if (!state_.requests.contains(recording)) {
        state_.fault(DamageKind::extra, "recording " + recording,
                     "its erasure has begun, and the ledger has no request of it");
        continue;
      }
      state_.result.recordings[recording].erasure_begun = true;
      state_.result.notes.push_back(
          "recording " + recording +
          ": it is being erased as a whole, for its host, and that was cut off. Nothing of it is to be restored: the "
          "service finishes the erasure at its next start");
    }
  }

  /// The end of retention takes the keys first (Ledger::erase_all_wrapped), then the files, and the statements last.
  /// After a crash in between, or where the disk did not let go of one of them, a slot that nobody withdrew is erased.
  /// Before the end of retention that would be a key lost.
  void find_begun_erasures() {
    if (slots_ == nullptr) return;
    std::map<std::string, std::vector<std::uint64_t>> slots;  // by recording
    SQLite::Statement query(state_.store.database(), "SELECT approval, slot FROM ledger_wrapped");
    while (query.executeStep()) {
      const auto id = id_of(query.getColumn(0));
      const auto approval = id ? state_.approvals.find(*id) : state_.approvals.end();
      if (approval == state_.approvals.end() || is_gone(*id, approval->second.recording)) continue;
      slots[approval->second.recording].push_back(static_cast<std::uint64_t>(query.getColumn(1).getInt64()));
    }
    for (const auto& [recording, of_its_keys] : slots) {
      const auto request = state_.requests.find(recording);
      if (request == state_.requests.end() || request->second.delete_after_ms > state_.now) continue;
      if (is_being_erased(recording)) continue;
      const auto gone = std::ranges::count_if(of_its_keys, [&](std::uint64_t slot) { return is_erased(slot); });
      if (gone == 0) continue;
      state_.result.recordings[recording].erasure_begun = true;
      state_.result.notes.push_back("recording " + recording + ": its retention is over, and its erasure had begun (" +
                                    std::to_string(gone) + " of " + std::to_string(of_its_keys.size()) +
                                    " keys are gone). Nothing of it is to be restored: the service finishes the "
                                    "erasure soon after its next start");
    }
  }

  bool is_erased(std::uint64_t slot) const {
    crypto::Secret<32> key;
    const auto read = slots_->read(slot, key.writable());
    return slot < slots_->count() && !read && read.error().code == storage::Errc::not_found;
  }

  bool is_being_erased(const std::string& recording) const { return state_.result.recordings[recording].erasure_begun; }

  void read_wrapped() {
    SQLite::Statement query(state_.store.database(), "SELECT approval, recording, slot, sealed FROM ledger_wrapped");
    while (query.executeStep()) {
      ++state_.result.wrapped_keys;
      const auto id = id_of(query.getColumn(0));
      const auto slot = static_cast<std::uint64_t>(query.getColumn(2).getInt64());
      const std::string slot_name = "erasure slot " + std::to_string(slot);
      if (!used_.insert(slot).second)
        state_.fault(DamageKind::swapped, slot_name, "two wrapped keys say that it is theirs");
      const auto approval = id ? state_.approvals.find(*id) : state_.approvals.end();
      if (approval == state_.approvals.end()) {
        state_.fault(DamageKind::extra, slot_name, "it holds the key of an approval that is not in the ledger");
        continue;
      }
      kept_.insert(*id);
      if (approval->second.recording != query.getColumn(1).getString())
        state_.fault(DamageKind::swapped, "wrapped key of approval " + id->hex(), "its row names another recording");
      if (slots_ != nullptr) check_key(*id, approval->second, slot, bytes_of(query.getColumn(3)));
    }
  }

  bool is_gone(const StatementId& id, const std::string& recording) const {
    return state_.withdrawn.contains(id) || state_.result.recordings[recording].erased.contains("wrapped:" + id.hex());
  }

  void check_key(const StatementId& id, const ApprovalState& approval, std::uint64_t slot,
                 const crypto::Bytes& sealed) {
    const std::string subject = "wrapped key of approval " + id.hex();
    const std::string slot_name = "slot " + std::to_string(slot);
    crypto::Secret<32> key;
    const auto read = slots_->read(slot, key.writable());
    if (is_gone(id, approval.recording)) {
      state_.fault(DamageKind::unfinished, subject,
                   "the approval is withdrawn, and its key was not erased to the end (" + slot_name +
                       "). Start the service: it finishes the erasure");
    } else if (is_being_erased(approval.recording)) {
      return;  // erased or soon to be: nobody needs it
    } else if (!read) {
      state_.fault(DamageKind::missing, subject,
                   "its key in " + slot_name + " is not there (" + read.error().text +
                       "), and nobody withdrew. The host can open this person's tracks only with a bundle fetched "
                       "earlier; put the slots file of this machine back if you have it");
    } else if (const auto opened = crypto::open_blob(key.view(), sealed, id.bytes()); !opened) {
      state_.fault(DamageKind::swapped, subject,
                   slot_name + " holds another key. Ledger and slots are of different moments: restore both of one");
    } else if (crypto::sha256(opened.value()) != approval.body.wrapped_sha256) {
      state_.fault(DamageKind::changed, subject, "it is not the one that was approved");
    }
  }

  void check_has_key(const StatementId& id, const ApprovalState& approval) {
    if (!approval.body.consent_recipient || kept_.contains(id) || is_gone(id, approval.recording)) return;
    if (is_being_erased(approval.recording)) return;
    state_.fault(DamageKind::missing, "wrapped key of approval " + id.hex(),
                 "it is not there, and nobody withdrew. The host can open this person's tracks only with a bundle "
                 "fetched earlier; restore ledger.db");
  }

  void check_unused_slots() {
    if (slots_ == nullptr) return;
    std::uint64_t unused = 0;
    for (std::uint64_t slot = 0; slot < slots_->count(); ++slot) {
      if (used_.contains(slot)) continue;
      crypto::Secret<32> key;
      if (slots_->read(slot, key.writable())) ++unused;
    }
    // An append that a crash cut off leaves its key behind; what it sealed never came to be.
    if (unused > 0)
      state_.result.notes.push_back(std::to_string(unused) + " erasure slots hold keys that nothing is sealed with");
  }

  InspectionState& state_;
  const storage::ErasureSlots* slots_;
  std::set<std::uint64_t> used_;
  std::set<StatementId> kept_;
};

}  // namespace

void inspect_tables(InspectionState& state, const storage::ErasureSlots* slots) {
  TableInspector(state, slots).run();
}

}  // namespace unavoce::consent
