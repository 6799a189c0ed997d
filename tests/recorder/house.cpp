#include "house.hpp"

#include <chrono>
#include <stdexcept>

namespace unavoce::recorder::test {

using namespace std::chrono_literals;

namespace {

storage::BlobStore open_store(const std::filesystem::path& path) {
  auto store = storage::BlobStore::open(path);
  if (!store) throw std::runtime_error(store.error().text);
  return std::move(store.value());
}

Config patient(std::chrono::milliseconds latency) {
  Config config = Stage::loopback();
  config.header_wait = testing::patience(10s);  // a second stream always comes: nothing here needs a second file
  config.latency = latency;
  return config;
}

}  // namespace

House::House(std::chrono::milliseconds buffer)
    : buffer_(testing::patience(buffer)),
      blobs(open_store(folder_.path() / "blobs")),
      recorder(std::make_unique<Recorder>(patient(testing::patience(buffer)), blobs,
                                          [this](Event event) {
                                            const std::scoped_lock lock(mutex_);
                                            events_.push_back(std::move(event));
                                            changed_.notify_all();
                                          })),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

House::~House() {
  thread_ = std::jthread();
  recorder.reset();
}

void House::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !events_.empty(); })) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    if (const auto* here = std::get_if<PublisherConnected>(&event)) {
      connected_.insert(here->resource);
      changed_.notify_all();
    } else if (const auto* file = std::get_if<TrackPrepared>(&event)) {
      lock.unlock();
      recorder->release_track(file->recording, file->take, file->track.approval, file->track.file);
      lock.lock();
    }
  }
}

void House::await_connected(const std::string& resource) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, testing::patience(30s), [&] { return connected_.contains(resource); })) {
    throw std::runtime_error("a publisher does not connect");
  }
}

std::filesystem::path House::path_of(const consent::RecordingId& recording, const std::string& name) const {
  return folder_.path() / "blobs" / recording.hex() / name;
}

}  // namespace unavoce::recorder::test
