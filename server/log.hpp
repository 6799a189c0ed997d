#pragma once
// The log: one line per event on a stream (journald keeps it 30 days). IP addresses are shortened to /24 or /48 before
// they are written; names of people and rooms, tokens, bodies and full paths are never passed in (requests are logged
// by route pattern). Thread-safe; writing never waits for whoever reads it, so a crash may cost the last lines
// (log_stream.hpp).

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace unavoce::server {

enum class LogLevel { debug, info, warning, error };

/// An IP address cut to its network: 192.0.2.17 → "192.0.2.0/24", 2001:db8:1:2::3 → "2001:db8:1::/48". Anything else →
/// "unknown".
std::string shorten_address(std::string_view address);

/// One event as one line: the time (UTC), the level, the text without control characters, LF.
std::string log_line(LogLevel level, std::string_view text);

class LogStream;

class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;

  /// Lines below `level` are dropped. `sink` gets whole lines with their LF; it is called under the log's lock.
  Log(LogLevel level, Sink sink);
  /// To standard error.
  explicit Log(LogLevel level);
  ~Log();

  void debug(std::string_view text) { write(LogLevel::debug, text); }
  void info(std::string_view text) { write(LogLevel::info, text); }
  void warning(std::string_view text) { write(LogLevel::warning, text); }
  void error(std::string_view text) { write(LogLevel::error, text); }

  /// One finished request. `route` is the pattern (`/api/v1/rooms/{room}`), never the path, so that ids and tokens stay
  /// out.
  void request(std::string_view method, std::string_view route, unsigned status, std::string_view remote_address,
               long duration_ms);

  /// Before a process ends without destructors: waits until standard error has taken everything, at most so long.
  void drain(std::chrono::milliseconds within);

 private:
  void write(LogLevel level, std::string_view text);

  LogLevel level_;
  std::unique_ptr<LogStream> stream_;
  Sink sink_;
  std::mutex mutex_;
};

}  // namespace unavoce::server
