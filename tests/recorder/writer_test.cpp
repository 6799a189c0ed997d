// How much of a quiet voice a crash can cost: what has been said for a second is on the disk, sealed.
#include <catch2/catch.hpp>

#include "crypto/age.hpp"
#include "numbered_frames.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/track_writer.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

TEST_CASE("a crash costs less than a second of a quiet voice, long before the first chunk is full") {
  TempFolder folder;
  auto blobs = storage::BlobStore::open(folder.path() / "blobs");
  REQUIRE(blobs);
  const Person ada;
  const auto recording = consent::RecordingId::random();
  const Config config;
  TrackWriter writer(
      blobs.value(), config,
      WriterOrder{recording, 1, ada.approval, ada.identity.recipient(), both,
                  std::make_shared<std::atomic<std::uint32_t>>(0)},
      MediaSource{[](Stream stream) { return stream == Stream::audio ? std::optional(Codec::opus) : std::nullopt; },
                  [] {}},
      [](Event) {});
  const auto prepared = writer.prepare();
  REQUIRE(prepared);
  consent::Gate gate;
  const std::int64_t start_ns = monotonic_ns();
  writer.start(gate.open(recording, 1, {{ada.approval, both}}, start_ns));

  const auto tail = folder.path() / "blobs" / recording.hex() / storage::tail_name(prepared.value().name);
  const auto on_disk = [&](int number) {
    const auto plain = crypto::open(read_file(tail), std::span(&ada.identity, 1));
    if (!plain) return false;
    const auto view = plain.value().view();
    return frames_in({view.begin(), view.end()}).contains({Stream::audio, number});
  };
  int number = 0;
  for (int burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < 50; ++i) {
      const std::int64_t at_ns = start_ns + number * std::int64_t{20'000'000};
      Frame frame = numbered_frame(Stream::audio, number++, FrameType::key, at_ns, at_ns);
      REQUIRE(writer.offer(frame) == Offered::taken);
    }
    // All but the one packet that the muxer keeps back.
    await([&] { return on_disk(number - 2); }, 1s);
  }
}
