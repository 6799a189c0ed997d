#include "cli/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace unavoce::cli {

namespace {
constexpr std::chrono::milliseconds redraw_every{100};
constexpr std::uint64_t bar_columns = 30;
}  // namespace

Progress::Progress(std::string label, std::optional<std::uint64_t> total_bytes)
    : label_(std::move(label)), total_bytes_(total_bytes), on_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::add(std::uint64_t bytes) {
  done_bytes_ += bytes;
  if (!on_terminal_) return;
  const auto now = Clock::now();
  if (now - last_drawn_ < redraw_every) return;
  last_drawn_ = now;
  draw(now);
}

void Progress::draw(Clock::time_point now) {
  std::string line = "\r" + label_ + ' ';
  if (total_bytes_ && *total_bytes_ > 0) {
    const auto done = std::min(done_bytes_, *total_bytes_);
    const double part = static_cast<double>(done) / static_cast<double>(*total_bytes_);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar_columns));
    line += '[' + std::string(filled, '#') + std::string(bar_columns - filled, '.') + "] " +
            std::to_string(static_cast<int>(part * 100)) + " % ";
  }
  const double seconds = std::chrono::duration<double>(now - started_).count();
  line += human_bytes(done_bytes_);
  if (seconds > 0)
    line += ", " + human_bytes(static_cast<std::uint64_t>(static_cast<double>(done_bytes_) / seconds)) + "/s";
  std::fputs((line + "\033[K").c_str(), stderr);
  drawn_ = true;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
  return text.data();
}

}  // namespace unavoce::cli
