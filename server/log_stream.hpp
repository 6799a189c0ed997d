#pragma once
// Where the lines of the log go: a descriptor that is written on a thread of its own, because whoever reads it may stop
// doing so (a paused terminal, a full pipe), and that must hold up no request, no withdrawal and no stop. What does not
// fit meanwhile is dropped, and a line says how many lines that were.
// Owner: Log. Thread: any. Errors: what the descriptor refuses is lost; there is nowhere to say it.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>

namespace unavoce::server {

class LogStream {
 public:
  static constexpr std::size_t kMaxWaiting = 1 << 20;  // bytes

  /// The descriptor stays the caller's, and must stay open as long as the process when nobody reads it.
  explicit LogStream(int descriptor);
  /// Waits a second for what is still to be written.
  ~LogStream();
  LogStream(const LogStream&) = delete;
  LogStream& operator=(const LogStream&) = delete;

  /// A whole line with its LF. Never waits.
  void put(std::string_view line);
  /// Waits until all is written, at most so long; whether it is.
  bool drain(std::chrono::milliseconds within);

 private:
  struct Shared;  // outlives this if the thread hangs
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace unavoce::server
