// What a Ledger holds. Private to ledger.cpp and ledger_append.cpp. Thread: the ledger worker.
#pragma once

#include "consent/ledger.hpp"
#include "consent/ledger_entry.hpp"
#include "consent/ledger_store.hpp"
#include "crypto/merkle.hpp"
#include "crypto/slot_aead.hpp"

namespace unavoce::consent {

struct Ledger::State {
  State(storage::Database opened, storage::ErasureSlots& erasure_slots, crypto::NoteSigner note_signer,
        Observer append_observer);

  /// The tree as it stands now, as a signed note.
  Result<std::string> sign_checkpoint() const;
  /// A slot that is not there (the file was lost, or cut) holds no key: that is as good as erased.
  Result<void> erase_slot(std::uint64_t slot);
  /// After rows were deleted: their bytes are overwritten in the database and gone from its WAL.
  Result<void> overwrite_erased_rows();

  storage::Database database;
  LedgerStore store;
  storage::ErasureSlots& slots;
  crypto::NoteSigner signer;
  Observer observer;

  crypto::MerkleTree tree;        ///< durable leaves, and during an append the new ones
  std::string signed_checkpoint;  ///< the last durable one

  /// Slots of appends whose COMMIT failed. The commit may still come true: a failed fsync leaves its frames in the WAL,
  /// and a crash before the next commit would bring them back. So these keys stay until another commit has overwritten
  /// them.
  std::vector<std::uint64_t> doubtful_slots;

  std::uint64_t lost_slots = 0;  ///< were missing when the ledger was opened
};

}  // namespace unavoce::consent
