// What is left of a take when the process or the disk fails in the middle of it.
#include <catch2/catch.hpp>

#include "broken_disk.hpp"
#include "crypto/age.hpp"
#include "crypto/hash.hpp"
#include "numbered_frames.hpp"
#include "recorder/monotonic.hpp"
#include "recorder/recovery.hpp"
#include "recorder/track_writer.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

/// (age -d main | head -c -2; age -d tail), as DESIGN 7 has it, with the `age` program.
std::filesystem::path open_interrupted(const std::filesystem::path& folder, const consent::RecordingId& recording,
                                       const std::string& name, const Person& person) {
  const auto key = folder / "e.txt";
  const auto text = person.identity.secret_text();
  write_file(key, {text.view().begin(), text.view().end()});
  const auto in = [&](const std::string& file) { return (folder / "copy" / recording.hex() / file).string(); };
  const auto out = folder / "plain.webm";
  run("bash -o pipefail -c '(age -d -i " + key.string() + " " + in(name) + " | head -c -2; age -d -i " + key.string() +
      " " + in(storage::tail_name(name)) + ") > " + out.string() + "'");
  return out;
}

}  // namespace

TEST_CASE("a take that was cut off in the middle opens after a repair that needs no key") {
  Stage stage;
  const Person ada;
  PublisherOptions large;  // several chunks
  large.width = 640;
  large.height = 480;
  large.keyframe_distance = 5;
  const auto publisher = stage.join(ada, large);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  const auto name = stage.files().at(0);
  await([&] { return std::filesystem::file_size(stage.path_of(name)) > 3 * 65536; });

  // The process is gone: what counts is what the disk holds at one instant. The main file is torn on top of that.
  const auto copy = stage.folder.path() / "copy";
  std::filesystem::create_directories(copy / stage.recording.hex());
  for (const std::string& file : stage.files()) {
    std::filesystem::copy_file(stage.path_of(file), copy / stage.recording.hex() / file);
  }
  auto torn = read_file(copy / stage.recording.hex() / name);
  torn.insert(torn.end(), 1000, 0xee);
  write_file(copy / stage.recording.hex() / name, torn);

  auto store = storage::BlobStore::open(copy);
  REQUIRE(store);
  for (int round = 0; round < 2; ++round) {
    REQUIRE(recover(store.value()));
    const auto webm = open_interrupted(stage.folder.path(), stage.recording, name, ada);
    CHECK(run("ffmpeg -v error -i " + webm.string() + " -fps_mode passthrough -enc_time_base 1:90000 -f null -") == "");
    CHECK(run("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 " + webm.string()) == "vp8\nopus\n");
  }
  const auto examined = examine(store.value(), stage.recording, name);
  REQUIRE(examined);
  CHECK_FALSE(examined.value().empty);
  CHECK(examined.value().sha256 == crypto::sha256(read_file(copy / stage.recording.hex() / name)));
  CHECK(examine(store.value(), stage.recording, "t009-0000000000000000-f001.webm.age").value().empty);
}

TEST_CASE("the first tail of a file, if a crash cut it off, is removed, though it leaves nothing to repair by") {
  const TempFolder folder;
  auto store = storage::BlobStore::open(folder.path() / "blobs");
  REQUIRE(store);
  const std::string recording = consent::RecordingId::random().hex();
  const std::string name = "t001-0123456789abcdef-f001.webm.age";
  REQUIRE(store.value().create(recording, name).has_value());
  const auto torn = folder.path() / "blobs" / recording / (storage::tail_name(name) + ".tmp");
  write_file(torn, {1, 2, 3});
  REQUIRE(recover(store.value()));
  CHECK_FALSE(std::filesystem::exists(torn));
  CHECK(std::filesystem::exists(torn.parent_path() / name));
}

TEST_CASE("a disk that fails in a take is told as a fault, and what was sealed before stays readable") {
  BrokenDisk disk;
  TempFolder folder;
  auto store = storage::BlobStore::open(folder.path() / "copy", disk);
  REQUIRE(store);
  const Person ada;
  Events events;
  const auto recording = consent::RecordingId::random();
  const Config config;
  TrackWriter writer(
      store.value(), config,
      WriterOrder{recording, 1, ada.approval, ada.identity.recipient(), both,
                  std::make_shared<std::atomic<std::uint32_t>>(0)},
      MediaSource{[](Stream stream) { return stream == Stream::audio ? std::optional(Codec::opus) : std::nullopt; },
                  [] {}},
      [&](Event event) { events.add(std::move(event)); });
  REQUIRE(writer.prepare());
  consent::Gate gate;
  std::int64_t t = monotonic_ns();
  writer.start(gate.open(recording, 1, {{ada.approval, both}}, t));
  int number = 0;
  const auto sound = [&] {
    t += 20'000'000;
    Frame frame = numbered_frame(Stream::audio, number++, FrameType::key, t, t);
    return writer.offer(frame);
  };
  CHECK(sound() == Offered::taken);
  CHECK(sound() == Offered::taken);  // the muxer keeps the last one back
  events.await<FirstFrameSealed>();

  disk.break_now();
  sound();
  const auto fault = events.await<Fault>();
  CHECK(fault.approval == ada.approval);
  CHECK_FALSE(fault.text.empty());
  for (int i = 0; i < 3; ++i) CHECK(sound() == Offered::taken);

  gate.close(t + 1);
  std::promise<Result<std::vector<SealedTrackFile>>> done;
  writer.finish([&](auto files) { done.set_value(std::move(files)); });
  const auto files = done.get_future().get();
  REQUIRE(files);
  REQUIRE(files.value().size() == 1);
  CHECK_FALSE(files.value()[0].empty);
  CHECK(files.value()[0].dropped == 3);

  disk.heal();
  REQUIRE(recover(store.value()));
  const auto tail = read_file(folder.path() / "copy" / recording.hex() / storage::tail_name(files.value()[0].name));
  const auto plain = crypto::open(tail, std::span(&ada.identity, 1));
  REQUIRE(plain);
  const auto view = plain.value().view();
  CHECK(frames_in({view.begin(), view.end()}).contains({Stream::audio, 0}));
}

TEST_CASE("a disk that fails while a take is prepared leaves nothing behind") {
  BrokenDisk disk;
  TempFolder folder;
  auto store = storage::BlobStore::open(folder.path() / "copy", disk);
  REQUIRE(store);
  Recorder recorder(Stage::loopback(), store.value(), [](Event) {});
  const Person ada;
  const auto recording = consent::RecordingId::random();
  disk.break_now();
  const auto refused = recorder.prepare_take({recording, 1, {ada.order(both)}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::storage);
  disk.heal();
  CHECK(recorder.prepare_take({recording, 1, {ada.order(both)}}));
}
