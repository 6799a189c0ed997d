// A few threads for work that blocks: pipelines going up, sessions that end, files being removed.
// Owner: Recorder. Thread: `post` from any thread, never waits. Errors: a job must not throw. The destructor lets jobs
// that were posted run to their end first.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace unavoce::recorder {

class WorkQueue {
 public:
  explicit WorkQueue(std::size_t threads);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void post(std::function<void()> job);

 private:
  void run();

  std::mutex mutex_;  // leaf lock
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace unavoce::recorder
