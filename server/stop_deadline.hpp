#pragma once
// The last resort of a stop: whoever was told to end has so long to finish, then the process ends as it is. What was
// sealed until then is on the disk, and the next start finishes the rest, as after a kill. Owned by main, around the
// Server; any thread.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "server/log.hpp"

namespace unavoce::server {

class StopDeadline {
 public:
  /// `hangs` is called, on a thread of its own, when the time is over and this object is still there.
  StopDeadline(std::chrono::milliseconds within, std::function<void()> hangs);

  /// The time begins; a second call changes nothing.
  void begin();

 private:
  void wait(const std::stop_token& done);

  std::chrono::milliseconds within_;
  std::function<void()> hangs_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool has_begun_ = false;
  std::jthread thread_;  // last: it uses the others
};

/// How a process ends whose stop hung (docs/OPERATING.md).
inline constexpr int kHungExitCode = 3;

/// Ends the process at once, with `what` it waited for as its last words, if the log still takes them.
[[noreturn]] void end_hung(Log& log, std::string_view what);

}  // namespace unavoce::server
