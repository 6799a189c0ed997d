#include "server/stop_deadline.hpp"

#include <cstdlib>
#include <string>

namespace unavoce::server {

StopDeadline::StopDeadline(std::chrono::milliseconds within, std::function<void()> hangs)
    : within_(within), hangs_(std::move(hangs)), thread_([this](const std::stop_token& done) { wait(done); }) {}

void StopDeadline::begin() {
  const std::lock_guard lock(mutex_);
  has_begun_ = true;
  changed_.notify_all();
}

void StopDeadline::wait(const std::stop_token& done) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, done, [this] { return has_begun_; })) return;
    changed_.wait_for(lock, done, within_, [] { return false; });
  }
  if (!done.stop_requested()) hangs_();
}

void end_hung(Log& log, std::string_view what) {
  log.error(
      "the service was told to stop and hangs, so it ends as it is; the next start finishes what is left. It waited "
      "for " +
      std::string(what));
  log.drain(std::chrono::seconds(1));
  std::_Exit(kHungExitCode);
}

}  // namespace unavoce::server
