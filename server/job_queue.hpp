#pragma once
// Jobs of one meeting that must happen in the order in which they were ordered (prepare, end, erase), each a coroutine
// that may wait for disks and for people. Owned by Meeting, and by RecordingQueues for what comes afterwards; control
// thread. A job that throws is reported and the next one goes on.

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "server/executors.hpp"

namespace unavoce::server {

/// Something that happens once; whoever waits goes on then. Shared between the one who waits and the one who tells.
class Signal {
 public:
  explicit Signal(asio::io_context& control) : timer_(control, asio::steady_timer::time_point::max()) {}

  void set() {
    set_ = true;
    timer_.cancel();
  }
  /// Returns when set, or after `limit`.
  Task<void> wait(asio::steady_timer::duration limit = std::chrono::hours(24 * 365)) {
    if (set_) co_return;
    timer_.expires_after(limit);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  bool is_set() const noexcept { return set_; }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

/// Starts something that answers by a callback on another thread, and resumes here with the answer.
template <class T>
Task<T> answer_of(asio::io_context& control, std::function<void(std::function<void(T)>)> start) {
  struct Wait {
    explicit Wait(asio::io_context& context) : signal(context) {}
    Signal signal;
    std::optional<T> value;
  };
  auto wait = std::make_shared<Wait>(control);
  start([wait, &control](T value) {
    asio::post(control, [wait, value = std::move(value)]() mutable {
      wait->value.emplace(std::move(value));
      wait->signal.set();
    });
  });
  while (!wait->value) co_await wait->signal.wait();
  co_return std::move(*wait->value);
}

class JobQueue : public std::enable_shared_from_this<JobQueue> {
 public:
  using Job = std::function<Task<void>()>;
  using Report = std::function<void(std::exception_ptr)>;

  JobQueue(asio::io_context& control, Report report) : control_(control), report_(std::move(report)) {}

  /// Never runs the job inside of this call.
  void add(Job job) {
    jobs_.push_back(std::move(job));
    if (std::exchange(running_, true)) return;
    asio::co_spawn(
        control_, [self = shared_from_this()] { return self->run(); }, asio::detached);
  }

  /// Returns when all that was added before is done.
  Task<void> drained() {
    auto signal = std::make_shared<Signal>(control_);
    add([signal]() -> Task<void> {
      signal->set();
      co_return;
    });
    co_await signal->wait();
  }

  bool idle() const noexcept { return !running_; }

 private:
  Task<void> run() {
    // Whoever adds a job finishes what they are doing first: closing the gate must not wait behind a job's beginning.
    co_await asio::post(control_, asio::use_awaitable);
    while (!jobs_.empty()) {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      try {
        co_await job();
      } catch (...) {
        report_(std::current_exception());
      }
    }
    running_ = false;
  }

  asio::io_context& control_;
  Report report_;
  std::deque<Job> jobs_;
  bool running_ = false;
};

}  // namespace unavoce::server
