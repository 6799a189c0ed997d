// A recognisable media payload goes in; nothing this process wrote holds it in the clear. The same scan finds it when
// the sealing stage is replaced by one that lets everything through: a scan that never finds anything proves nothing.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "crypto/random.hpp"
#include "recorder/track_file.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

using Payload = std::array<std::uint8_t, 40>;
constexpr std::int64_t kFrame_ns = 20'000'000;
constexpr int kFrames = 2500;  // about 100 KB: more than one sealed chunk

/// An Opus frame of 20 ms (TOC 0xFC, RFC 6716 section 3.1) whose content is the payload.
Frame frame_with(const Payload& payload, int number) {
  std::vector<std::uint8_t> bytes{0xFC};
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  Frame frame;
  frame.type = FrameType::key;
  frame.bytes = PlainBytes(bytes);
  frame.pts_ns = frame.first_arrival_ns = frame.last_arrival_ns = number * kFrame_ns;
  return frame;
}

bool holds(const std::filesystem::path& file, const Payload& payload) {
  const auto bytes = read_file(file);
  return std::search(bytes.begin(), bytes.end(), payload.begin(), payload.end()) != bytes.end();
}

/// Everything written that holds the payload: files below the folder, and files this process has open anywhere,
/// unlinked ones too.
std::vector<std::string> places_with(const Payload& payload, const std::filesystem::path& folder) {
  std::vector<std::string> places;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && holds(entry.path(), payload)) places.push_back(entry.path().filename());
  }
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::is_regular_file(entry.path(), gone) && holds(entry.path(), payload))
      places.push_back(entry.path());
  }
  return places;
}

/// A blob store in a folder that is also where temporary files go.
struct Disk {
  Disk() {
    std::filesystem::create_directory(folder.path() / "temp");
    setenv("TMPDIR", (folder.path() / "temp").c_str(), 1);
  }
  ~Disk() { unsetenv("TMPDIR"); }
  TempFolder folder;
  storage::BlobStore blobs = storage::BlobStore::open(folder.path() / "blobs").value();
};

}  // namespace

TEST_CASE("a known payload is nowhere in the clear, at no moment between the first frame and the sealed file") {
  Disk disk;
  const auto payload = crypto::random_array<std::tuple_size_v<Payload>>();
  const auto owner = crypto::Identity::generate();
  const FileContext context{
      consent::RecordingId::random(), 1, consent::StatementId::random(), 1, {consent::Kind::audio}, Container::webm};
  auto file = TrackFile::create(disk.blobs, owner.recipient(), context).value();
  REQUIRE(file->open_streams({.audio = true, .video = {}}, 0));
  for (int number = 0; number < kFrames; ++number) {
    REQUIRE(file->write(frame_with(payload, number)));
    if (number % 25 != 0) continue;
    REQUIRE(file->flush());  // cluster, chunks and tail are on the disk now
    if (number % 250 == 0) CHECK(places_with(payload, disk.folder.path()).empty());
  }
  const auto sealed = file->finish(0, 0).value();
  CHECK(places_with(payload, disk.folder.path()).empty());

  // It is in there: whoever has the key finds every single one.
  const auto path = disk.folder.path() / "blobs" / context.recording.hex() / sealed.name;
  const auto plain = crypto::open(read_file(path), std::span(&owner, 1)).value();
  int found = 0;
  for (auto at = plain.view().begin();; ++found) {
    at = std::search(at, plain.view().end(), payload.begin(), payload.end());
    if (at == plain.view().end()) break;
    at += payload.size();
  }
  CHECK(found == kFrames);
}

TEST_CASE("with sealing switched off the same scan finds the known payload") {
  Disk disk;
  const auto payload = crypto::random_array<std::tuple_size_v<Payload>>();
  auto writer = disk.blobs.create(consent::RecordingId::random().hex(), "unsealed.webm").value();
  std::uint64_t end = 0;
  // The double of the sealing stage: the muxer's bytes go to the disk as they are.
  auto muxer = Muxer::open(Container::webm, {.audio = true, .video = {}},
                           [&](std::span<const std::uint8_t> plain) -> Result<void> {
                             BOOST_OUTCOME_TRY(writer.write_at(end, plain));
                             end += plain.size();
                             return boost::outcome_v2::success();
                           })
                   .value();
  for (int number = 0; number < 100; ++number) REQUIRE(muxer->write(frame_with(payload, number), number * 20));
  REQUIRE(muxer->finish());
  const auto places = places_with(payload, disk.folder.path());
  CHECK(std::count(places.begin(), places.end(), "unsealed.webm") == 1);
  CHECK(places.size() == 2);  // by its name, and through the writer's open file
}
