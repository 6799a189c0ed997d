// A whole service inside the test: its own data folder, any free port, its own control thread; gone without a trace
// when the test ends.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "server/server.hpp"
#include "service.hpp"

namespace unavoce::server::test {

/// A fresh folder that removes itself.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class RunningServer final : public Service {
 public:
  /// `change` may alter the settings (data folder and port are set already; a data folder of the test's own is left
  /// alone).
  explicit RunningServer(const std::function<void(Config&)>& change = {});
  ~RunningServer() override;
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  Address address() const override { return {port(), config_.tls_certificate}; }
  const std::string& base_url() const { return server_->base_url(); }
  const std::filesystem::path& data_folder() const override { return config_.data_folder; }
  const Config& config() const { return config_; }
  /// Tells it to end; the destructor waits until it has.
  void stop();
  /// What its end is waiting for.
  std::string ending() const { return server_->ending()->load(); }
  /// Everything logged so far.
  std::string log_text() const;

 private:
  TemporaryFolder folder_;
  Config config_;
  mutable std::mutex log_mutex_;
  std::string log_text_;
  Log log_;
  std::unique_ptr<Server> server_;
  bool is_told_to_stop_ = false;
  std::thread thread_;
};

/// All that a service answers to: its table of routes, without running it.
std::vector<Endpoint> endpoints_of_a_new_service();

}  // namespace unavoce::server::test
