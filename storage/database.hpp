// One SQLite connection, set up so that a commit is durable and a deleted row leaves no trace.
//
// WAL, synchronous=FULL, foreign_keys, secure_delete, temporary data in RAM only, untrusted schema.
// Owner: the holder; one Database per thread, several on one file are fine. Errors: open() and migrate() give
// storage::Error; the SQLiteCpp handle throws SQLite::Exception, which describe() turns into an Error. Blocks.
#pragma once

#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "storage/error.hpp"
#include "storage/file_ops.hpp"

namespace SQLite {
class Database;
}

namespace unavoce::storage {

class Database {
 public:
  /// Opens the file (0600) or makes it; the folder must exist.
  static Result<Database> open(const std::filesystem::path& path, FileOps& ops = system_file_ops());

  /// Opens an existing database to look only; no byte of it or of its write-ahead log changes, and writing fails. For
  /// files that no process is using: the caller holds their lock. (Where a crash left a write-ahead log, SQLite may put
  /// its index of it, `…-shm`, beside it.)
  static Result<Database> open_read_only(const std::filesystem::path& path);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// For SQLite::Statement and SQLite::Transaction; include <SQLiteCpp/...> in the .cpp that uses it.
  SQLite::Database& handle() noexcept { return *handle_; }

  /// Brings the tables of `component` up to date: runs those of `steps` that did not run yet, all or nothing, and
  /// remembers how many. Steps are SQL scripts; released ones are never changed, only appended to. Errc::corrupt if the
  /// file was made by a newer version.
  Result<void> migrate(std::string_view component, std::span<const std::string_view> steps);

  /// Whether SQLite finds its pages, indexes, constraints and foreign keys in order; Errc::corrupt says what is not.
  Result<void> check_integrity();

  /// Copies the WAL into the database and empties it, so that no older version of an erased row is left in it.
  /// Errc::locked while another connection reads.
  Result<void> empty_wal();

 private:
  explicit Database(std::unique_ptr<SQLite::Database> handle) noexcept;
  std::unique_ptr<SQLite::Database> handle_;
};

/// The Error for an exception out of handle(): full, locked, corrupt, or io. `file` is the database's name, for the
/// text.
Error describe(const std::exception& exception, std::string_view file);

}  // namespace unavoce::storage
