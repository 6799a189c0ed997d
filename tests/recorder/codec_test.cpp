// Every codec that is taken, from the publisher to what ffmpeg makes of the opened file; and what happens when a
// picture changes its size or its codec.
#include <algorithm>
#include <catch2/catch.hpp>

#include "opened.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

struct Expected {
  Encoder encoder;
  std::string ending;
  std::string codec;
  std::string profile;
};

Expected encoders() {
  return GENERATE(Expected{Encoder::vp8, ".webm.age", "vp8", "0"},
                  Expected{Encoder::vp9, ".webm.age", "vp9", "Profile 0"},
                  Expected{Encoder::h264_baseline, ".mkv.age", "h264", "Constrained Baseline"},
                  Expected{Encoder::h264_high, ".mkv.age", "h264", "High"},
                  Expected{Encoder::h264_sets_in_sdp, ".mkv.age", "h264", "High"},
                  Expected{Encoder::av1, ".webm.age", "av1", "Main"});
}

}  // namespace

TEST_CASE("every codec is recorded in a file that stock age opens and ffmpeg decodes without a complaint", "[codec]") {
  const Expected expected = encoders();
  CAPTURE(expected.codec, expected.profile);
  Stage stage;
  const Person ada;
  PublisherOptions options;
  options.encoder = expected.encoder;
  const auto publisher = stage.join(ada, options);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  await_video(*publisher, 60);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].name.ends_with(expected.ending));
  CHECK(sealed[0].codecs == std::vector<std::string>{expected.codec, "opus"});
  CHECK(sealed[0].frames_video >= 50);
  const auto media = open_with_age(stage, sealed[0].name, ada);
  CHECK(complaints(media) == "");
  CHECK(probe(media, "stream=codec_name,profile,width,height") ==
        expected.codec + "," + expected.profile + ",320,240\nopus,unknown\n");
  CHECK(begins_with_key_frame(media));
}

TEST_CASE("a picture may change its size within a file", "[codec]") {
  const Expected expected = encoders();
  CAPTURE(expected.codec, expected.profile);
  Stage stage;
  const Person ada;
  PublisherOptions options;
  options.encoder = expected.encoder;
  const auto publisher = stage.join(ada, options);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  await_video(*publisher, 20);
  publisher->resize(640, 360);
  await_video(*publisher, 30);
  publisher->resize(480, 270);
  await_video(*publisher, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  const auto media = open_with_age(stage, sealed[0].name, ada);
  CHECK(complaints(media) == "");
  CHECK(widths(media) == std::set<std::string>{"320", "480", "640"});
}

TEST_CASE("a picture without sound, and a screen beside it, are whole files in every codec", "[codec]") {
  const Expected expected = encoders();
  CAPTURE(expected.codec, expected.profile);
  const consent::Scope pictures{consent::Kind::video, consent::Kind::screen};
  Stage stage;
  const Person ada;
  PublisherOptions options;
  options.encoder = expected.encoder;
  options.audio = Has::no;
  const auto camera = stage.join(ada, options, {consent::Kind::video});
  const auto screen = stage.join(ada, options, {consent::Kind::screen}, PublishKind::screen);
  stage.prepare({ada.order(pictures)});
  stage.open({{ada.approval, pictures}});
  for (int i = 0; i < 2; ++i) stage.events.await<FirstFrameSealed>();
  await_video(*camera, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  for (const auto& file : sealed) {
    CHECK(file.name.ends_with(expected.ending));
    CHECK(file.codecs == std::vector<std::string>{expected.codec});
    const auto media = open_with_age(stage, file.name, ada);
    CHECK(complaints(media) == "");
    CHECK(begins_with_key_frame(media));
  }
}

TEST_CASE("sound without a picture is a whole file", "[codec]") {
  Stage stage;
  const Person ada;
  PublisherOptions options;
  options.video = Has::no;
  const auto publisher = stage.join(ada, options);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  await_audio(*publisher, 50);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].name.ends_with(".webm.age"));
  const auto media = open_with_age(stage, sealed[0].name, ada);
  CHECK(complaints(media) == "");
  CHECK(streams(media) == "opus\n");
}

TEST_CASE("a publisher who comes back with another codec gets a second file, after its track statement", "[codec]") {
  Stage stage;
  const Person ada;
  const auto first = stage.join(ada);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  await_video(*first, 10);
  PublisherOptions high;
  high.encoder = Encoder::h264_high;
  const auto second = stage.join(ada, high);
  const auto later = stage.events.await<TrackPrepared>();
  CHECK(later.track.name.ends_with("-f002.mkv.age"));
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  await([&] { return stage.files().size() == 3; });  // f001 is finished; f002 and its tail
  await_video(*second, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  CHECK(sealed[0].codecs == std::vector<std::string>{"vp8", "opus"});
  CHECK(sealed[1].codecs == std::vector<std::string>{"h264", "opus"});
  for (const auto& file : sealed) CHECK(complaints(open_with_age(stage, file.name, ada)) == "");
}

TEST_CASE("a picture whose codec was not known when the take was prepared gets its own file; the sound goes on",
          "[codec]") {
  const Has sound = GENERATE(Has::yes, Has::no);
  CAPTURE(sound == Has::yes);
  auto config = Stage::loopback();
  config.header_wait = 300ms;
  Stage stage(config);
  const Person ada;
  stage.prepare({ada.order(both)});  // nobody publishes yet
  stage.open({{ada.approval, both}});
  PublisherOptions high;
  high.encoder = Encoder::h264_high;
  high.audio = sound;
  const auto publisher = stage.join(ada, high);
  const auto later = stage.events.await<TrackPrepared>();
  CHECK(later.track.name.ends_with("-f002.mkv.age"));
  // Sound that begins only after the second file has begun would be in that one alone.
  if (sound == Has::yes) stage.events.await<FirstFrameSealed>();
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  if (sound == Has::no) stage.events.await<FirstFrameSealed>();
  await([&] {
    return std::ranges::none_of(stage.files(),
                                [](const auto& name) { return name.find("f001.webm.tail") != name.npos; });
  });
  await_video(*publisher, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  CHECK(sealed[0].empty == (sound == Has::no));
  CHECK(sealed[1].codecs.front() == "h264");
  for (const auto& file : sealed) {
    if (!file.empty) CHECK(complaints(open_with_age(stage, file.name, ada)) == "");
  }
}
