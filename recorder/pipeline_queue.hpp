// Threads for what may hang inside GStreamer: pipelines that go down, requests for key frames, candidates.
// Owner: Recorder. Thread: any; nothing blocks but `finish`. A job waits for no other one: where all threads have
// something to do another one is started, up to max_threads, and ends when it is not needed any more. Jobs must not
// throw. A job that hangs keeps its thread, also beyond the queue itself: what it uses must be its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace unavoce::recorder {

class PipelineQueue {
 public:
  /// Threads that are always there.
  static constexpr std::size_t kept_threads = 2;
  /// So many may hang at once before a job has to wait for one of them.
  static constexpr std::size_t max_threads = 32;

  PipelineQueue();
  /// Waits for nothing: `finish` does.
  ~PipelineQueue();
  PipelineQueue(const PipelineQueue&) = delete;
  PipelineQueue& operator=(const PipelineQueue&) = delete;

  /// Runs `job`, which is about a pipeline of this session.
  void post(std::string session, std::function<void()> job);

  /// Shares `owned`; whoever is the last to let go of it, and wherever, it is destroyed by a job of this queue.
  template <class T>
  std::shared_ptr<T> share(std::unique_ptr<T> owned, std::string session) {
    note_shared(state_, session);
    return std::shared_ptr<T>(owned.release(), [state = state_, session = std::move(session)](T* last) {
      post(state, session, [state, session, gone = std::shared_ptr<T>(last)]() mutable {
        gone.reset();
        note_gone(state, session);
      });
    });
  }

  /// Sessions with a job that was posted longer than `patience` ago and is not done.
  std::set<std::string> hanging(std::chrono::nanoseconds patience) const;
  /// Sessions with a job that began longer than `patience` ago and is not done: it waits for no thread, but hangs.
  std::set<std::string> stuck(std::chrono::nanoseconds patience) const;
  /// Whether something that `share` gave out for this session is not destroyed yet.
  bool holds(const std::string& session) const;

  /// Lets all jobs run to their end and then the threads, and waits for that for at most `limit`. The sessions of jobs
  /// that are not done by then: their threads are left behind. Again: looks again.
  std::set<std::string> finish(std::chrono::milliseconds limit);

 private:
  struct State;
  static void post(const std::shared_ptr<State>& state, std::string session, std::function<void()> job);
  static void note_shared(const std::shared_ptr<State>& state, const std::string& session);
  static void note_gone(const std::shared_ptr<State>& state, const std::string& session);
  static void start_thread(const std::shared_ptr<State>& state);
  static void run(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;  // shared with the threads, and with what `share` gave out
};

}  // namespace unavoce::recorder
