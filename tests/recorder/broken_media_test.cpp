// What one person sends broken: it costs nobody else a frame, nor that person's other stream or screen.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <random>

#include "opened.hpp"
#include "recorder/wire_sources.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

const consent::Scope all{consent::Kind::audio, consent::Kind::video, consent::Kind::screen};

/// The stream of Ada's camera that is broken.
enum class Broken { picture, sound };

/// What ffmpeg can decode of the pictures of a file, whatever is wrong with its sound.
std::uint64_t decoded_pictures(const std::filesystem::path& media) {
  return std::stoull(
      run("ffprobe -v quiet -select_streams v -count_frames -show_entries stream=nb_read_frames -of csv=p=0 " +
          media.string()));
}

/// Ada with camera and screen, Bob with a camera, all being recorded.
struct Meeting {
  explicit Meeting(const PublisherOptions& ada_camera) {
    camera = stage.join(ada, ada_camera, both);
    ada_answer = stage.answer;
    PublisherOptions picture;
    picture.audio = Has::no;
    screen = stage.join(ada, picture, {consent::Kind::screen}, PublishKind::screen);
    other = stage.join(bob);
    stage.prepare({ada.order(all), bob.order(both)});
    stage.open({{ada.approval, all}, {bob.approval, both}});
    for (int i = 0; i < 3; ++i) stage.events.await<FirstFrameSealed>();
    before = {camera->sent(), screen->sent(), other->sent()};
  }

  /// Ends the take; everything but this stream of Ada's is whole, and nobody was disconnected. What is recorded of her
  /// camera.
  SealedTrackFile end_and_check(Broken broken = Broken::picture) {
    await_video(*other, 30);
    stage.close();
    const std::array after{camera->sent(), screen->sent(), other->sent()};
    if (stage.events.count<PublisherDisconnected>() != 0) FAIL(stage.events.await<PublisherDisconnected>().reason);
    CHECK(stage.events.count<Fault>() == 0);
    CHECK(stage.events.count<PacketsLeftOut>() == 0);
    const auto sealed = stage.end();
    REQUIRE(sealed.size() == 3);
    SealedTrackFile of_camera;
    for (const SealedTrackFile& file : sealed) {
      const bool of_bob = file.approval == bob.approval;
      const bool of_screen = !of_bob && file.frames_audio == 0;
      const std::size_t who = of_bob ? 2 : of_screen ? 1 : 0;
      CAPTURE(who, file.frames_audio, file.frames_video, file.dropped);
      const auto opened = open_with_age(stage, file.name, of_bob ? bob : ada);
      const bool has_sound = who != 0 || broken != Broken::sound;
      const bool has_picture = who != 0 || broken != Broken::picture;
      // A frame may be on its way at each end.
      if (has_sound) CHECK(file.frames_audio + 2 >= after[who].audio - before[who].audio);
      if (has_picture) CHECK(file.frames_video + 2 >= after[who].video - before[who].video);
      if (has_sound && has_picture) CHECK(complaints(opened) == "");
      if (has_picture && !has_sound) CHECK(decoded_pictures(opened) == file.frames_video);
      if (who == 0) of_camera = file;
    }
    return of_camera;
  }

  Stage stage;
  Person ada;
  Person bob;
  std::string ada_answer;
  std::unique_ptr<Publisher> camera, screen, other;
  std::array<Sent, 3> before;
};

/// The UDP port that an answer names for media on loopback.
std::uint16_t media_port(const std::string& sdp) {
  const std::string address = " 127.0.0.1 ";
  return static_cast<std::uint16_t>(
      std::stoi(sdp.substr(sdp.find(address, sdp.find("a=candidate:")) + address.size())));
}

/// Datagrams from a stranger: random bytes that begin like STUN, DTLS, RTP and RTCP.
void throw_garbage(std::uint16_t port, int datagrams) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  REQUIRE(fd >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::mt19937 random(4711);
  std::array<std::uint8_t, 600> bytes{};
  constexpr std::array<std::array<std::uint8_t, 2>, 4> beginnings{{{0, 1}, {22, 254}, {0x80, 102}, {0x80, 200}}};
  for (int i = 0; i < datagrams; ++i) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const auto& beginning = beginnings[static_cast<std::size_t>(i) % beginnings.size()];
    bytes[0] = beginning[0];
    bytes[1] = beginning[1];
    (void)sendto(fd, bytes.data(), 12 + random() % (bytes.size() - 12), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
  }
  ::close(fd);
}

}  // namespace

TEST_CASE("a broken picture harms nobody else, nor its sender's sound and screen", "[broken]") {
  PublisherOptions options;
  options.encoder = GENERATE(Encoder::vp8, Encoder::vp9, Encoder::h264_high, Encoder::av1);
  CAPTURE(static_cast<int>(options.encoder));
  Meeting meeting(options);
  for (const Damage damage : {Damage::random_bytes, Damage::cut_short, Damage::empty, Damage::no_marker,
                              Damage::wrong_payload_type, Damage::none}) {
    meeting.camera->damage(damage);
    await_video(*meeting.camera, 20);
  }
  meeting.end_and_check();
}

TEST_CASE("a broken sound harms nobody else, nor its sender's picture and screen", "[broken]") {
  Meeting meeting({});
  for (const Damage damage : {Damage::random_bytes, Damage::cut_short, Damage::empty, Damage::no_marker,
                              Damage::wrong_payload_type, Damage::none}) {
    meeting.camera->damage_sound(damage);
    await_audio(*meeting.camera, 20);
  }
  meeting.end_and_check(Broken::sound);
}

TEST_CASE("a picture that is broken from the first packet on is not recorded, the sound is", "[broken]") {
  auto config = Stage::loopback();
  config.header_wait = 300ms;
  Stage stage(config);
  const Person ada;
  const auto publisher = stage.join(ada);
  publisher->damage(Damage::random_bytes);
  await_video(*publisher, 10);
  stage.prepare({ada.order(both)});
  stage.open({{ada.approval, both}});
  stage.events.await<FirstFrameSealed>();
  await_audio(*publisher, 50);
  stage.close();
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 1);
  CHECK(sealed[0].codecs == std::vector<std::string>{"opus"});
  CHECK(complaints(open_with_age(stage, sealed[0].name, ada)) == "");
}

TEST_CASE("a picture with more parameter sets than a header holds is not recorded; its sound and everybody else are",
          "[broken]") {
  Stage stage;
  const Person ada, bob;
  PublisherOptions h264;
  h264.encoder = Encoder::h264_high;
  const auto camera = stage.join(ada, h264);
  const auto other = stage.join(bob);
  camera->damage(Damage::many_sets);
  stage.prepare({ada.order(both), bob.order(both)});
  stage.open({{ada.approval, both}, {bob.approval, both}});
  for (int i = 0; i < 2; ++i) stage.events.await<FirstFrameSealed>();
  const Sent before = other->sent();
  await_audio(*camera, 50);
  await_video(*other, 30);
  stage.close();
  const Sent after = other->sent();
  CHECK(stage.events.count<Fault>() == 0);
  CHECK(stage.events.count<TrackGivenUp>() == 0);
  const auto sealed = stage.end();
  REQUIRE(sealed.size() == 2);
  for (const SealedTrackFile& file : sealed) {
    const bool of_bob = file.approval == bob.approval;
    CHECK(complaints(open_with_age(stage, file.name, of_bob ? bob : ada)) == "");
    if (of_bob) CHECK(file.frames_video + 2 >= after.video - before.video);
    if (!of_bob) CHECK(file.codecs == std::vector<std::string>{"opus"});
    if (!of_bob) CHECK(file.dropped != 0);
  }
}

TEST_CASE("reports of hundreds of sources that do not exist end their sender's session, and cost nobody else anything",
          "[broken]") {
  Stage stage;
  const Person ada, bob;
  const auto camera = stage.join(ada);
  const auto other = stage.join(bob);
  stage.prepare({ada.order(both), bob.order(both)});
  stage.open({{ada.approval, both}, {bob.approval, both}});
  for (int i = 0; i < 2; ++i) stage.events.await<FirstFrameSealed>();
  const Sent begun = other->sent();
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  const auto before = threads();
  constexpr int sources = 300;
  camera->invent_sources(sources);
  const auto gone = stage.events.await<PublisherDisconnected>();
  CHECK(gone.publisher == ada.publisher);
  CHECK(gone.reason == "its reports name too many sources");
  await([&] { return camera->invented() == sources; });
  CHECK(threads() - before < 64);  // each would cost two
  await_video(*other, 30);
  stage.close();
  const Sent after = other->sent();
  CHECK(stage.events.count<PublisherDisconnected>() == 0);
  CHECK(stage.events.count<Fault>() == 0);
  const auto sealed = stage.end();
  const auto of_bob =
      std::ranges::find_if(sealed, [&](const SealedTrackFile& file) { return file.approval == bob.approval; });
  REQUIRE(of_bob != sealed.end());
  CHECK(of_bob->frames_video + 2 >= after.video - begun.video);
  CHECK(of_bob->frames_audio + 2 >= after.audio - begun.audio);
  CHECK(complaints(open_with_age(stage, of_bob->name, bob)) == "");
}

TEST_CASE("sound to which ever new sources contribute stops when they are too many, which is told; nothing else does",
          "[broken]") {
  Meeting meeting({});
  meeting.camera->damage_sound(Damage::new_contributors);
  const auto whole = meeting.camera->sent().audio;
  await_audio(*meeting.camera, 300);
  const auto left_out = meeting.stage.events.await<PacketsLeftOut>();
  CHECK(left_out.publisher == meeting.ada.publisher);
  CHECK(left_out.kind == PublishKind::camera);
  const auto of_camera = meeting.end_and_check(Broken::sound);
  CHECK(of_camera.frames_audio <= whole + WireSources::max_sources);
}

TEST_CASE("garbage on the media port of a publisher harms nothing", "[broken]") {
  Meeting meeting({});
  throw_garbage(media_port(meeting.ada_answer), 4000);
  meeting.end_and_check();
}
