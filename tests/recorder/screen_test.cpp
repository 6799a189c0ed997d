// Screens that are shared while a take is being prepared: they are in that take, each once.
#include <catch2/catch.hpp>
#include <functional>

#include "stage.hpp"
#include "storage/file_ops.hpp"

using namespace unavoce;
using namespace unavoce::recorder;
using namespace unavoce::recorder::test;
using namespace std::chrono_literals;

namespace {

const consent::Scope all{consent::Kind::audio, consent::Kind::video, consent::Kind::screen};

/// The machine's disk, with something to do whenever a file is opened.
class WatchedDisk final : public storage::FileOps {
 public:
  std::function<void(const std::string& path)> on_open = [](const std::string&) {};

  int open(const char* path, int flags, mode_t mode) override {
    on_open(path);
    return real_.open(path, flags, mode);
  }
  ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) override {
    return real_.pwrite(fd, bytes, size, offset);
  }
  ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) override {
    return real_.pread(fd, bytes, size, offset);
  }
  int fdatasync(int fd) override { return real_.fdatasync(fd); }
  int fsync(int fd) override { return real_.fsync(fd); }
  int ftruncate(int fd, off_t size) override { return real_.ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return real_.rename(from, to); }
  int unlink(const char* path) override { return real_.unlink(path); }
  int mkdir(const char* path, mode_t mode) override { return real_.mkdir(path, mode); }
  int rmdir(const char* path) override { return real_.rmdir(path); }
  int statvfs(const char* path, struct ::statvfs* volume) override { return real_.statvfs(path, volume); }

 private:
  storage::FileOps& real_ = storage::system_file_ops();
};

std::unique_ptr<Publisher> share_screen(Stage& stage, const Person& person) {
  PublisherOptions picture;
  picture.audio = Has::no;
  return stage.join(person, picture, {consent::Kind::screen}, PublishKind::screen);
}

/// Ends the take; what was recorded of the screen.
std::uint64_t frames_of_screen(Stage& stage, const TrackPrepared& later) {
  stage.close();
  for (const SealedTrackFile& file : stage.end()) {
    if (file.file == later.track.file && file.approval == later.track.approval) return file.frames_video;
  }
  return 0;
}

}  // namespace

TEST_CASE("a screen that is shared while a take's files are made is in that take", "[screen]") {
  TempFolder folder;
  WatchedDisk disk;
  auto blobs = storage::BlobStore::open(folder.path() / "blobs", disk);
  REQUIRE(blobs);
  Stage stage;
  stage.recorder = std::make_unique<Recorder>(Stage::loopback(), blobs.value(),
                                              [&](Event event) { stage.events.add(std::move(event)); });
  const Person ada, bob;
  std::unique_ptr<Publisher> screen;
  // Ada's camera has its file by then, and nobody looks for her screen any more.
  disk.on_open = [&](const std::string& path) {
    const bool is_of_bob = path.find(bob.approval.hex().substr(0, 16)) != std::string::npos;
    if (is_of_bob && !screen) screen = share_screen(stage, ada);
  };
  stage.prepare({ada.order(all), bob.order(all)});
  REQUIRE(screen);
  stage.open({{ada.approval, all}, {bob.approval, all}});
  const auto later = stage.events.await<TrackPrepared>();
  CHECK(later.track.approval == ada.approval);
  CHECK(later.track.kinds == consent::Scope{consent::Kind::screen});
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  stage.events.await<FirstFrameSealed>();
  CHECK(frames_of_screen(stage, later) > 0);
}

TEST_CASE("no frame of a screen is written before its track statement, whenever it was shared", "[screen]") {
  Stage stage;
  const Person ada;
  stage.prepare({ada.order(all)});
  const auto screen = share_screen(stage, ada);
  CHECK(stage.events.count<TrackPrepared>() == 0);  // there is no `take` that it could be announced for
  stage.open({{ada.approval, all}});
  const auto later = stage.events.await<TrackPrepared>();
  const auto goal = screen->sent().video + 30;
  await([&] { return screen->sent().video >= goal; });
  CHECK(stage.events.count<FirstFrameSealed>() == 0);
  stage.recorder->release_track(stage.recording, stage.take, ada.approval, later.track.file);
  stage.events.await<FirstFrameSealed>();
  CHECK(frames_of_screen(stage, later) > 0);
}

TEST_CASE("a screen that is published again while a take starts gets one file", "[screen]") {
  Stage stage;
  const Person ada;
  stage.prepare({ada.order(all)});
  const auto first = share_screen(stage, ada);
  stage.open({{ada.approval, all}});
  const auto second = share_screen(stage, ada);
  stage.events.await<TrackPrepared>();
  stage.close();
  CHECK(stage.end().size() == 2);  // of the camera, and of the screen
  CHECK(stage.events.count<TrackPrepared>() == 0);
}
