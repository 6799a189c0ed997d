// A take from end to end: publisher → WHIP → gate → sealed file → stock age → ffprobe and ffmpeg.
#include <catch2/catch.hpp>

#include "crypto/hash.hpp"
#include "stage.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;

namespace {

/// Opens a track file with the `age` program and writes it where ffmpeg can read it.
std::filesystem::path open_with_age(Stage& stage, const std::string& name, const Person& person) {
  const auto key = stage.folder.path() / "e.txt";
  const auto text = person.identity.secret_text();
  write_file(key, {text.view().begin(), text.view().end()});
  const auto plain = stage.folder.path() / "plain.webm";
  run("age -d -i " + key.string() + " -o " + plain.string() + " " + stage.path_of(name).string());
  return plain;
}

std::string complaints(const std::filesystem::path& webm) {
  return run("ffmpeg -v error -i " + webm.string() + " -fps_mode passthrough -enc_time_base 1:90000 -f null -");
}

}  // namespace

TEST_CASE("a take is sealed to its participant: stock age opens it, ffmpeg plays it, nearly every frame is there") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  const auto prepared = stage.prepare({ada.order(both)});
  REQUIRE(prepared.size() == 1);
  CHECK(stage.files().size() == 2);  // header and tail, no media

  stage.open({{ada.approval, both}});
  const auto first = stage.events.await<FirstFrameSealed>();
  CHECK(first.approval == ada.approval);
  const Sent before = publisher->sent();
  await([&] { return publisher->sent().video >= before.video + 120; });
  stage.close();
  const Sent after = publisher->sent();
  const auto sealed = stage.end();

  REQUIRE(sealed.size() == 1);
  const SealedTrackFile& file = sealed[0];
  INFO(file.frames_audio << " audio, " << file.frames_video << " video, " << file.dropped << " dropped, offset "
                         << file.offset_ms << " ms, duration " << file.duration_ms << " ms");
  CHECK(file.name == prepared[0].name);
  CHECK(file.header_sha256 == prepared[0].header_sha256);
  CHECK_FALSE(file.empty);
  CHECK(file.codecs == std::vector<std::string>{"vp8", "opus"});
  CHECK(stage.files() == std::vector<std::string>{file.name});
  const auto bytes = read_file(stage.path_of(file.name));
  CHECK(bytes.size() == file.size_bytes);
  CHECK(crypto::sha256(bytes) == file.sha256);
  CHECK(static_cast<double>(file.frames_video) >= 0.98 * static_cast<double>(after.video - before.video));
  CHECK(static_cast<double>(file.frames_audio) >= 0.98 * static_cast<double>(after.audio - before.audio));

  const auto webm = open_with_age(stage, file.name, ada);
  CHECK(complaints(webm) == "");
  CHECK(run("ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 " + webm.string()) ==
        "vp8,320,240\nopus\n");
}
