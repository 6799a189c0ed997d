#include "storage/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/storage/must.hpp"
#include "tests/storage/temp_folder.hpp"

using namespace unavoce::storage;

namespace {

std::string pragma(Database& database, const std::string& name) {
  return database.handle().execAndGet("PRAGMA " + name).getString();
}

const std::vector<std::string_view> first_version = {"CREATE TABLE person(name TEXT NOT NULL) STRICT;"};
const std::vector<std::string_view> second_version = {first_version[0], "ALTER TABLE person ADD COLUMN age INTEGER;"};

bool folder_contains(const std::filesystem::path& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (content.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every connection is durable, checks references and erases what it deletes") {
  TempFolder folder;
  auto first = must(Database::open(folder / "db"));
  auto second = must(Database::open(folder / "db"));
  for (Database* database : {&first, &second}) {
    CHECK(pragma(*database, "journal_mode") == "wal");
    CHECK(pragma(*database, "synchronous") == "2");
    CHECK(pragma(*database, "foreign_keys") == "1");
    CHECK(pragma(*database, "secure_delete") == "1");
    CHECK(pragma(*database, "temp_store") == "2");
    CHECK(pragma(*database, "trusted_schema") == "0");
  }
}

TEST_CASE("database files are private to the service") {
  TempFolder folder;
  const mode_t before = umask(0);
  auto database = must(Database::open(folder / "db"));
  must(database.migrate("test", first_version));
  umask(before);
  for (const char* name : {"db", "db-wal", "db-shm"}) {
    struct stat info {};
    REQUIRE(stat((folder / name).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("each step runs once") {
  TempFolder folder;
  {
    auto database = must(Database::open(folder / "db"));
    must(database.migrate("test", first_version));
    must(database.migrate("test", first_version));
    database.handle().exec("INSERT INTO person(name) VALUES('Ada')");
  }
  auto database = must(Database::open(folder / "db"));
  must(database.migrate("test", second_version));
  CHECK(database.handle().execAndGet("SELECT count(*) FROM person WHERE age IS NULL").getInt() == 1);
}

TEST_CASE("a step that fails leaves nothing of its run") {
  TempFolder folder;
  auto database = must(Database::open(folder / "db"));
  const std::vector<std::string_view> broken = {first_version[0], "CREATE TABLE nonsense(;"};
  CHECK_FALSE(database.migrate("test", broken).has_value());
  CHECK_FALSE(database.handle().tableExists("person"));
  must(database.migrate("test", second_version));
  CHECK(database.handle().tableExists("person"));
}

TEST_CASE("components count their steps apart") {
  TempFolder folder;
  auto database = must(Database::open(folder / "db"));
  const std::vector<std::string_view> other = {"CREATE TABLE other(x INTEGER) STRICT;"};
  must(database.migrate("test", second_version));
  must(database.migrate("other", other));
  CHECK(database.handle().tableExists("other"));
}

TEST_CASE("tables of a newer version are refused") {
  TempFolder folder;
  auto database = must(Database::open(folder / "db"));
  must(database.migrate("test", second_version));
  CHECK(code_of(database.migrate("test", first_version)) == Errc::corrupt);
}

TEST_CASE("a file that is no database is refused") {
  TempFolder folder;
  std::ofstream(folder / "db") << std::string(8192, 'x');
  CHECK(code_of(Database::open(folder / "db")) == Errc::corrupt);
  CHECK(code_of(Database::open(folder / "missing" / "db")) == Errc::not_found);
}

TEST_CASE("a deleted row is in no file once the WAL is emptied") {
  TempFolder folder;
  auto database = must(Database::open(folder / "db"));
  must(database.migrate("test", first_version));
  const std::string name = "Recognisable-Pseudonym";
  database.handle().exec("INSERT INTO person(name) VALUES('" + name + "')");
  must(database.empty_wal());
  REQUIRE(folder_contains(folder.path(), name));
  database.handle().exec("DELETE FROM person");
  must(database.empty_wal());
  CHECK_FALSE(folder_contains(folder.path(), name));
}

TEST_CASE("the WAL is not emptied under a reader") {
  TempFolder folder;
  auto writer = must(Database::open(folder / "db"));
  auto reader = must(Database::open(folder / "db"));
  must(writer.migrate("test", first_version));
  writer.handle().exec("INSERT INTO person(name) VALUES('Ada')");
  reader.handle().exec("BEGIN");
  REQUIRE(reader.handle().execAndGet("SELECT count(*) FROM person").getInt() == 1);
  writer.handle().exec("PRAGMA busy_timeout=0; DELETE FROM person");
  CHECK(code_of(writer.empty_wal()) == Errc::locked);
}

TEST_CASE("exceptions of the handle become errors with a code") {
  TempFolder folder;
  auto first = must(Database::open(folder / "db"));
  auto second = must(Database::open(folder / "db"));
  first.handle().exec("BEGIN IMMEDIATE");
  second.handle().exec("PRAGMA busy_timeout=0");
  try {
    second.handle().exec("BEGIN IMMEDIATE");
    FAIL("the database should be locked");
  } catch (const std::exception& exception) {
    CHECK(describe(exception, "x.db").code == Errc::locked);
  }
}

TEST_CASE("a database that is opened to look only cannot be written, and no file appears beside it") {
  TempFolder folder;
  must(must(Database::open(folder / "db")).migrate("people", first_version));
  auto database = must(Database::open_read_only(folder / "db"));
  CHECK(database.handle().execAndGet("SELECT count(*) FROM person").getInt() == 0);
  CHECK_THROWS_AS(database.handle().exec("INSERT INTO person VALUES ('Ada')"), SQLite::Exception);
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "."), {}) == 1);
  CHECK(code_of(Database::open_read_only(folder / "nothing")) == Errc::not_found);
}

TEST_CASE("a database that is opened to look only shows what stands in its log alone, and leaves it there") {
  TempFolder folder;
  auto writer = must(Database::open(folder / "db"));
  must(writer.migrate("people", first_version));
  must(writer.empty_wal());
  writer.handle().exec("INSERT INTO person VALUES ('Ada')");
  // As a crash leaves them: without the index of the log, and with nobody who has them open.
  const std::filesystem::path odd = folder / "db?mode=memory#%41";
  const std::filesystem::path log = odd.native() + "-wal";
  std::filesystem::copy_file(folder / "db", odd);
  std::filesystem::copy_file(folder / "db-wal", log);
  const auto log_bytes = std::filesystem::file_size(log);
  {
    auto database = must(Database::open_read_only(odd));
    CHECK(database.handle().execAndGet("SELECT name FROM person").getString() == "Ada");
    CHECK(database.check_integrity());
  }
  CHECK(std::filesystem::file_size(log) == log_bytes);
}

TEST_CASE("a reference to nothing is found") {
  TempFolder folder;
  auto database = must(Database::open(folder / "db"));
  CHECK(database.check_integrity());
  database.handle().exec(
      "CREATE TABLE a(x INTEGER PRIMARY KEY) STRICT; CREATE TABLE b(x INTEGER REFERENCES a) STRICT;"
      "PRAGMA foreign_keys=OFF; INSERT INTO b VALUES (1)");
  CHECK(code_of(database.check_integrity()) == Errc::corrupt);
}
