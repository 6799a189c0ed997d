#include "storage/erasure_slots.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/storage/failing_disk.hpp"
#include "tests/storage/must.hpp"
#include "tests/storage/temp_folder.hpp"

using namespace unavoce::storage;

namespace {

using Key = std::array<std::uint8_t, 32>;

Key key_of(std::uint8_t value) {
  Key key;
  key.fill(value);
  return key;
}

Key read(const ErasureSlots& slots, std::uint64_t slot) {
  Key out{};
  must(slots.read(slot, out));
  return out;
}

bool is_erased(const ErasureSlots& slots, std::uint64_t slot) {
  Key out{};
  return code_of(slots.read(slot, out)) == Errc::not_found;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("keys survive a restart") {
  TempFolder folder;
  {
    auto slots = must(ErasureSlots::open(folder / "slots"));
    CHECK(must(slots.store(key_of(1))) == 0);
    CHECK(must(slots.store(key_of(2))) == 1);
  }
  const auto slots = must(ErasureSlots::open(folder / "slots"));
  CHECK(slots.count() == 2);
  CHECK(read(slots, 0) == key_of(1));
  CHECK(read(slots, 1) == key_of(2));
}

TEST_CASE("an erased key is nowhere in the file") {
  TempFolder folder;
  auto slots = must(ErasureSlots::open(folder / "slots"));
  must(slots.store(key_of(0xaa)));
  must(slots.store(key_of(0xbb)));
  REQUIRE(content(folder / "slots").find('\xaa') != std::string::npos);
  must(slots.erase(0));
  CHECK(is_erased(slots, 0));
  CHECK(content(folder / "slots").find('\xaa') == std::string::npos);
  CHECK(read(slots, 1) == key_of(0xbb));
}

TEST_CASE("an erased slot is never used again, so that erasing twice hits nobody else's key") {
  TempFolder folder;
  {
    auto slots = must(ErasureSlots::open(folder / "slots"));
    must(slots.store(key_of(1)));
    must(slots.erase(0));
  }
  auto slots = must(ErasureSlots::open(folder / "slots"));
  CHECK(must(slots.store(key_of(2))) == 1);
  must(slots.erase(0));
  CHECK(read(slots, 1) == key_of(2));
}

TEST_CASE("slots that are reserved count as erased, are never given out, and leave the others as they are") {
  TempFolder folder;
  {
    auto slots = must(ErasureSlots::open(folder / "slots"));
    must(slots.store(key_of(1)));
    must(slots.reserve(3));
    must(slots.reserve(2));
  }
  auto slots = must(ErasureSlots::open(folder / "slots"));
  CHECK(slots.count() == 3);
  CHECK(read(slots, 0) == key_of(1));
  CHECK(is_erased(slots, 2));
  CHECK(must(slots.store(key_of(2))) == 3);
}

TEST_CASE("a slot that was never used is told apart") {
  TempFolder folder;
  auto slots = must(ErasureSlots::open(folder / "slots"));
  Key out{};
  CHECK(code_of(slots.read(0, out)) == Errc::not_found);
  CHECK(code_of(slots.erase(0)) == Errc::not_found);
  CHECK(code_of(slots.read(~0ULL, out)) == Errc::not_found);
  CHECK_THROWS_AS(slots.store(Key{}), std::invalid_argument);
}

TEST_CASE("a key is handed out only if it is durable, wherever storing fails") {
  for (const int os_error : {ENOSPC, EIO}) {
    for (int calls = 0;; ++calls) {
      TempFolder folder;
      FailingDisk disk;
      auto slots = must(ErasureSlots::open(folder / "slots", disk));
      must(slots.store(key_of(1)));
      disk.limit_writes(20);
      disk.fail_after(calls, os_error);
      const auto result = slots.store(key_of(2));
      if (!disk.has_failed()) {
        CHECK(must(result) == 1);
        CHECK(calls == 3);  // two short writes, a sync
        break;
      }
      CHECK_FALSE(result.has_value());
      CHECK(slots.count() == 1);
      CHECK(must(slots.store(key_of(3))) == 1);
      CHECK(read(slots, 0) == key_of(1));
      CHECK(read(slots, 1) == key_of(3));
    }
  }
}

TEST_CASE("a failed erasure is reported and succeeds when it is repeated") {
  for (int calls = 0; calls < 2; ++calls) {
    TempFolder folder;
    FailingDisk disk;
    auto slots = must(ErasureSlots::open(folder / "slots", disk));
    must(slots.store(key_of(1)));
    disk.fail_after(calls, EIO);
    CHECK(code_of(slots.erase(0)) == Errc::io);
    must(slots.erase(0));
    CHECK(is_erased(slots, 0));
  }
}

TEST_CASE("a slot that a crash left half-written is cut off") {
  TempFolder folder;
  must(must(ErasureSlots::open(folder / "slots")).store(key_of(1)));
  std::ofstream(folder / "slots", std::ios::app | std::ios::binary) << "half";
  auto slots = must(ErasureSlots::open(folder / "slots"));
  CHECK(slots.count() == 1);
  CHECK(must(slots.store(key_of(2))) == 1);
  CHECK(read(slots, 0) == key_of(1));
  CHECK(read(slots, 1) == key_of(2));
}

TEST_CASE("opening is completed by the next one, wherever the first fails") {
  for (int calls = 0;; ++calls) {
    TempFolder folder;
    FailingDisk disk;
    disk.fail_after(calls, EIO);
    {
      const auto first = ErasureSlots::open(folder / "slots", disk);
      if (!disk.has_failed()) break;
      INFO("call " << calls << ": " << disk.calls().back());
      CHECK_FALSE(first.has_value());
    }
    auto slots = must(ErasureSlots::open(folder / "slots", disk));
    CHECK(must(slots.store(key_of(1))) == 0);
  }
}

TEST_CASE("slots that are opened to look only are read, not written, and locked") {
  TempFolder folder;
  {
    auto slots = must(ErasureSlots::open(folder / "slots"));
    must(slots.store(key_of(1)));
    must(slots.store(key_of(2)));
    must(slots.erase(0));
  }
  std::ofstream(folder / "slots", std::ios::app) << "half";
  const std::string before = content(folder / "slots");
  auto slots = must(ErasureSlots::open_read_only(folder / "slots"));
  CHECK(slots.count() == 2);
  CHECK(is_erased(slots, 0));
  CHECK(read(slots, 1) == key_of(2));
  CHECK_FALSE(slots.store(key_of(3)));
  CHECK_FALSE(slots.erase(1));
  CHECK(content(folder / "slots") == before);
  CHECK(code_of(ErasureSlots::open(folder / "slots")) == Errc::locked);
  CHECK(code_of(ErasureSlots::open_read_only(folder / "nothing")) == Errc::not_found);
  std::ofstream(folder / "empty");
  CHECK(code_of(ErasureSlots::open_read_only(folder / "empty")) == Errc::corrupt);
}

TEST_CASE("a file that is something else is left alone") {
  TempFolder folder;
  for (const char* other : {"#", "this is not a file of erasure slots, but something that matters"}) {
    std::ofstream(folder / "slots") << other;
    CHECK(code_of(ErasureSlots::open(folder / "slots")) == Errc::corrupt);
    CHECK(content(folder / "slots") == other);
  }
}

TEST_CASE("one process at a time has the slots") {
  TempFolder folder;
  const auto slots = must(ErasureSlots::open(folder / "slots"));
  CHECK(code_of(ErasureSlots::open(folder / "slots")) == Errc::locked);
}

TEST_CASE("threads get slots of their own") {
  TempFolder folder;
  auto slots = must(ErasureSlots::open(folder / "slots"));
  constexpr int keys_per_thread = 20;
  const auto store_and_check = [&](std::uint8_t thread) {
    bool good = true;
    for (int i = 0; i < keys_per_thread; ++i) {
      const auto slot = slots.store(key_of(thread));
      Key out{};
      good = good && slot && slots.read(slot.value(), out) && out == key_of(thread);
    }
    return good;
  };
  bool good[2] = {};
  std::thread first([&] { good[0] = store_and_check(1); });
  std::thread second([&] { good[1] = store_and_check(2); });
  first.join();
  second.join();
  CHECK((good[0] && good[1]));
  CHECK(slots.count() == 2 * keys_per_thread);
}
