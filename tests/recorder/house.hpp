// The recorder that several random meetings share; carries out what its events ask for, as the server does.
// Owner: the test. Thread: one of its own for the events; the rest from any. Errors: std::runtime_error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "recorder/recorder.hpp"
#include "stage.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

class House {
 public:
  /// How long jitter buffers hold what came in, in an ordinary build. They drop what is later than this, also on a
  /// machine with too much to do.
  static constexpr std::chrono::milliseconds kShortBuffer{400};
  /// What waits in one of these when a gate opens may be old enough to be known as earlier (random_meeting_files.cpp).
  /// Each take ends so much later.
  static constexpr std::chrono::milliseconds kLongBuffer{2000};

  explicit House(std::chrono::milliseconds buffer);
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House();

  /// Waits until media of this WHIP session has arrived.
  void await_connected(const std::string& resource);
  /// In this build.
  std::int64_t buffer_ns() const { return buffer_.count(); }
  bool has_long_buffers() const { return buffer_ >= testing::patience(kLongBuffer); }
  std::filesystem::path path_of(const consent::RecordingId& recording, const std::string& name) const;

 private:
  void run(const std::stop_token& stop);

  const std::chrono::nanoseconds buffer_;
  TempFolder folder_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Event> events_;
  std::set<std::string> connected_;

 public:
  storage::BlobStore blobs;
  std::unique_ptr<Recorder> recorder;

 private:
  std::jthread thread_;
};

}  // namespace unavoce::recorder::test
