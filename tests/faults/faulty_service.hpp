// A whole service in the test's process, on a disk that fails when it is told to. Remembers when its gate opened and
// closed, to the moment: the log is written by the control thread itself.
//
// Owner: the script. Thread: any. Errors: std::runtime_error with the service's own words when it cannot start.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "faulty_disk.hpp"
#include "server/server.hpp"
#include "tests/server/service.hpp"

namespace unavoce::faults {

/// A line of the log "gate open …" or "gate closed", and when it was written.
struct GateLine {
  enum class State { open, closed } state;
  std::int64_t at_ns;
};

/// What one or several services in a row wrote.
class LogBook {
 public:
  void write(std::string_view line);
  std::string text() const;
  std::vector<GateLine> gate() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
  std::vector<GateLine> gate_;
};

/// How soon after the start, and how often then, it looks for what is to be erased or sealed: as in the field, or so
/// that a test can wait for it.
enum class Sweeps { rarely, often };

class FaultyService final : public server::test::Service {
 public:
  FaultyService(const std::filesystem::path& data_folder, storage::FileOps& disk, LogBook& book,
                Sweeps sweeps = Sweeps::rarely);
  ~FaultyService() override;
  FaultyService(const FaultyService&) = delete;
  FaultyService& operator=(const FaultyService&) = delete;

  /// Tells it to stop, and waits until it serves nobody any more. Its files are open until it is destroyed.
  void end();

  server::test::Address address() const override { return {server_->port()}; }
  const std::filesystem::path& data_folder() const override { return config_.data_folder; }

 private:
  server::Config config_;
  server::Log log_;
  std::unique_ptr<server::Server> server_;
  std::thread thread_;
};

}  // namespace unavoce::faults
