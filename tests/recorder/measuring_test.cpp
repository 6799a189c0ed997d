// Files at rest are hashed in pieces, and come to the same as in one.
#include "recorder/measuring.hpp"

#include <catch2/catch.hpp>

#include "recorder/recovery.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

constexpr const char* kName = "t001-0000000000000000-f001.webm.age";
constexpr auto kAtOnce = std::chrono::steady_clock::time_point::min();

/// A folder with one file of so many bytes, which is no age file.
struct OneFile {
  explicit OneFile(std::size_t size_bytes) : bytes(size_bytes) {
    for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 1000);
    std::filesystem::create_directories(path.parent_path());
    write_file(path, bytes);
  }

  const TempFolder folder;
  const consent::RecordingId recording = consent::RecordingId::random();
  const std::filesystem::path path = folder.path() / recording.hex() / kName;
  std::vector<std::uint8_t> bytes;
  storage::BlobStore store = storage::BlobStore::open(folder.path()).value();
};

}  // namespace

TEST_CASE("a file is measured in pieces of a megabyte, whoever has no time at all") {
  const std::size_t size_bytes = GENERATE(0, 1000, std::size_t{1} << 20, (std::size_t{3} << 20) + 17);
  OneFile one(size_bytes);
  Measuring measuring(one.store, one.recording, kName);
  int pieces = 1;
  auto found = measuring.read_until(kAtOnce);
  for (; found && !found.value(); ++pieces) found = measuring.read_until(kAtOnce);
  REQUIRE(found);
  CHECK(pieces == static_cast<int>(size_bytes >> 20) + 1);
  const SealedTrackFile& file = *found.value();
  CHECK_FALSE(file.empty);
  CHECK(file.size_bytes == size_bytes);
  CHECK(file.sha256 == crypto::sha256(one.bytes));
  CHECK(file.header_sha256 == crypto::Digest{});
  CHECK(examine(one.store, one.recording, kName).value().sha256 == file.sha256);
}

TEST_CASE("a file that is erased while it is measured is empty") {
  OneFile one(std::size_t{2} << 20);
  Measuring measuring(one.store, one.recording, kName);
  REQUIRE_FALSE(measuring.read_until(kAtOnce).value());
  std::filesystem::remove(one.path);
  const auto found = measuring.read_until(kAtOnce);
  REQUIRE(found);
  REQUIRE(found.value());
  CHECK(found.value()->empty);
  CHECK(found.value()->sha256 == crypto::Digest{});
}
