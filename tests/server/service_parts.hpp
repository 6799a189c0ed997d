#pragma once
// What handlers work with, without a network around it: a test calls a handler itself, and goes on step by step.

#include "consent/ledger.hpp"
#include "recorder/recorder.hpp"
#include "running_server.hpp"
#include "server/services.hpp"

namespace unavoce::server::test {

struct ServiceParts {
  /// The database thread is free, and nobody runs the control thread but the test.
  ServiceParts()
      : keys(ServiceKeys::open(folder.path(), "example.org/unavoce/test").value()),
        identity(keys.ledger.verifier()),
        slots(storage::ErasureSlots::open(folder.path() / "slots").value()),
        blobs(storage::BlobStore::open(folder.path() / "blobs").value()),
        ledger(consent::Ledger::open(storage::Database::open(folder.path() / "ledger.db").value(), slots,
                                     std::move(keys.ledger))
                   .value()),
        database(storage::Database::open(folder.path() / "unavoce.db").value()),
        accounts(Accounts::open(database).value()),
        rooms(RoomIndex::open(database).value()),
        recorder({}, blobs, [](const recorder::Event&) {}) {}
  ~ServiceParts() {
    executors.database.join();
    executors.workers.join();
  }
  ServiceParts(const ServiceParts&) = delete;
  ServiceParts& operator=(const ServiceParts&) = delete;

  TemporaryFolder folder;
  Config config;
  WebRoot pages;
  Log log{LogLevel::error, [](std::string_view) {}};
  Executors executors;
  ServiceKeys keys;
  crypto::NoteVerifier identity;
  storage::ErasureSlots slots;
  storage::BlobStore blobs;
  consent::Ledger ledger;
  storage::Database database;
  Accounts accounts;
  RoomIndex rooms;
  recorder::Recorder recorder;
  DiskReserve reserve{0};
  Services services{config, "http://localhost", pages, {},     log,   executors, keys.service, identity,
                    false,  accounts,           rooms, ledger, blobs, recorder,  reserve};
};

}  // namespace unavoce::server::test
