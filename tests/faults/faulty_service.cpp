#include "faulty_service.hpp"

#include <stdexcept>

#include "recorder/monotonic.hpp"

namespace unavoce::faults {
namespace {

server::Config quick_config(const std::filesystem::path& data_folder, Sweeps sweeps) {
  server::Config config;
  config.data_folder = data_folder;
  config.web_root = data_folder / "no pages";
  config.listen_port = 0;
  config.log_level = server::LogLevel::debug;
  config.try_again_after = std::chrono::milliseconds(150);
  config.look_at_disk_every = std::chrono::milliseconds(100);
  if (sweeps == Sweeps::often) {
    config.come_back_within = std::chrono::milliseconds(300);
    config.sweep_every = std::chrono::milliseconds(150);
  }
  config.jitter_latency_ms = 100;
  config.max_requests_per_second = 100'000;
  return config;
}

std::unique_ptr<server::Server> open_server(const server::Config& config, server::Log& log, storage::FileOps& disk) {
  auto opened = server::Server::open(config, log, disk);
  if (!opened) throw std::runtime_error(opened.error().text);
  return std::move(opened).value();
}

}  // namespace

void LogBook::write(std::string_view line) {
  const std::int64_t now_ns = recorder::monotonic_ns();
  const std::lock_guard lock(mutex_);
  text_ += line;
  if (line.find(" gate closed") != std::string_view::npos) gate_.push_back({GateLine::State::closed, now_ns});
  if (line.find(" gate open ") != std::string_view::npos) gate_.push_back({GateLine::State::open, now_ns});
}

std::string LogBook::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

std::vector<GateLine> LogBook::gate() const {
  const std::lock_guard lock(mutex_);
  return gate_;
}

FaultyService::FaultyService(const std::filesystem::path& data_folder, storage::FileOps& disk, LogBook& book,
                             Sweeps sweeps)
    : config_(quick_config(data_folder, sweeps)),
      log_(config_.log_level, [&book](std::string_view line) { book.write(line); }),
      server_(open_server(config_, log_, disk)),
      thread_([this] { server_->run(); }) {}

FaultyService::~FaultyService() {
  end();
}

void FaultyService::end() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

}  // namespace unavoce::faults
