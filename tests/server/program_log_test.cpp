// The real program and whoever reads its log: one that stops reading holds up nothing, and what a stop waited for in
// vain is the last that it says.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "server/stop_deadline.hpp"
#include "tests/patience.hpp"
#include "tests/program.hpp"

using namespace unavoce;
using namespace std::chrono_literals;

namespace {

/// A pipe for a log. What is written to it is read when somebody asks for it.
class LogPipe {
 public:
  LogPipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    reads_ = ends[0];
    writes_ = ends[1];
  }
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;
  ~LogPipe() {
    for (const int end : {reads_, writes_}) close(end);
  }

  int writes() const { return writes_; }
  /// From here on it takes no line any more.
  void fill() const {
    const int full = open(("/proc/self/fd/" + std::to_string(writes_)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(full >= 0);
    while (write(full, "x", 1) == 1) {
    }
    close(full);
  }
  std::string line() const {
    std::string text;
    for (char c = 0; read(reads_, &c, 1) == 1 && c != '\n';) text.push_back(c);
    return text;
  }
  /// All that comes until nobody can write to it any more.
  std::string rest() {
    close(std::exchange(writes_, -1));
    std::string text;
    for (char c = 0; read(reads_, &c, 1) == 1;) text.push_back(c);
    return text;
  }

 private:
  int reads_ = -1;
  int writes_ = -1;
};

/// A program like unavoced, at its most talkative, with this log.
class Talkative {
 public:
  Talkative(const char* program, const std::string& data, const LogPipe& log) {
    std::array<int, 2> output{};
    REQUIRE(pipe2(output.data(), O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
#if defined(__SANITIZE_ADDRESS__)
      // What it may say at the end would hang in the pipe.
      const char* set = getenv("ASAN_OPTIONS");
      setenv("ASAN_OPTIONS", (std::string(set == nullptr ? "" : set) + ":log_path=/dev/null").c_str(), 1);
#endif
      dup2(output[1], STDOUT_FILENO);
      dup2(log.writes(), STDERR_FILENO);
      execl(program, "unavoced", "--allow-root", "--port", "0", "--data", data.c_str(), "--log-level", "debug",
            nullptr);
      _exit(127);
    }
    close(output[1]);
    output_ = output[0];
  }
  Talkative(const Talkative&) = delete;
  Talkative& operator=(const Talkative&) = delete;
  ~Talkative() {
    if (pid_ > 0) {
      tell(SIGKILL);
      (void)exit_code();
    }
    close(output_);
  }

  /// The next line of standard output.
  std::string line() const {
    std::string text;
    for (char c = 0; read(output_, &c, 1) == 1 && c != '\n';) text.push_back(c);
    return text;
  }
  void tell(int signal) const {
    kill(pid_, signal);
  }
  /// When it has ended.
  int exit_code() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

std::uint16_t port_in(const std::string& ready) {
  const auto colon = ready.rfind(':');
  REQUIRE(colon != std::string::npos);
  return static_cast<std::uint16_t>(std::stoul(ready.substr(colon + 1)));
}

/// The beginning of what it answers to a question of how it is; empty if it does not.
std::string health(std::uint16_t port) {
  const int asks = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  place.sin_port = htons(port);
  REQUIRE(connect(asks, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
  const std::string request = "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  REQUIRE(write(asks, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  pollfd answered{asks, POLLIN, 0};
  std::string answer(15, '\0');
  if (poll(&answered, 1, static_cast<int>(testing::patience(10s) / 1ms)) != 1) answer.clear();
  answer.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(asks, answer.data(), answer.size()))));
  close(asks);
  return answer;
}

}  // namespace

TEST_CASE("a service whose log nobody reads answers and stops like any other") {
  const testing::TemporaryFolder folder;
  LogPipe log;
  Talkative service(UNAVOCED_PROGRAM, folder / "data", log);
  const std::uint16_t port = port_in(service.line());
  log.fill();
  constexpr int kQuestions = 20;
  for (int i = 0; i < kQuestions; ++i) REQUIRE(health(port) == "HTTP/1.1 200 OK");
  service.tell(SIGTERM);
  CHECK(service.exit_code() == 0);
}

TEST_CASE("what the service logs while nobody reads comes when somebody does") {
  const testing::TemporaryFolder folder;
  LogPipe log;
  Talkative service(UNAVOCED_PROGRAM, folder / "data", log);
  const std::uint16_t port = port_in(service.line());
  log.fill();
  for (int i = 0; i < 3; ++i) REQUIRE(health(port) == "HTTP/1.1 200 OK");
  for (int said = 0; said < 3;) said += log.line().find("GET /api/v1/health 200") != std::string::npos ? 1 : 0;
  service.tell(SIGTERM);
  CHECK(service.exit_code() == 0);
}

TEST_CASE("a service whose log nobody reads ends with its last words unsaid, not with a hang") {
  LogPipe log;
  log.fill();
  Talkative cannot_start(UNAVOCED_PROGRAM, "/proc/nothing/here", log);
  CHECK(cannot_start.exit_code() == 1);
}

TEST_CASE("a service that hangs ends within seconds when it is told to, with a code of its own and the reason") {
  const testing::TemporaryFolder folder;
  LogPipe log;
  Talkative service(HUNG_DISK_PROGRAM, folder / "data", log);
  const std::uint16_t port = port_in(service.line());
  REQUIRE(service.line() == "the disk hangs");
  CHECK(health(port) == "HTTP/1.1 200 OK");
  const auto begin = std::chrono::steady_clock::now();
  service.tell(SIGTERM);
  CHECK(log.rest().ends_with("waited for a job that reads or writes recorded files\n"));
  CHECK(service.exit_code() == server::kHungExitCode);
  CHECK(std::chrono::steady_clock::now() - begin < 45s);  // the limit of a stop, and some
}
