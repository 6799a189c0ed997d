#pragma once
// Jobs of recordings that no session runs: those of one recording one after the other, and none waits for another
// recording's. A job that throws is reported, and the next one goes on. Owned by Meetings; control thread.

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "consent/ids.hpp"
#include "server/job_queue.hpp"

namespace unavoce::server {

class RecordingQueues {
 public:
  RecordingQueues(asio::io_context& control, JobQueue::Report report) : control_(control), report_(std::move(report)) {}

  /// Never runs the job inside of this call.
  void add(const consent::RecordingId& recording, JobQueue::Job job) { queue_of(recording)->add(std::move(job)); }

  bool is_idle(const consent::RecordingId& recording) const {
    const auto found = queues_.find(recording);
    return found == queues_.end() || found->second->idle();
  }

  /// Returns when all that was added before for this recording is done.
  Task<void> drained(consent::RecordingId recording) {
    const std::shared_ptr<JobQueue> queue = queue_of(recording);
    co_await queue->drained();
  }

  /// The same for all recordings.
  Task<void> all_drained() {
    std::vector<std::shared_ptr<JobQueue>> all;
    for (const auto& [recording, queue] : queues_) all.push_back(queue);
    for (const auto& queue : all) co_await queue->drained();
  }

 private:
  std::shared_ptr<JobQueue> queue_of(const consent::RecordingId& recording) {
    std::erase_if(queues_, [](const auto& item) { return item.second->idle(); });
    auto& queue = queues_[recording];
    if (!queue) queue = std::make_shared<JobQueue>(control_, report_);
    return queue;
  }

  asio::io_context& control_;
  JobQueue::Report report_;
  std::map<consent::RecordingId, std::shared_ptr<JobQueue>> queues_;
};

}  // namespace unavoce::server
