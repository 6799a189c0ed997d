#include "storage/blob_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>

#include "tests/storage/failing_disk.hpp"
#include "tests/storage/must.hpp"
#include "tests/storage/temp_folder.hpp"

using namespace unavoce::storage;

namespace {

const std::string recording = "00112233445566778899aabbccddeeff";
const std::string blob = "t001-0123456789abcdef-f001.webm.age";
const std::string tail = "t001-0123456789abcdef-f001.webm.tail.age";

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::string read(const BlobStore& store, const std::string& name) {
  const auto bytes = must(store.read_all(recording, name, 1 << 20));
  return {bytes.begin(), bytes.end()};
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

}  // namespace

TEST_CASE("what is written is read back, in parts and in whole") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(writer.write_at(0, bytes_of("hello ")));
  must(writer.write_at(6, bytes_of("world")));
  must(writer.finish());
  CHECK(must(store.size(recording, blob)) == 11);
  std::vector<std::uint8_t> part(4);
  CHECK(must(store.read_at(recording, blob, 6, part)) == 4);
  CHECK(part == bytes_of("worl"));
  CHECK(must(store.read_at(recording, blob, 9, part)) == 2);
  CHECK(must(store.read_at(recording, blob, 11, part)) == 0);
  CHECK(read(store, blob) == "hello world");
  CHECK(code_of(store.read_all(recording, blob, 10)) == Errc::corrupt);
}

TEST_CASE("no name leads out of the store or to files of its own") {
  TempFolder folder;
  std::ofstream(folder / "outside") << "secret";
  auto store = must(BlobStore::open(folder / "blobs"));
  must(store.create(recording, blob));
  const std::string long_name(101, 'a');
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../outside"), std::string("/etc/passwd"),
        std::string("a/b"), std::string(".lock"), std::string("A"), std::string("a b"), std::string("a\0b", 3),
        std::string("a\n"), std::string("x.tmp"), std::string("\xc3\xa4"), std::string("a\\b"), long_name}) {
    INFO(name);
    CHECK(code_of(store.create(recording, name)) == Errc::invalid_name);
    CHECK(code_of(store.size(recording, name)) == Errc::invalid_name);
    CHECK(code_of(store.erase(recording, name)) == Errc::invalid_name);
    CHECK(code_of(store.repair(recording, name, 0, {})) == Errc::invalid_name);
    CHECK(code_of(store.create(name, blob)) == Errc::invalid_name);
    CHECK(code_of(store.list(name)) == Errc::invalid_name);
    CHECK(code_of(store.erase_recording(name)) == Errc::invalid_name);
  }
  CHECK(std::filesystem::exists(folder / "outside"));
}

TEST_CASE("tails have no writer of their own") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  CHECK(tail_name(blob) == tail);
  CHECK(tail_name("x") == "x.tail");
  CHECK(code_of(store.create(recording, tail)) == Errc::invalid_name);
  CHECK(code_of(store.create(recording, "x.tail")) == Errc::invalid_name);
}

TEST_CASE("a blob has its name alone") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  CHECK(code_of(store.create(recording, blob)) == Errc::exists);
}

TEST_CASE("blobs and tails are listed, temporary and hidden files are not") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  CHECK(must(store.recordings()).empty());
  CHECK(code_of(store.list(recording)) == Errc::not_found);
  auto writer = must(store.create(recording, blob));
  must(writer.replace_tail(bytes_of("tail")));
  must(store.create(recording, "a.webm.age"));
  std::ofstream(folder / "blobs" / recording / (tail + ".tmp")) << "torn";
  std::ofstream(folder / "blobs" / recording / ".hidden") << "x";
  CHECK(must(store.list(recording)) == std::vector<std::string>{"a.webm.age", blob, tail});
  CHECK(must(store.recordings()) == std::vector<std::string>{recording});
}

TEST_CASE("a new blob's name and its folder are durable before the writer is handed out") {
  TempFolder folder;
  FailingDisk disk;
  auto store = must(BlobStore::open(folder / "blobs", disk));
  disk.forget_calls();
  must(store.create(recording, blob));
  CHECK(disk.calls() == std::vector<std::string>{"mkdir " + recording, "open blobs", "fsync", "open blobs", "fsync",
                                                 "open " + blob, "open " + recording, "fsync"});
}

TEST_CASE("creating a blob hands out a writer or leaves no file, wherever it fails") {
  for (const int os_error : {ENOSPC, EIO}) {
    for (int calls = 0;; ++calls) {
      TempFolder folder;
      FailingDisk disk;
      auto store = must(BlobStore::open(folder / "blobs", disk));
      disk.fail_after(calls, os_error);
      const auto writer = store.create(recording, blob);
      if (!disk.has_failed()) {
        CHECK(writer.has_value());
        CHECK(calls == 8);
        break;
      }
      INFO("call " << calls << ": " << disk.calls().back());
      CHECK_FALSE(writer.has_value());
      CHECK(must(store.create(recording, blob)).name() == blob);
    }
  }
}

TEST_CASE("a failed write is reported and the same bytes can be written there again") {
  TempFolder folder;
  FailingDisk disk;
  auto store = must(BlobStore::open(folder / "blobs", disk));
  auto writer = must(store.create(recording, blob));
  disk.fail_after(0, ENOSPC);
  CHECK(code_of(writer.write_at(0, bytes_of("0123456789"))) == Errc::no_space);
  disk.limit_writes(4);
  disk.fail_after(1, ENOSPC);  // a short write first, then the error
  CHECK(code_of(writer.write_at(0, bytes_of("0123456789"))) == Errc::no_space);
  must(writer.write_at(0, bytes_of("0123456789")));
  must(writer.finish());
  CHECK(read(store, blob) == "0123456789");
}

TEST_CASE("how much room its volume has is what the system says, or an error") {
  TempFolder folder;
  FailingDisk disk;
  auto store = must(BlobStore::open(folder / "blobs", disk));
  const auto room = must(store.room());
  CHECK(room.size_bytes == std::filesystem::space(folder / "blobs").capacity);
  CHECK(room.free_bytes <= room.size_bytes);
  disk.fail_after(0, EIO);
  CHECK(code_of(store.room()) == Errc::io);
}

TEST_CASE("after one failed sync a blob never counts as durable") {
  TempFolder folder;
  FailingDisk disk;
  auto store = must(BlobStore::open(folder / "blobs", disk));
  auto writer = must(store.create(recording, blob));
  must(writer.write_at(0, bytes_of("x")));
  must(writer.replace_tail(bytes_of("tail")));
  disk.fail_after(0, EIO);
  CHECK(code_of(writer.sync()) == Errc::io);
  CHECK(code_of(writer.sync()) == Errc::io);
  CHECK(code_of(writer.finish()) == Errc::io);
  CHECK(read(store, tail) == "tail");  // still there for the recovery
}

TEST_CASE("the tail is replaced in whole or not at all, wherever it fails") {
  for (const int os_error : {ENOSPC, EIO}) {
    for (int calls = 0;; ++calls) {
      TempFolder folder;
      FailingDisk disk;
      auto store = must(BlobStore::open(folder / "blobs", disk));
      auto writer = must(store.create(recording, blob));
      must(writer.replace_tail(bytes_of("old tail")));
      disk.fail_after(calls, os_error);
      const auto result = writer.replace_tail(bytes_of("new tail"));
      disk.heal();
      if (!disk.has_failed()) {
        CHECK(result.has_value());
        CHECK(read(store, tail) == "new tail");
        break;
      }
      INFO("call " << calls << ": " << disk.calls().back());
      CHECK_FALSE(result.has_value());
      CHECK((read(store, tail) == "old tail" || read(store, tail) == "new tail"));
      must(writer.replace_tail(bytes_of("third")));
      CHECK(read(store, tail) == "third");
    }
  }
}

TEST_CASE("finish syncs before the tail goes, and succeeds only if everything did") {
  for (int calls = 0;; ++calls) {
    TempFolder folder;
    FailingDisk disk;
    auto store = must(BlobStore::open(folder / "blobs", disk));
    auto writer = must(store.create(recording, blob));
    must(writer.write_at(0, bytes_of("sealed")));
    must(writer.replace_tail(bytes_of("tail")));
    disk.forget_calls();
    disk.fail_after(calls, EIO);
    const auto result = writer.finish();
    if (!disk.has_failed()) {
      CHECK(result.has_value());
      CHECK(disk.calls() == std::vector<std::string>{"fdatasync", "unlink " + tail, "unlink " + tail + ".tmp",
                                                     "open " + recording, "fsync"});
      CHECK(files_in(folder / "blobs" / recording) == std::set<std::string>{blob});
      break;
    }
    INFO("call " << calls << ": " << disk.calls().back());
    CHECK_FALSE(result.has_value());
    CHECK(read(store, blob) == "sealed");
    if (calls == 0) CHECK(read(store, tail) == "tail");
  }
}

TEST_CASE("abort leaves nothing, and can be repeated wherever it fails") {
  for (int calls = 0;; ++calls) {
    TempFolder folder;
    FailingDisk disk;
    auto store = must(BlobStore::open(folder / "blobs", disk));
    auto writer = must(store.create(recording, blob));
    must(writer.write_at(0, bytes_of("sealed")));
    must(writer.replace_tail(bytes_of("tail")));
    std::ofstream(folder / "blobs" / recording / (tail + ".tmp")) << "torn";
    disk.fail_after(calls, EIO);
    const auto result = writer.abort();
    const bool failed = disk.has_failed();
    INFO("call " << calls << ": " << disk.calls().back());
    CHECK(result.has_value() != failed);
    if (failed) must(writer.abort());
    CHECK(files_in(folder / "blobs" / recording).empty());
    if (!failed) break;
  }
}

TEST_CASE("one file that cannot be removed does not keep the others") {
  TempFolder folder;
  FailingDisk disk;
  auto store = must(BlobStore::open(folder / "blobs", disk));
  auto writer = must(store.create(recording, blob));
  must(writer.replace_tail(bytes_of("tail")));
  disk.fail_after(0, EIO);  // the tail
  CHECK(code_of(store.erase(recording, blob)) == Errc::io);
  CHECK(files_in(folder / "blobs" / recording) == std::set<std::string>{tail});
}

TEST_CASE("erasing removes blob, tail and temporary file, and may be repeated") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(writer.replace_tail(bytes_of("tail")));
  must(store.create(recording, "other.age"));
  std::ofstream(folder / "blobs" / recording / (tail + ".tmp")) << "torn";
  must(store.erase(recording, blob));
  CHECK(files_in(folder / "blobs" / recording) == std::set<std::string>{"other.age"});
  must(store.erase(recording, blob));
  must(store.erase("ffffffffffffffffffffffffffffffff", blob));
}

TEST_CASE("what a crash left of tails that were being written is removed, and nothing else") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(store.remove_temporary(recording));
  std::ofstream(folder / "blobs" / recording / (tail + ".tmp")) << "torn";
  must(store.remove_temporary(recording));
  CHECK(files_in(folder / "blobs" / recording) == std::set<std::string>{blob});
}

TEST_CASE("an erased blob does not come back as a tail") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(store.erase(recording, blob));
  CHECK(code_of(writer.replace_tail(bytes_of("tail"))) == Errc::not_found);
  CHECK(files_in(folder / "blobs" / recording).empty());
}

TEST_CASE("a recording is erased with everything in its folder, and it may be repeated") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(writer.replace_tail(bytes_of("tail")));
  std::ofstream(folder / "blobs" / recording / "left.tmp") << "torn";
  std::ofstream(folder / "blobs" / recording / ".hidden") << "x";
  must(store.erase_recording(recording));
  CHECK(must(store.recordings()).empty());
  CHECK_FALSE(std::filesystem::exists(folder / "blobs" / recording));
  must(store.erase_recording(recording));
}

TEST_CASE("repair cuts a torn file and ends it, and can be repeated wherever it fails") {
  for (int calls = 0;; ++calls) {
    TempFolder folder;
    FailingDisk disk;
    auto store = must(BlobStore::open(folder / "blobs", disk));
    {
      auto writer = must(store.create(recording, blob));
      must(writer.write_at(0, bytes_of("chunk 0|torn rest of chunk 1")));
      must(writer.replace_tail(bytes_of("tail")));
    }
    disk.fail_after(calls, EIO);
    const auto result = store.repair(recording, blob, 8, bytes_of("FIN"));
    disk.heal();
    const bool failed = disk.has_failed();
    INFO("call " << calls << ": " << disk.calls().back());
    CHECK(result.has_value() != failed);
    if (failed) must(store.repair(recording, blob, 8, bytes_of("FIN")));
    CHECK(read(store, blob) == "chunk 0|FIN");
    CHECK(read(store, tail) == "tail");
    if (!failed) break;
  }
}

TEST_CASE("repair refuses a file that lost what was durable") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(writer.write_at(0, bytes_of("chunk")));
  CHECK(code_of(store.repair(recording, blob, 8, bytes_of("FIN"))) == Errc::corrupt);
  CHECK(read(store, blob) == "chunk");
}

TEST_CASE("a tail can be removed on its own") {
  TempFolder folder;
  auto store = must(BlobStore::open(folder / "blobs"));
  auto writer = must(store.create(recording, blob));
  must(writer.replace_tail(bytes_of("tail")));
  must(store.remove_tail(recording, blob));
  CHECK(must(store.list(recording)) == std::vector<std::string>{blob});
  CHECK(code_of(store.remove_tail(recording, tail)) == Errc::invalid_name);
}

TEST_CASE("two stores cannot use one folder, in one process or in two") {
  TempFolder folder;
  const auto locked_for_child = [&] {
    const pid_t child = fork();
    if (child == 0) {
      const auto other = BlobStore::open(folder / "blobs");
      _exit(other ? 0 : other.error().code == Errc::locked ? 1 : 2);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status) == 1;
  };
  {
    const auto store = must(BlobStore::open(folder / "blobs"));
    CHECK(code_of(BlobStore::open(folder / "blobs")) == Errc::locked);
    CHECK(locked_for_child());
  }
  CHECK_FALSE(locked_for_child());
}
