// The recorder that several random meetings share; carries out what its events ask for, as the server does.
// Owner: the test. Thread: one of its own for the events; the rest from any. Errors: std::runtime_error.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "recorder/recorder.hpp"
#include "stage.hpp"

namespace unavoce::recorder::test {

class House {
 public:
  House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House();

  /// Waits until media of this WHIP session has arrived.
  void await_connected(const std::string& resource);
  std::filesystem::path path_of(const consent::RecordingId& recording, const std::string& name) const;

 private:
  void run(const std::stop_token& stop);

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
