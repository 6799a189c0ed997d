// The writer of one track by itself: how much of a quiet voice a crash can cost, and how many files it makes.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <future>

#include "crypto/age.hpp"
#include "numbered_frames.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/muxer.hpp"
#include "recorder/track_writer.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

/// Where a writer writes, for whom, and what it tells.
struct Desk {
  WriterOrder order(std::uint32_t max_files = kMaxFilesOfTake) const {
    return {recording, 1, ada.approval, ada.identity.recipient(), both, std::make_shared<std::atomic<std::uint32_t>>(0),
            max_files};
  }
  void start(TrackWriter& writer) { writer.start(gate.open(recording, 1, {{ada.approval, both}}, start_ns)); }
  std::filesystem::path files() const { return folder.path() / "blobs" / recording.hex(); }

  TempFolder folder;
  storage::BlobStore blobs = storage::BlobStore::open(folder.path() / "blobs").value();
  const Person ada;
  const consent::RecordingId recording = consent::RecordingId::random();
  Config config;
  Events events;
  consent::Gate gate;
  const std::int64_t start_ns = monotonic_ns();
};

std::set<FrameName> frames_of(const crypto::SecretBytes& file) {
  const auto view = file.view();
  return frames_in({view.begin(), view.end()});
}

}  // namespace

TEST_CASE("a crash costs less than a second of a quiet voice, long before the first chunk is full") {
  Desk desk;
  TrackWriter writer(
      desk.blobs, desk.config, desk.order(),
      MediaSource{[](Stream stream) { return stream == Stream::audio ? std::optional(Codec::opus) : std::nullopt; },
                  [] {}},
      [](Event) {});
  const auto prepared = writer.prepare();
  REQUIRE(prepared);
  desk.start(writer);

  const auto tail = desk.files() / storage::tail_name(prepared.value().name);
  const auto on_disk = [&](int number) {
    const auto plain = crypto::open(read_file(tail), std::span(&desk.ada.identity, 1));
    return plain && frames_of(plain.value()).contains({Stream::audio, number});
  };
  int number = 0;
  for (int burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < 50; ++i) {
      const std::int64_t at_ns = desk.start_ns + number * std::int64_t{20'000'000};
      Frame frame = numbered_frame(Stream::audio, number++, FrameType::key, at_ns, at_ns);
      REQUIRE(writer.offer(frame) == Offered::taken);
    }
    // All but the one packet that the muxer keeps back.
    await([&] { return on_disk(number - 2); }, 1s);
  }
}

TEST_CASE("whoever changes codecs without end gets as many files as a seal has room for; the rest is counted as lost") {
  Desk desk;
  Events& events = desk.events;
  constexpr std::uint32_t kMaxFiles = 5;  // the last one is kept for a screen
  std::atomic<Codec> codec = Codec::vp8;
  TrackWriter* announced = nullptr;
  TrackWriter writer(
      desk.blobs, desk.config, desk.order(kMaxFiles),
      MediaSource{[&](Stream stream) { return stream == Stream::video ? std::optional(codec.load()) : std::nullopt; },
                  [] {}},
      [&](Event event) {
        if (const auto* prepared = std::get_if<TrackPrepared>(&event)) announced->release(prepared->track.file);
        events.add(std::move(event));
      });
  announced = &writer;
  REQUIRE(writer.prepare());
  desk.start(writer);

  int number = 0;
  const auto send = [&] {
    const std::int64_t at_ns = desk.start_ns + ++number * std::int64_t{1'000'000};
    Frame frame = numbered_frame(Stream::video, number, FrameType::key, at_ns, at_ns);
    if (codec == Codec::vp9) {
      frame.codec = Codec::vp9;
      frame.bytes = PlainBytes(std::vector<std::uint8_t>{0x82, 0x49, 0x83, 0x42, 0x20, 0x03, 0xf0, 0x02, 0xf0});
    }
    REQUIRE(writer.offer(frame) == Offered::taken);
  };
  const auto change = [&] { codec = codec == Codec::vp8 ? Codec::vp9 : Codec::vp8; };
  send();
  send();
  (void)events.await<FirstFrameSealed>();
  for (std::uint32_t file = 2; file < kMaxFiles; ++file) {
    change();
    send();
    CHECK(events.await<TrackPrepared>().track.file == file);
    send();
  }
  change();
  send();
  (void)events.await<FilesUsedUp>();
  send();
  change();
  send();  // fits the last file

  desk.gate.close(desk.start_ns + (number + 1) * std::int64_t{1'000'000});  // on a quick disk that is not over yet
  std::promise<Result<std::vector<SealedTrackFile>>> done;
  writer.finish([&](auto files) { done.set_value(std::move(files)); });
  const auto files = done.get_future().get().value();
  REQUIRE(files.size() == kMaxFiles - 1);
  CHECK(std::ranges::none_of(files, [](const auto& file) { return file.empty; }));
  CHECK(files.back().codecs == std::vector<std::string>{"vp9"});
  CHECK(files.back().frames_video == 2);
  CHECK(files.back().dropped == 2);
  CHECK(events.count<FilesUsedUp>() == 0);
  CHECK(events.count<Fault>() == 0);
}

TEST_CASE("a frame that libavformat refuses is lost, and neither the track nor anybody else ends for it") {
  Desk desk;
  TrackWriter writer(
      desk.blobs, desk.config, desk.order(),
      MediaSource{[](Stream stream) { return stream == Stream::video ? std::optional(Codec::av1) : std::nullopt; },
                  [] {}},
      [&](Event event) { desk.events.add(std::move(event)); });
  REQUIRE(writer.prepare());
  desk.start(writer);
  int number = 0;
  const auto send = [&](FrameType type, std::vector<std::uint8_t> unit) {
    const std::int64_t at_ns = desk.start_ns + ++number * std::int64_t{1'000'000};
    Frame frame = numbered_frame(Stream::video, number, type, at_ns, at_ns);
    frame.codec = Codec::av1;
    frame.bytes = PlainBytes(std::move(unit));
    REQUIRE(writer.offer(frame) == Offered::taken);
  };
  // libaom's sequence header of 320×240, and the beginning of a key frame that is shown.
  const std::vector<std::uint8_t> key{0x0a, 0x0b, 0, 0,    0,    0x04, 0x3c, 0xff, 0xbc,
                                      0xda, 0xf9, 0, 0x40, 0x32, 3,    0x10, 0,    0x84};
  const std::vector<std::uint8_t> no_unit{0x32, 0xff, 0xff, 0xff, 0x0f, 0x00};  // an OBU that is longer than its unit
  send(FrameType::key, key);
  send(FrameType::key, key);
  (void)desk.events.await<FirstFrameSealed>();
  send(FrameType::delta, no_unit);
  send(FrameType::delta, no_unit);  // waits for a key frame
  send(FrameType::key, key);
  desk.gate.close(desk.start_ns + (number + 1) * std::int64_t{1'000'000});  // on a quick disk that is not over yet
  std::promise<Result<std::vector<SealedTrackFile>>> done;
  writer.finish([&](auto files) { done.set_value(std::move(files)); });
  const auto files = done.get_future().get().value();
  REQUIRE(files.size() == 1);
  CHECK(files.front().frames_video == 3);
  CHECK(files.front().dropped == 2);
  CHECK(desk.events.count<Fault>() == 0);
  CHECK(desk.events.count<TrackGivenUp>() == 0);
}

TEST_CASE("a beginning that libavformat refuses ends that track alone, and is no fault") {
  const StreamSet streams{.audio = false, .video = VideoFormat{Codec::h264, {16, 16}, {0, 0, 0, 1, 0x68, 0xce}}};
  const auto muxer =
      Muxer::open(Container::matroska, streams, [](auto) { return Result<void>(boost::outcome_v2::success()); });
  REQUIRE_FALSE(muxer);
  CHECK(muxer.error().code == Errc::bad_media);
}

namespace {

/// A writer of pictures that is busy, from the first frame of a second session until it is told to go on.
struct BusyWriter : Desk {
  BusyWriter() {
    config.latency = testing::patience(20s);
    REQUIRE(writer.prepare());
    start(writer);
    CHECK(offer(1, FrameType::key, start_ns, 0) == Offered::taken);
    CHECK(offer(2, FrameType::key, start_ns + 1'000'000, 0) == Offered::taken);
    (void)events.await<FirstFrameSealed>();
  }
  Offered offer(int number, FrameType type, std::int64_t at_ns, std::uint64_t source) {
    Frame frame = numbered_frame(Stream::video, number, type, at_ns, at_ns);
    frame.source = source;
    return writer.offer(frame);
  }
  void keep_busy(std::int64_t at_ns) {
    CHECK(offer(3, FrameType::delta, at_ns, 1) == Offered::taken);  // of another session: a key frame is asked for
    busy.get_future().wait();
  }

  std::promise<void> busy, go_on;
  bool asked = false;
  TrackWriter writer{
      blobs, config, order(),
      MediaSource{[](Stream stream) { return stream == Stream::video ? std::optional(Codec::vp8) : std::nullopt; },
                  [this] {
                    if (std::exchange(asked, true)) return;
                    busy.set_value();
                    go_on.get_future().wait();
                  }},
      [this](Event event) { events.add(std::move(event)); }};
};

}  // namespace

TEST_CASE("what was queued in time while the writer was busy is in the file, also if the take ends over it") {
  BusyWriter made;
  const std::int64_t closed_ns = monotonic_ns();
  made.gate.close(closed_ns);
  std::promise<Result<std::vector<SealedTrackFile>>> done;
  CHECK(made.writer.finish([&](auto files) { done.set_value(std::move(files)); }) == Ordered::accepted);
  made.keep_busy(closed_ns - 3);
  CHECK(made.offer(4, FrameType::key, closed_ns - 2, 1) == Offered::taken);
  CHECK(made.offer(5, FrameType::key, closed_ns + 1, 1) == Offered::refused);
  made.go_on.set_value();
  const auto files = done.get_future().get().value();
  REQUIRE(files.size() == 1);
  const auto plain = crypto::open(read_file(made.files() / files.front().name), std::span(&made.ada.identity, 1));
  REQUIRE(plain);
  CHECK(frames_of(plain.value()) == std::set<FrameName>{{Stream::video, 1}, {Stream::video, 2}, {Stream::video, 4}});
}

TEST_CASE("whoever has a track aborted is told when its files are gone, also the second one, and it does not finish") {
  BusyWriter made;
  made.keep_busy(made.start_ns + 2'000'000);
  std::array<std::promise<Result<std::vector<std::string>>>, 2> aborted;
  for (auto& one : aborted)
    CHECK(made.writer.abort([&](auto names) { one.set_value(std::move(names)); }) == Ordered::accepted);
  made.go_on.set_value();
  for (auto& one : aborted) CHECK(one.get_future().get().value().size() == 1);
  CHECK((!std::filesystem::exists(made.files()) || std::filesystem::is_empty(made.files())));
  CHECK(made.writer.finish([](auto) { FAIL("it was aborted"); }) == Ordered::too_late);
}
