#include "unavoced.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "recorder/monotonic.hpp"
#include "tests/patience.hpp"
#include "tests/server/recorded.hpp"

namespace unavoce::crash {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// What the service logs before and after it clears up: it serves before all that was interrupted is sealed
/// (server.cpp, seals.cpp).
constexpr std::string_view kRecoveryBegins = " recovery begins\n";
constexpr std::string_view kNothingIsOwed = " no seal is owed\n";

/// The test's environment without what steers the test.
std::vector<std::string> environment() {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    if (!std::string_view(*line).starts_with("UNAVOCE_")) lines.emplace_back(*line);
  }
  return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> pointers;
  for (std::string& line : lines) pointers.push_back(line.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// What is written into a pipe up to the end of the line; less if the writer is gone.
std::string first_line(int pipe) {
  std::string line;
  char c = 0;
  while (::read(pipe, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

Unavoced::Unavoced() = default;

Unavoced::~Unavoced() {
  if (trigger_.joinable()) trigger_.join();
  if (process_ > 0) kill_now();
}

/// Between fork and exec only what is safe with threads around.
void Unavoced::launch(int ready) {
  std::vector<std::string> words = {UNAVOCED_PROGRAM, "--allow-root", "--port=0", "--data=" + data_folder_.string(),
                                    "--web-root=" + folder_ / "no pages", "--log-level=debug",
                                    // A jitter buffer drops what is later than this, also on a busy machine.
                                    "--jitter-latency-ms=" + std::to_string(std::min(400 * testing::kSlower, 1000))};
  std::vector<std::string> lines = environment();
  const std::vector<char*> arguments = pointers_to(words), variables = pointers_to(lines);
  const std::string log = folder_ / "unavoced.log";
  std::error_code none_yet;
  log_before_ = fs::file_size(log, none_yet);
  if (none_yet) log_before_ = 0;
  killed_ns_ = 0;
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("fork");  // -1 must never be what is killed
  if (process_ > 0) return;
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (::dup2(ready, 1) == 1 && ::dup2(file, 2) == 2)
    ::execve(words.front().c_str(), arguments.data(), variables.data());
  ::_exit(127);
}

void Unavoced::start() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const auto begin = Clock::now();
  launch(ends[1]);
  ::close(ends[1]);
  await_recovery(ends[0]);
  const auto recovery = Clock::now();
  const std::string said = first_line(ends[0]);
  ::close(ends[0]);
  start_time_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  server::test::await([&] { return has_logged(kNothingIsOwed); });
  recovery_time_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - recovery);
  const auto port = said.rfind(':');
  if (said.find(" is ready: ") == std::string::npos) throw std::runtime_error("unavoced does not start: " + log_end());
  port_ = static_cast<std::uint16_t>(std::stoi(said.substr(port + 1)));
}

void Unavoced::start_and_kill(std::chrono::microseconds after) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  launch(nowhere);
  ::close(nowhere);
  kill_in(after);
  await_kill();
}

bool Unavoced::start_and_kill_in_recovery(std::chrono::microseconds after) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  launch(ends[1]);
  ::close(ends[1]);
  await_recovery(ends[0]);
  kill_in(after);
  await_kill();
  ::close(ends[0]);
  return has_logged(kRecoveryBegins) && !has_logged(kNothingIsOwed);
}

/// Returns when it clears up, and when it never will: it is ready, or dead.
void Unavoced::await_recovery(int ready) const {
  pollfd said{ready, POLLIN, 0};
  while (!has_logged(kRecoveryBegins) && ::poll(&said, 1, 1) == 0) {
  }
}

/// In this life.
bool Unavoced::has_logged(std::string_view text) const {
  std::ifstream file(folder_ / "unavoced.log", std::ios::binary);
  file.seekg(static_cast<std::streamoff>(log_before_));
  const std::string lines(std::istreambuf_iterator<char>(file), {});
  return lines.find(text) != std::string::npos;
}

void Unavoced::kill_in(std::chrono::microseconds delay) {
  if (is_doomed()) return;
  trigger_ = std::thread([this, when = Clock::now() + delay] {
    std::this_thread::sleep_until(when);
    kill_now();
  });
}

void Unavoced::kill_once(std::function<bool()> begun, std::chrono::microseconds delay) {
  if (is_doomed()) return;
  trigger_ = std::thread([this, begun = std::move(begun), delay, deadline = Clock::now() + std::chrono::seconds(20)] {
    while (!begun() && Clock::now() < deadline) std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::this_thread::sleep_for(delay);
    kill_now();
  });
}

void Unavoced::kill_now() {
  killed_ns_ = recorder::monotonic_ns();
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::int64_t Unavoced::await_kill() {
  if (trigger_.joinable()) trigger_.join();
  if (!is_killed()) throw std::logic_error("nobody ordered a kill");
  return killed_ns_;
}

std::string Unavoced::log_end() const {
  std::ifstream file(folder_ / "unavoced.log");
  const std::string all(std::istreambuf_iterator<char>(file), {});
  return all.substr(all.size() > 4000 ? all.size() - 4000 : 0);
}

}  // namespace unavoce::crash
