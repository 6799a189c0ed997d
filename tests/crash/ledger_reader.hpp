// Reads a ledger beside the service that writes it. Leaves the files of a dead service as they are.
// Owner: Play. Thread: one at a time. Errors: SQLite::Exception when it cannot be opened.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <filesystem>

#include "consent/ids.hpp"
#include "consent/ledger_store.hpp"

namespace unavoce::crash {

class LedgerReader {
 public:
  /// Read-only: a connection that may write would tidy up when it is closed after the service has died.
  explicit LedgerReader(const std::filesystem::path& data)
      : database_((data / "ledger.db").string(), SQLite::OPEN_READONLY, kBusy_ms) {}

  /// Reads in what the ledger is now, as long as this lives. Meanwhile nobody empties the write-ahead log, the last
  /// step of every erasure of a recording: whoever does waits up to ten seconds (storage/database.cpp).
  void hold() {
    database_.exec("BEGIN");
    SQLite::Statement read(database_, "SELECT count(*) FROM ledger_entries");
    read.executeStep();
  }

  /// Whether it is noted that this recording is being erased as a whole, or that was done.
  bool knows_erasure_of(const consent::RecordingId& recording) {
    try {
      consent::LedgerStore store(database_);
      return std::ranges::count(store.erasures_begun(), recording.hex()) != 0 || store.was_erased(recording.hex());
    } catch (const SQLite::Exception&) {
      return false;  // the service is writing
    }
  }

 private:
  static constexpr int kBusy_ms = 1000;
  SQLite::Database database_;
};

}  // namespace unavoce::crash
