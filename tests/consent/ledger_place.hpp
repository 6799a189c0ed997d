// A ledger in a folder, and statements made up for it: shared by the tests of the ledger.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "consent/ledger.hpp"
#include "consent/ledger_entry.hpp"
#include "crypto/merkle.hpp"
#include "crypto/random.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/meeting.hpp"

namespace unavoce::testing {

using namespace consent;

namespace fs = std::filesystem;

inline constexpr TimeMs kNow{1'700'000'000'000};
inline constexpr SpanMs kMinute{60'000};

/// The files of a ledger and the key of its origin; opened as often as a test likes.
struct Place {
  TemporaryFolder folder;
  crypto::SigningKey key = crypto::SigningKey::generate();

  crypto::NoteSigner signer() const {
    return must(crypto::NoteSigner::create("example.org/test", must(crypto::SigningKey::from_seed(key.seed().view()))));
  }
  storage::ErasureSlots slots(const fs::path& in) const { return must(storage::ErasureSlots::open(in / "slots")); }
  Result<Ledger> open(const fs::path& in, storage::ErasureSlots& slots, Ledger::Observer observer = {}) const {
    return Ledger::open(must(storage::Database::open(in / "ledger.db")), slots, signer(), std::move(observer));
  }
};

/// An opened ledger with its slots.
struct Opened {
  explicit Opened(const Place& place, Ledger::Observer observer = {})
      : Opened(place, place.folder.path(), std::move(observer)) {}
  Opened(const Place& place, const fs::path& in, Ledger::Observer observer = {})
      : slots(place.slots(in)), ledger(must(place.open(in, slots, std::move(observer)))) {}
  storage::ErasureSlots slots;
  Ledger ledger;
};

/// A statement of no kind that the ledger knows; it only ever looks at texts and ids.
inline NewEntry statement(std::string_view text, std::string recording = std::string(32, 'a')) {
  NewEntry entry;
  entry.recording = std::move(recording);
  entry.kind = "take";
  entry.envelope = text;
  entry.id = StatementId(crypto::sha256(crypto::as_bytes(text)));
  return entry;
}

inline crypto::Bytes bytes(std::string_view text) {
  return crypto::Bytes(text.begin(), text.end());
}

inline NewEntry approval(std::string_view text, std::string_view recipient, std::string_view wrapped) {
  NewEntry entry = statement(text);
  entry.kind = "approval";
  entry.consent_recipient = recipient;
  entry.wrapped = bytes(wrapped);
  return entry;
}

inline Result<std::vector<Entry>> append(Ledger& ledger, const NewEntry& entry, TimeMs now = kNow) {
  return ledger.append(std::span(&entry, 1), now);
}

template <class T>
Errc code_of(const Result<T>& result) {
  if (result) FAIL("an error was expected");
  return result.error().code;
}

inline crypto::NoteVerifier verifier(const Ledger& ledger) {
  return must(crypto::NoteVerifier::parse(ledger.vkey()));
}

/// Whether the entry is provably in the tree of the checkpoint shown now.
inline bool proven(const Ledger& ledger, const Entry& entry) {
  const Proof proof = must(parse_proof(must(ledger.proof(entry.index))));
  const auto checkpoint = verify_proof(proof, commitment(entry.r, entry.entry_json), verifier(ledger));
  return checkpoint && checkpoint.value() == ledger.checkpoint();
}

}  // namespace unavoce::testing
