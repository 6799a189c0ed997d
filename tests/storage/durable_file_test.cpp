#include "storage/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/storage/failing_disk.hpp"
#include "tests/storage/must.hpp"
#include "tests/storage/temp_folder.hpp"

using namespace unavoce::storage;

namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

}  // namespace

TEST_CASE("files are private to the service, whatever the umask") {
  TempFolder folder;
  const mode_t before = umask(0);
  must(make_folder(system_file_ops(), folder / "data"));
  must(DurableFile::create(system_file_ops(), folder / "data" / "file"));
  umask(before);
  CHECK(mode_of(folder / "data") == 0700);
  CHECK(mode_of(folder / "data" / "file") == 0600);
}

TEST_CASE("a name is taken once") {
  TempFolder folder;
  must(DurableFile::create(system_file_ops(), folder / "file"));
  CHECK(code_of(DurableFile::create(system_file_ops(), folder / "file")) == Errc::exists);
  CHECK(code_of(DurableFile::open(system_file_ops(), folder / "other", Access::read)) == Errc::not_found);
}

TEST_CASE("symbolic links, folders and FIFOs are not opened") {
  TempFolder folder;
  must(DurableFile::create(system_file_ops(), folder / "file"));
  std::filesystem::create_symlink(folder / "file", folder / "link");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  std::filesystem::create_directory(folder / "sub");
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const char* name : {"link", "sub", "fifo"}) {
    INFO(name);
    CHECK_FALSE(DurableFile::open(system_file_ops(), folder / name, Access::read).has_value());
  }
  CHECK_FALSE(DurableFile::create(system_file_ops(), folder / "dangling").has_value());
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST_CASE("short writes are continued until everything is written") {
  TempFolder folder;
  FailingDisk disk;
  disk.limit_writes(3);
  auto file = must(DurableFile::create(disk, folder / "file"));
  must(file.write_at(2, bytes_of("0123456789")));
  CHECK(content(folder / "file") == std::string("\0\0", 2) + "0123456789");
}

namespace {

/// Two pages that begin where a page begins.
struct Pages {
  alignas(direct_alignment_bytes) std::array<std::uint8_t, 2 * direct_alignment_bytes> bytes;
  Pages() {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  }
  std::string text() const { return {bytes.begin(), bytes.end()}; }
};

}  // namespace

TEST_CASE("what goes past the page cache is read like anything else, before and after a ragged end") {
  const auto name = "unavoce-test-" + std::to_string(getpid());
  const auto path = GENERATE_COPY(std::filesystem::temp_directory_path() / name,  // a disk's
                                  std::filesystem::path("/dev/shm") / name);      // of memory
  const Pages pages;
  auto file = must(DurableFile::create(system_file_ops(), path));
  must(file.write_direct_at(0, pages.bytes));
  CHECK(content(path) == pages.text());
  must(file.write_at(pages.bytes.size(), bytes_of("end")));
  must(file.sync());
  CHECK(content(path) == pages.text() + "end");
  must(remove_name(system_file_ops(), path));
}

TEST_CASE("a block that cannot go past the page cache goes through it") {
  TempFolder folder;
  FailingDisk disk;
  const Pages pages;
  auto file = must(DurableFile::create(disk, folder / "file"));
  SECTION("refused, half of it written") {
    disk.fail_after(0, EINVAL);
  }
  SECTION("written in pieces that are no blocks") {
    disk.limit_writes(5000);
  }
  SECTION("written in blocks") {
    disk.limit_writes(direct_alignment_bytes);
  }
  must(file.write_direct_at(0, pages.bytes));
  CHECK(content(folder / "file") == pages.text());
}

TEST_CASE("an error past the page cache is an error") {
  TempFolder folder;
  FailingDisk disk;
  auto file = must(DurableFile::create(disk, folder / "file"));
  disk.fail_after(0, ENOSPC);
  CHECK(code_of(file.write_direct_at(0, Pages().bytes)) == Errc::no_space);
  disk.fail_after(0, EIO);
  CHECK(code_of(file.write_direct_at(0, Pages().bytes)) == Errc::io);
}

TEST_CASE("a full disk is told apart from a broken one") {
  TempFolder folder;
  FailingDisk disk;
  auto file = must(DurableFile::create(disk, folder / "file"));
  disk.fail_after(0, ENOSPC);
  const auto full = file.write_at(0, bytes_of("x"));
  CHECK(code_of(full) == Errc::no_space);
  CHECK(full.error().os_error == ENOSPC);
  disk.fail_after(0, EIO);
  CHECK(code_of(file.write_at(0, bytes_of("x"))) == Errc::io);
  disk.fail_after(0, EINTR);  // a signal is no failure
  must(file.write_at(0, bytes_of("x")));
}

TEST_CASE("a place beyond the largest file is an error, not a negative offset") {
  TempFolder folder;
  auto file = must(DurableFile::create(system_file_ops(), folder / "file"));
  CHECK(code_of(file.write_at(~0ULL, bytes_of("x"))) == Errc::io);
  CHECK(code_of(file.truncate(~0ULL)) == Errc::io);
  std::vector<std::uint8_t> out(4);
  CHECK(must(file.read_at(~0ULL, out)) == 0);
}

TEST_CASE("replacing a file keeps the old or the new content, wherever it fails") {
  TempFolder folder;
  for (const int os_error : {ENOSPC, EIO}) {
    for (int calls = 0;; ++calls) {
      must(replace_file(system_file_ops(), folder / "file", bytes_of("old content")));
      FailingDisk disk;
      disk.fail_after(calls, os_error);
      const auto result = replace_file(disk, folder / "file", bytes_of("new content"));
      if (!disk.has_failed()) {
        REQUIRE(result.has_value());
        CHECK(calls > 5);  // unlink, open, write, sync, rename, open folder, sync folder
        break;
      }
      INFO("call " << calls << ": " << disk.calls().back());
      CHECK_FALSE(result.has_value());
      const auto now = content(folder / "file");
      CHECK((now == "old content" || now == "new content"));
      must(replace_file(system_file_ops(), folder / "file", bytes_of("third")));  // nothing is in the way
      CHECK(content(folder / "file") == "third");
    }
  }
}

TEST_CASE("a replacement is synced before it gets the name, and the folder afterwards") {
  TempFolder folder;
  FailingDisk disk;
  must(replace_file(disk, folder / "file", bytes_of("x")));
  const auto name = folder.path().filename().native();
  CHECK(disk.calls() == std::vector<std::string>{"unlink file.tmp", "open file.tmp", "pwrite", "fdatasync",
                                                 "rename file", "open " + name, "fsync"});
}

TEST_CASE("a folder that could not be made durable is not left behind as if it were") {
  TempFolder folder;
  FailingDisk disk;
  disk.fail_after(2, EIO);  // mkdir, open parent, fsync
  CHECK(code_of(make_folder(disk, folder / "data")) == Errc::io);
  CHECK_FALSE(std::filesystem::exists(folder / "data"));
}

TEST_CASE("a lock belongs to one open file") {
  TempFolder folder;
  auto first = must(DurableFile::create(system_file_ops(), folder / "lock"));
  auto second = must(DurableFile::open(system_file_ops(), folder / "lock", Access::read_write));
  must(first.lock());
  CHECK(code_of(second.lock()) == Errc::locked);
}
