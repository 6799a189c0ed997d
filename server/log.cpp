#include "server/log.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "server/log_stream.hpp"

namespace unavoce::server {

std::string shorten_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // without the zone of link-local addresses
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes[3] = 0;
    inet_ntop(AF_INET, bytes.data(), out.data(), out.size());
    return std::string(out.data()) + "/24";
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return "unknown";
  constexpr std::array<unsigned char, 12> v4_mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(v4_mapped.begin(), v4_mapped.end(), bytes.begin())) {
    bytes[15] = 0;
    inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
    return std::string(out.data()) + "/24";
  }
  std::fill(bytes.begin() + 6, bytes.end(), static_cast<unsigned char>(0));
  inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return std::string(out.data()) + "/48";
}

std::string log_line(LogLevel level, std::string_view text) {
  constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  std::string line(stamp.data());
  line.append(" ").append(names.at(static_cast<std::size_t>(level))).append(" ");
  for (const char c : text) line.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);  // one event, one line
  line.push_back('\n');
  return line;
}

Log::Log(LogLevel level, Sink sink) : level_(level), sink_(std::move(sink)) {}

Log::Log(LogLevel level)
    : level_(level),
      stream_(std::make_unique<LogStream>(STDERR_FILENO)),
      sink_([this](std::string_view line) { stream_->put(line); }) {}

Log::~Log() = default;

void Log::drain(std::chrono::milliseconds within) {
  if (stream_) (void)stream_->drain(within);
}

void Log::request(std::string_view method, std::string_view route, unsigned status, std::string_view remote_address,
                  long duration_ms) {
  std::string line(method);
  line.append(" ")
      .append(route)
      .append(" ")
      .append(std::to_string(status))
      .append(" ")
      .append(std::to_string(duration_ms));
  line.append("ms ").append(shorten_address(remote_address));
  write(status >= 500 ? LogLevel::error : LogLevel::debug, line);
}

void Log::write(LogLevel level, std::string_view text) {
  if (level < level_) return;
  const std::lock_guard lock(mutex_);
  sink_(log_line(level, text));
}

}  // namespace unavoce::server
