#include "recorder/pipeline_queue.hpp"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

namespace unavoce::recorder {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct PipelineQueue::State {
  struct Job {
    std::string session;
    std::function<void()> run;
    Clock::time_point posted;
    Clock::time_point begun;
  };

  /// The sessions of jobs that were posted before then; under the mutex.
  std::set<std::string> sessions_before(Clock::time_point then) const {
    std::set<std::string> sessions;
    for (const Job& job : waiting) {
      if (job.posted <= then) sessions.insert(job.session);
    }
    for (const Job& job : running) {
      if (job.posted <= then) sessions.insert(job.session);
    }
    return sessions;
  }

  std::mutex mutex;  // leaf lock
  std::condition_variable changed;
  std::condition_variable thread_ended;
  std::deque<Job> waiting;
  std::list<Job> running;             // without what they run
  std::multiset<std::string> shared;  // sessions of what was given out and is not destroyed
  std::size_t threads = 0;            // that are there
  std::size_t resting = 0;            // of these, wait for a job
  bool ending = false;
};

PipelineQueue::PipelineQueue() : state_(std::make_shared<State>()) {
  const std::scoped_lock lock(state_->mutex);
  for (std::size_t i = 0; i < kept_threads; ++i) start_thread(state_);
}

PipelineQueue::~PipelineQueue() {
  (void)finish(std::chrono::milliseconds(0));
}

void PipelineQueue::post(std::string session, std::function<void()> job) {
  post(state_, std::move(session), std::move(job));
}

void PipelineQueue::post(const std::shared_ptr<State>& state, std::string session, std::function<void()> job) {
  {
    const std::scoped_lock lock(state->mutex);
    if (state->waiting.size() >= state->resting && state->threads < max_threads && !state->ending) start_thread(state);
    if (state->threads != 0) {
      state->waiting.push_back({std::move(session), std::move(job), Clock::now(), {}});
      state->changed.notify_one();
      return;
    }
  }
  job();  // the machine has no thread for us, or this is the last of what the queue left behind
}

/// Under the mutex. Detached: a thread that hangs cannot be joined, and which one will is not known beforehand.
void PipelineQueue::start_thread(const std::shared_ptr<State>& state) {
  try {
    std::thread([state] { run(state); }).detach();
    ++state->threads;
  } catch (const std::system_error&) {  // the job waits for one of those that are there
  }
}

void PipelineQueue::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  do {
    ++state->resting;
    state->changed.wait(lock, [&] { return state->ending || !state->waiting.empty(); });
    --state->resting;
    while (!state->waiting.empty()) {
      State::Job job = std::move(state->waiting.front());
      state->waiting.pop_front();
      const auto here =
          state->running.insert(state->running.end(), State::Job{job.session, nullptr, job.posted, Clock::now()});
      lock.unlock();
      job.run();
      job.run = nullptr;  // what it holds goes before the lock is taken again
      lock.lock();
      state->running.erase(here);
    }
  } while (!state->ending && state->threads <= kept_threads);
  --state->threads;
  state->thread_ended.notify_all();
}

std::set<std::string> PipelineQueue::hanging(std::chrono::nanoseconds patience) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->sessions_before(Clock::now() - patience);
}

std::set<std::string> PipelineQueue::stuck(std::chrono::nanoseconds patience) const {
  const auto then = Clock::now() - patience;
  std::set<std::string> sessions;
  const std::scoped_lock lock(state_->mutex);
  for (const State::Job& job : state_->running) {
    if (job.begun <= then) sessions.insert(job.session);
  }
  return sessions;
}

bool PipelineQueue::holds(const std::string& session) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->shared.contains(session);
}

void PipelineQueue::note_shared(const std::shared_ptr<State>& state, const std::string& session) {
  const std::scoped_lock lock(state->mutex);
  state->shared.insert(session);
}

void PipelineQueue::note_gone(const std::shared_ptr<State>& state, const std::string& session) {
  const std::scoped_lock lock(state->mutex);
  const auto here = state->shared.find(session);
  if (here != state->shared.end()) state->shared.erase(here);
}

std::set<std::string> PipelineQueue::finish(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
  state_->thread_ended.wait_for(lock, limit, [&] { return state_->threads == 0; });
  return state_->sessions_before(Clock::time_point::max());
}

}  // namespace unavoce::recorder
