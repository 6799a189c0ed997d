// Takes from end to end: publisher → WHIP → gate → sealed file → stock age → ffprobe and ffmpeg. Loopback only.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "crypto/hash.hpp"
#include "opened.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

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
  await_video(*publisher, 120);
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
  // The encoder's counters run ahead of the network: at each end of the take one frame may be on its way.
  CHECK(static_cast<double>(file.frames_video + 2) >= 0.98 * static_cast<double>(after.video - before.video));
  CHECK(static_cast<double>(file.frames_audio + 2) >= 0.98 * static_cast<double>(after.audio - before.audio));

  const auto webm = open_with_age(stage, file.name, ada);
  CHECK(complaints(webm) == "");
  CHECK(run("ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 " + webm.string()) ==
        "vp8,320,240\nopus\n");
}

TEST_CASE("while the gate is closed no media reaches the disk, and an empty track leaves no file") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  const auto prepared = stage.prepare({ada.order(both)});
  const auto header_only = std::filesystem::file_size(stage.path_of(prepared.at(0).name));
  await_video(*publisher, 45);
  CHECK(std::filesystem::file_size(stage.path_of(prepared.at(0).name)) == header_only);
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].empty);
  CHECK(stage.files().empty());
}

TEST_CASE("what waits in the jitter buffer when the gate opens is not written; what waits when it closes is") {
  auto config = Stage::loopback();
  config.latency = testing::patience(600ms);
  Stage stage(config);
  const Person ada;
  PublisherOptions sound;
  sound.video = Has::no;
  const auto publisher = stage.join(ada, sound);
  stage.prepare({ada.order(both)});
  await_audio(*publisher, 60);
  const auto before = publisher->sent();
  stage.open({{ada.approval, both}});
  await_audio(*publisher, 15);  // 300 ms: nothing of it has left the jitter buffer when the gate closes
  stage.close();
  const auto after = publisher->sent();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  const auto sent = static_cast<double>(after.audio - before.audio);
  CHECK(static_cast<double>(sealed[0].frames_audio) == Approx(sent).margin(3));
}

TEST_CASE("the first packet after a pause is recorded like every other") {
  Stage stage;
  const Person ada;
  PublisherOptions sound;
  sound.video = Has::no;
  const auto publisher = stage.join(ada, sound);
  stage.prepare({ada.order(both)});
  const auto before = publisher->sent();
  stage.open({{ada.approval, both}});
  for (int pause = 0; pause < 5; ++pause) {
    await_audio(*publisher, 25);
    publisher->mute_audio(Has::yes);
    // The pause is what is tested: longer than jitter buffer and retransmission.
    std::this_thread::sleep_for(testing::patience(400ms));
    publisher->mute_audio(Has::no);
  }
  await_audio(*publisher, 25);
  stage.close();
  const auto after = publisher->sent();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].frames_audio + 2 >= after.audio - before.audio);  // one may be on its way at each end
}

TEST_CASE("a kind that the approval does not cover is never written, even if it is published") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  stage.prepare({ada.order({consent::Kind::audio})});
  stage.open({{ada.approval, {consent::Kind::audio}}});
  stage.events.await<FirstFrameSealed>();
  await_video(*publisher, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].codecs == std::vector<std::string>{"opus"});
  CHECK(sealed[0].frames_video == 0);
  CHECK(streams(open_with_age(stage, sealed[0].name, ada)) == "opus\n");
}

TEST_CASE("somebody who publishes and is not in the take is not recorded") {
  Stage stage;
  const Person ada;
  const Person stranger;
  const auto ada_sends = stage.join(ada);
  const auto stranger_sends = stage.join(stranger);
  const auto prepared = stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  CHECK(stage.events.await<FirstFrameSealed>().approval == ada.approval);
  await_video(*stranger_sends, 45);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].approval == ada.approval);
  CHECK(stage.files() == std::vector<std::string>{prepared.at(0).name});
}

TEST_CASE("a track whose owner the permit does not name stays empty, whatever they publish") {
  Stage stage;
  const Person ada;
  const Person stranger;
  const auto ada_sends = stage.join(ada);
  const auto stranger_sends = stage.join(stranger);
  const auto prepared = stage.prepare({ada.order(both), stranger.order(both)});
  stage.open({{ada.approval, both}});
  CHECK(stage.events.await<FirstFrameSealed>().approval == ada.approval);
  await_video(*stranger_sends, 45);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  for (const SealedTrackFile& file : sealed) CHECK(file.empty == (file.approval == stranger.approval));
  CHECK(stage.files() == std::vector<std::string>{prepared.at(0).name});
}

TEST_CASE("a kind that is offered as inactive is answered so, and a sender who sends it all the same harms nothing") {
  Stage stage;
  const Person ada;
  Publisher publisher({});
  std::string offer = publisher.offer();
  offer.replace(offer.find("a=sendonly"), 10, "a=inactive");  // sound first
  const auto answer = stage.publish(ada.publisher, offer, {consent::Kind::video});
  REQUIRE(answer);
  const auto& sdp = answer.value().sdp;
  const auto video = sdp.find("m=video");
  CHECK(sdp.substr(0, video).find("a=inactive") != std::string::npos);
  CHECK(sdp.substr(video).find("a=recvonly") != std::string::npos);
  publisher.accept(sdp);
  stage.prepare({ada.order({consent::Kind::video})});
  stage.open({{ada.approval, {consent::Kind::video}}});
  stage.events.await<FirstFrameSealed>();
  await_video(publisher, 45);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].frames_audio == 0);
  CHECK(sealed[0].frames_video > 30);
}

TEST_CASE("withdrawal in a take leaves no file of that person, and the others' go on") {
  Stage stage;
  const Person ada;
  const Person bob;
  const auto ada_sends = stage.join(ada);
  const auto bob_sends = stage.join(bob);
  const auto prepared = stage.prepare({ada.order(both), bob.order(both)});
  stage.open({{ada.approval, both}, {bob.approval, both}});
  stage.events.await<FirstFrameSealed>();
  stage.events.await<FirstFrameSealed>();
  stage.close();
  CHECK(stage.abort(ada.approval) == std::vector<std::string>{prepared.at(0).name});
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].approval == bob.approval);
  CHECK(stage.files() == std::vector<std::string>{prepared.at(1).name});
}

TEST_CASE("withdrawal after a take erases the finished file, and can be repeated") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  const auto prepared = stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  stage.close();
  CHECK_FALSE(stage.end().at(0).empty);
  CHECK(stage.abort(ada.approval) == std::vector<std::string>{prepared.at(0).name});
  CHECK(stage.files().empty());
  CHECK(stage.abort(ada.approval).empty());
}

TEST_CASE("a withdrawal that is being carried out when the recorder ends is carried out, and answered") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  const auto prepared = stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  stage.close();
  std::optional<Result<std::vector<std::string>>> aborted;
  stage.recorder->abort_track(stage.recording, ada.approval, [&](auto names) { aborted = std::move(names); });
  stage.recorder.reset();
  REQUIRE(aborted);
  CHECK(aborted->value() == std::vector<std::string>{prepared.at(0).name});
  CHECK(stage.files().empty());
}

TEST_CASE("withdrawal while the take is ending leaves no file either") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  stage.close();
  std::promise<void> ended;
  stage.recorder->end_take(stage.recording, stage.take, [&](auto) { ended.set_value(); });
  stage.abort(ada.approval);
  ended.get_future().get();
  CHECK(stage.files().empty());
}

TEST_CASE("two takes of one recording follow each other, each with its own files and its own key frame") {
  Stage stage;
  const Person ada;
  const auto publisher = stage.join(ada);
  for (stage.take = 1; stage.take <= 2; ++stage.take) {
    stage.prepare({ada.order(both)});
    stage.open({{ada.approval, both}});
    stage.events.await<FirstFrameSealed>();
    await_video(*publisher, 20);
    stage.close();
    const auto sealed = stage.end();
    REQUIRE(sealed.size() == 1);
    CHECK(complaints(open_with_age(stage, sealed[0].name, ada)) == "");
  }
  CHECK(stage.files().size() == 2);
}

TEST_CASE("a kind that appears later goes into a second file, after its track statement") {
  auto config = Stage::loopback();
  config.header_wait = 300ms;
  Stage stage(config);
  const Person ada;
  const auto publisher = stage.join(ada);
  publisher->mute_video(Has::yes);
  await_audio(*publisher, 50);  // the first pictures, which waited for the connection, have arrived
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  publisher->mute_video(Has::no);
  const auto later = stage.events.await<TrackPrepared>();
  CHECK(later.track.file == 2);
  await_video(*publisher, 10);
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  await([&] { return stage.files().size() == 3; });  // f001, f002 and its tail: f001 is finished
  await_video(*publisher, 30);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  CHECK(sealed[0].codecs == std::vector<std::string>{"opus"});
  CHECK(sealed[1].codecs == std::vector<std::string>{"vp8", "opus"});
  CHECK(sealed[1].header_sha256 == later.track.header_sha256);
  CHECK(complaints(open_with_age(stage, sealed[1].name, ada)) == "");
}

TEST_CASE("a screen shared in a take gets a file of its own, after its track statement") {
  Stage stage;
  const Person ada;
  const consent::Scope all{consent::Kind::audio, consent::Kind::video, consent::Kind::screen};
  const auto camera = stage.join(ada);
  stage.prepare({ada.order(all)});
  stage.open({{ada.approval, all}});
  stage.events.await<FirstFrameSealed>();
  PublisherOptions picture;
  picture.audio = Has::no;
  const auto screen = stage.join(ada, picture, {consent::Kind::screen}, PublishKind::screen);
  const auto later = stage.events.await<TrackPrepared>();
  CHECK(later.track.kinds == consent::Scope{consent::Kind::screen});
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  stage.events.await<FirstFrameSealed>();
  stage.close();
  auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  std::ranges::sort(sealed, {}, &SealedTrackFile::file);
  CHECK(sealed[0].codecs == std::vector<std::string>{"vp8", "opus"});
  CHECK(sealed[1].codecs == std::vector<std::string>{"vp8"});
}

TEST_CASE("a take that exists is not prepared twice, and one that does not exist cannot end") {
  Stage stage;
  const Person ada;
  stage.prepare({ada.order(both)});
  const auto again = stage.recorder->prepare_take({stage.recording, stage.take, {}});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::conflict);
  CHECK(stage.end().at(0).empty);
  CHECK_THROWS(stage.end());
}
