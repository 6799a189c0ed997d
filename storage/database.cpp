#include "storage/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <string>
#include <utility>

#include "storage/durable_file.hpp"

namespace unavoce::storage {

namespace {

/// How long a connection waits for another one's write transaction; those last a few fsyncs.
constexpr int busy_timeout_ms = 10'000;

/// SQLite would make the file with the umask's mode; WAL and shared memory files take theirs from it.
Result<void> make_private(FileOps& ops, const std::filesystem::path& path) {
  const auto created = DurableFile::create(ops, path);
  if (created) return sync_folder(ops, path.parent_path());
  if (created.error().code == Errc::exists) return boost::outcome_v2::success();
  return created.as_failure();
}

void set_up(SQLite::Database& database) {
  // Each of these is per connection, but journal_mode. synchronous=FULL syncs the WAL at every commit, which NORMAL
  // does not. Sorts and temporary tables stay in RAM: nothing of ours may lie in /tmp.
  std::string mode;
  SQLite::Statement set_mode(database, "PRAGMA journal_mode=WAL");
  // To its end: the row comes first, and then what may fail, writing the mode down.
  while (set_mode.executeStep()) mode = set_mode.getColumn(0).getString();
  if (mode != "wal") throw SQLite::Exception("write-ahead log refused, journal_mode is " + mode);
  database.exec(
      "PRAGMA synchronous=FULL;"
      "PRAGMA foreign_keys=ON;"
      "PRAGMA secure_delete=ON;"
      "PRAGMA temp_store=MEMORY;"
      "PRAGMA trusted_schema=OFF;"
      "PRAGMA cell_size_check=ON;");
}

std::string file_of(const SQLite::Database& database) {
  return std::filesystem::path(database.getFilename()).filename().native();
}

/// The path as SQLite's URI, in which '?', '#' and '%' would mean something.
std::string uri_of(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : path.native()) {
    if (c == '?')
      uri += "%3f";
    else if (c == '#')
      uri += "%23";
    else if (c == '%')
      uri += "%25";
    else
      uri += c;
  }
  return uri;
}

/// How many steps of `component` have run.
std::int64_t steps_done(SQLite::Database& database, const std::string& component) {
  database.exec("CREATE TABLE IF NOT EXISTS migrations(component TEXT PRIMARY KEY, steps INTEGER NOT NULL) STRICT");
  SQLite::Statement query(database, "SELECT steps FROM migrations WHERE component = ?");
  query.bind(1, component);
  return query.executeStep() ? query.getColumn(0).getInt64() : 0;
}

void remember(SQLite::Database& database, const std::string& component, std::int64_t steps) {
  SQLite::Statement insert(database,
                           "INSERT INTO migrations(component, steps) VALUES(?, ?) "
                           "ON CONFLICT(component) DO UPDATE SET steps = excluded.steps");
  insert.bind(1, component);
  insert.bind(2, steps);
  insert.exec();
}

}  // namespace

Database::Database(std::unique_ptr<SQLite::Database> handle) noexcept : handle_(std::move(handle)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& path, FileOps& ops) {
  BOOST_OUTCOME_TRY(make_private(ops, path));
  try {
    auto handle = std::make_unique<SQLite::Database>(path.native(), SQLite::OPEN_READWRITE, busy_timeout_ms);
    set_up(*handle);
    return Database(std::move(handle));
  } catch (const SQLite::Exception& exception) {
    Error error = describe(exception, path.filename().native());
    error.text = "cannot open the database " + path.native() + ": " + error.text;
    return error;
  }
}

Result<Database> Database::open_read_only(const std::filesystem::path& path) {
  try {
    BOOST_OUTCOME_TRY(const auto file, DurableFile::open(system_file_ops(), path, Access::read));
    std::error_code no_wal;
    const bool has_wal = std::filesystem::file_size(path.native() + "-wal", no_wal) > 0 && !no_wal;
    // Without a log nothing but this file is read: "immutable" keeps SQLite from making a log and an index for it.
    const std::string uri = uri_of(path) + (has_wal ? "?mode=ro" : "?immutable=1");
    auto handle = std::make_unique<SQLite::Database>(uri, SQLite::OPEN_READONLY | SQLite::OPEN_URI, busy_timeout_ms);
    handle->exec("PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;");
    return Database(std::move(handle));
  } catch (const SQLite::Exception& exception) {
    Error error = describe(exception, path.filename().native());
    error.text = "cannot read the database " + path.native() + ": " + error.text;
    return error;
  }
}

Result<void> Database::check_integrity() {
  try {
    std::string found;
    SQLite::Statement check(*handle_, "PRAGMA integrity_check(5)");
    while (check.executeStep()) {
      const std::string line = check.getColumn(0).getString();
      if (line != "ok") found += (found.empty() ? "" : "; ") + line;
    }
    SQLite::Statement references(*handle_, "PRAGMA foreign_key_check");
    if (references.executeStep()) found += "; rows of " + references.getColumn(0).getString() + " refer to nothing";
    if (found.empty()) return boost::outcome_v2::success();
    return Error{Errc::corrupt, 0, found};
  } catch (const SQLite::Exception& exception) {
    return describe(exception, file_of(*handle_));
  }
}

Result<void> Database::migrate(std::string_view component, std::span<const std::string_view> steps) {
  const std::string name(component);
  try {
    SQLite::Transaction transaction(*handle_, SQLite::TransactionBehavior::IMMEDIATE);
    const auto done = static_cast<std::size_t>(steps_done(*handle_, name));
    if (done > steps.size()) {
      return Error{Errc::corrupt, 0,
                   "the tables of " + name + " in " + handle_->getFilename() +
                       " were made by a newer version of this program; use that version"};
    }
    for (const auto step : steps.subspan(done)) handle_->exec(std::string(step));
    remember(*handle_, name, static_cast<std::int64_t>(steps.size()));
    transaction.commit();
    return boost::outcome_v2::success();
  } catch (const SQLite::Exception& exception) {
    Error error = describe(exception, file_of(*handle_));
    error.text = "cannot bring the tables of " + name + " up to date: " + error.text;
    return error;
  }
}

Result<void> Database::empty_wal() {
  try {
    SQLite::Statement checkpoint(*handle_, "PRAGMA wal_checkpoint(TRUNCATE)");
    checkpoint.executeStep();
    // First column: 1 if a reader or writer was in the way.
    if (checkpoint.getColumn(0).getInt() == 0) return boost::outcome_v2::success();
    return Error{Errc::locked, 0, "the write-ahead log cannot be emptied while another connection reads"};
  } catch (const SQLite::Exception& exception) {
    return describe(exception, file_of(*handle_));
  }
}

Error describe(const std::exception& exception, std::string_view file) {
  const auto* const sqlite = dynamic_cast<const SQLite::Exception*>(&exception);
  const std::string text = std::string(file) + ": SQLite: " + exception.what();
  switch (sqlite == nullptr ? SQLITE_ERROR : sqlite->getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return Error{Errc::no_space, 0, text + "; free some space or give the data folder a larger volume"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Errc::locked, 0, text};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error{Errc::corrupt, 0, text + "; restore the database from a backup"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return Error{Errc::io, 0, text + "; the disk fails or is mounted read-only, look into the kernel log"};
    default:
      return Error{Errc::io, 0, text};
  }
}

}  // namespace unavoce::storage
