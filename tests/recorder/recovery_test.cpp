// What a start does to the files that a crash left: torn ones are repaired, the others cost it next to nothing.
#include "recorder/recovery.hpp"

#include <catch2/catch.hpp>

#include "crypto/age_header.hpp"
#include "recorder/sealed_sink.hpp"
#include "stage.hpp"
#include "watched_disk.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

/// The files of a take that was cut off: as they lie on the disk, and as they are once they are repaired.
struct Interrupted {
  Interrupted() {
    const Person ada;
    for (std::uint32_t file = 1; file <= 3; ++file) {
      names.push_back("t001-0123456789abcdef-f00" + std::to_string(file) + ".webm.age");
      auto sink = SealedSink::create(blobs, recording.hex(), names.back(), ada.identity.recipient(),
                                     {recording.hex(), 1, ada.approval.hex(), file})
                      .value();
      REQUIRE(sink.write(crypto::Bytes(media_bytes, 7)));
      REQUIRE(sink.sync_tail());
      whole.push_back(read_file(path_of(names.back())));
    }
  }
  std::filesystem::path path_of(const std::string& name) const { return blobs.root() / recording.hex() / name; }
  void put(std::size_t file, const crypto::Bytes& bytes) const { write_file(path_of(names[file]), bytes); }
  bool is_whole(std::size_t file) const { return read_file(path_of(names[file])) == whole[file]; }

  static constexpr std::size_t media_bytes = 20 * crypto::chunk_bytes + 1000;

  TempFolder folder;
  WatchedDisk disk;
  storage::BlobStore blobs = storage::BlobStore::open(folder.path() / "blobs", disk).value();
  const consent::RecordingId recording = consent::RecordingId::random();
  std::vector<std::string> names;
  std::vector<crypto::Bytes> whole;
};

}  // namespace

TEST_CASE("a start repairs files that are torn behind their last chunk, or in it, and leaves the others alone") {
  Interrupted made;
  crypto::Bytes longer = made.whole[0];
  longer.insert(longer.end(), 1000, 0xee);
  made.put(0, longer);
  crypto::Bytes overwritten = made.whole[1];
  overwritten.back() ^= 1;
  made.put(1, overwritten);

  REQUIRE(recover(made.blobs));
  for (std::size_t file = 0; file < 3; ++file) CHECK(made.is_whole(file));
}

TEST_CASE("a start writes nothing to interrupted files that an earlier one has repaired, and reads next to nothing") {
  Interrupted made;
  crypto::Bytes torn = made.whole[0];
  torn.insert(torn.end(), 1000, 0xee);
  made.put(0, torn);
  REQUIRE(recover(made.blobs));

  made.disk.forget();
  REQUIRE(recover(made.blobs));
  CHECK(made.disk.changes() == 0);
  // The heads of main file and tail, and the last bytes; the media is ten times that.
  CHECK(made.disk.bytes_read() <= 3 * (2 * crypto::max_header_bytes + 18));
  for (std::size_t file = 0; file < 3; ++file) CHECK(made.is_whole(file));
}
