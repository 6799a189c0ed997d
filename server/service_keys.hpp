#pragma once
// The service's own keys, made at first start: one signs takes, tracks and seals, the other the ledger's checkpoints.
// They open no recording. Files `service.key` and `ledger.key` in the data folder, mode 0600. Owned by Server. Errors:
// io, also when a file is damaged; unavailable where the disk may come back.

#include <filesystem>
#include <string>

#include "crypto/ed25519.hpp"
#include "crypto/note.hpp"
#include "server/error.hpp"
#include "storage/file_ops.hpp"

namespace unavoce::server {

struct ServiceKeys {
  crypto::SigningKey service;
  crypto::NoteSigner ledger;
  bool ledger_is_new = false;  ///< this call made its key: nobody can have seen anything of that ledger

  /// Reads both from the folder or makes those that are not there; a file that cannot be read is an error.
  /// `ledger_name` names a new ledger (its origin); an existing one keeps the name it got.
  static Result<ServiceKeys> open(const std::filesystem::path& data_folder, const std::string& ledger_name,
                                  storage::FileOps& ops = storage::system_file_ops());
};

}  // namespace unavoce::server
