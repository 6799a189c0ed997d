#include "running_server.hpp"

#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace unavoce::server::test {
namespace {

Config test_config(const std::filesystem::path& folder, const std::function<void(Config&)>& change) {
  Config config;
  config.data_folder = folder / "data";
  config.web_root = folder / "no pages";
  config.listen_port = 0;
  config.log_level = LogLevel::debug;
  config.disk_reserve_mib = 0;  // however full the machine that runs the tests is
  if (change) change(config);
  return config;
}

std::unique_ptr<Server> open_server(const Config& config, Log& log) {
  auto opened = Server::open(config, log);
  if (!opened) throw std::runtime_error(opened.error().text);
  return std::move(opened).value();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> next{0};
  path_ = std::filesystem::temp_directory_path() /
          ("unavoce-test-" + std::to_string(getpid()) + "-" + std::to_string(next++));
  std::filesystem::create_directory(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RunningServer::RunningServer(const std::function<void(Config&)>& change)
    : config_(test_config(folder_.path(), change)),
      log_(config_.log_level,
           [this](std::string_view line) {
             const std::lock_guard lock(log_mutex_);
             log_text_ += line;
           }),
      server_(open_server(config_, log_)),
      thread_([this] { server_->run(); }) {}

RunningServer::~RunningServer() {
  stop();
  thread_.join();
}

void RunningServer::stop() {
  if (!std::exchange(is_told_to_stop_, true)) server_->stop();  // a second time would not wait for anything
}

std::string RunningServer::log_text() const {
  const std::lock_guard lock(log_mutex_);
  return log_text_;
}

std::vector<Endpoint> endpoints_of_a_new_service() {
  const TemporaryFolder folder;
  Log log(LogLevel::error, [](std::string_view) {});
  Config config;
  config.data_folder = folder.path() / "data";
  config.listen_port = 0;
  return Server::open(config, log).value()->endpoints();
}

}  // namespace unavoce::server::test
