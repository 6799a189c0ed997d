// A progress bar for people: on standard error, only if that is a terminal, at most ten times a second.
//
// Owner: the command; the bar is erased when it goes. Thread: one at a time. Errors: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace unavoce::cli {

class Progress {
 public:
  /// Without a total only bytes and rate are shown.
  Progress(std::string label, std::optional<std::uint64_t> total_bytes);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string label_;
  std::optional<std::uint64_t> total_bytes_;
  std::uint64_t done_bytes_ = 0;
  bool on_terminal_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_drawn_ = started_;
};

/// "1.5 MiB"; for progress and reports.
std::string human_bytes(std::uint64_t bytes);

}  // namespace unavoce::cli
