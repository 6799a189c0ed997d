#pragma once
// Ledgers of any size, for tests of what the public and witnesses see of them.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "consent/ledger.hpp"
#include "server/service_keys.hpp"

namespace unavoce::server::test {

/// A data folder whose ledger has as many entries as a test wants, for which `history` makes another content.
inline void fill_ledger(const std::filesystem::path& folder, std::uint64_t size,
                        const std::string& history = "envelope ") {
  auto keys = ServiceKeys::open(folder, "example.org/unavoce/test").value();
  auto slots = storage::ErasureSlots::open(folder / "slots").value();
  auto database = storage::Database::open(folder / "ledger.db").value();
  auto ledger = consent::Ledger::open(std::move(database), slots, std::move(keys.ledger)).value();
  std::vector<consent::NewEntry> entries(size - ledger.checkpoint().size);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].recording = std::string(32, 'a');
    entries[i].kind = "take";
    entries[i].envelope = history + std::to_string(ledger.checkpoint().size + i);
    entries[i].id = consent::StatementId(crypto::sha256(crypto::as_bytes(entries[i].envelope)));
  }
  REQUIRE(ledger.append(entries, consent::TimeMs{1'700'000'000'000}));
}

}  // namespace unavoce::server::test
