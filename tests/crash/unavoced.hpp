// The real program over one data folder, which lives through all its deaths.
// Owner: the test. Thread: the test's; a thread of its own pulls the trigger. Errors: std::runtime_error with the end
// of the program's log.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <thread>

#include "tests/program.hpp"
#include "tests/server/service.hpp"

namespace unavoce::crash {

class Unavoced final : public server::test::Service {
 public:
  Unavoced();
  ~Unavoced() override;
  Unavoced(const Unavoced&) = delete;
  Unavoced& operator=(const Unavoced&) = delete;

  server::test::Address address() const override { return port_; }
  const std::filesystem::path& data_folder() const override { return data_folder_; }

  /// Starts it and waits until it is ready.
  void start();
  /// Starts it and kills it at a random instant, `after` the start, ready or not.
  void start_and_kill(std::chrono::microseconds after);
  /// Starts it, waits until it clears up after the death before, and kills it so much later. Whether it died in that.
  bool start_and_kill_in_recovery(std::chrono::microseconds after);
  /// Kills it so much later, whatever it is doing then. Nothing happens if it is dead.
  void kill_in(std::chrono::microseconds delay);
  /// The same, so much later than something has begun, of which `begun` is asked by another thread. It is waited for,
  /// but not for ever.
  void kill_once(std::function<bool()> begun, std::chrono::microseconds delay);
  /// Waits for the kill that was ordered; gives the instant, of CLOCK_MONOTONIC, just before it.
  std::int64_t await_kill();
  bool is_killed() const { return killed_ns_ != 0; }
  /// Whether a kill was ordered for this life.
  bool is_doomed() const { return trigger_.joinable() || is_killed(); }

  /// How long the last start took until it was ready.
  std::chrono::microseconds start_time() const { return start_time_; }
  /// How much of that was for clearing up after the death before.
  std::chrono::microseconds recovery_time() const { return recovery_time_; }
  /// The end of what it logged.
  std::string log_end() const;
  /// A place beside the data folder.
  std::string beside(std::string_view name) const { return folder_ / name; }

 private:
  void launch(int ready);
  void kill_now();
  void await_recovery(int ready) const;
  bool has_logged(std::string_view text) const;

  testing::TemporaryFolder folder_;
  std::filesystem::path data_folder_ = folder_.path() / "data";
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
  std::chrono::microseconds start_time_{1'000'000};
  std::chrono::microseconds recovery_time_{0};
  std::uintmax_t log_before_ = 0;  // bytes that earlier lives have logged
  std::atomic<std::int64_t> killed_ns_{0};
  std::thread trigger_;
};

}  // namespace unavoce::crash
