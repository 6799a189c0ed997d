// The log's lines on their way to a descriptor whose reader may stop reading.
#include "server/log_stream.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "tests/patience.hpp"

using unavoce::server::LogStream;
using namespace std::chrono_literals;

namespace {

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    in_ = fdopen(ends[0], "r");
    REQUIRE(in_ != nullptr);
    writes_ = ends[1];
  }
  ~Pipe() {
    std::fclose(in_);
    close(writes_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writes() const { return writes_; }
  std::string line() const {
    std::array<char, 300> text{};
    REQUIRE(std::fgets(text.data(), text.size(), in_) != nullptr);
    return text.data();
  }
  /// Before the first line is read.
  int has_bytes() const {
    int count = 0;
    REQUIRE(ioctl(fileno(in_), FIONREAD, &count) == 0);
    return count;
  }

 private:
  std::FILE* in_ = nullptr;
  int writes_ = -1;
};

/// A line of a hundred bytes that says which one it is.
std::string numbered(std::size_t number) {
  std::string line = std::to_string(number);
  line.resize(99, '.');
  return line + '\n';
}

}  // namespace

TEST_CASE("lines come out in order, and all of them before the stream is gone", "[log]") {
  const Pipe pipe;
  {
    LogStream stream(pipe.writes());
    for (std::size_t i = 0; i < 100; ++i) stream.put(numbered(i));
  }
  REQUIRE(pipe.has_bytes() == 100 * 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(pipe.line() == numbered(i));
}

TEST_CASE("a reader who stops holds up nobody, and reads how many lines are missing when they go on", "[log]") {
  const Pipe pipe;
  LogStream stream(pipe.writes());
  const std::size_t lines = 4 * LogStream::kMaxWaiting / 100;
  for (std::size_t i = 0; i < lines; ++i) stream.put(numbered(i));  // would not come back
  CHECK_FALSE(stream.drain(0ms));
  // How often the writer found some missing meanwhile is its own affair.
  std::size_t read = 0;
  std::size_t missing = 0;
  std::size_t notices = 0;
  while (read + missing < lines) {
    const std::string line = pipe.line();
    if (line == numbered(read + missing)) {
      ++read;
      continue;
    }
    const auto at = line.find(" warning ");
    REQUIRE(at != std::string::npos);
    CHECK(line.find(" lines are missing here: whoever takes the log was too slow\n") != std::string::npos);
    missing += std::stoul(line.substr(at + 9));
    ++notices;
  }
  CHECK(read + missing == lines);
  CHECK(read * 100 >= LogStream::kMaxWaiting - 100);
  CHECK(notices >= 1);
  stream.put(numbered(lines));
  CHECK(pipe.line() == numbered(lines));
  CHECK(stream.drain(unavoce::testing::patience(10s)));
}

TEST_CASE("a line that is longer than all that may wait is missing, and the next ones are not", "[log]") {
  const Pipe pipe;
  LogStream stream(pipe.writes());
  stream.put(std::string(LogStream::kMaxWaiting + 1, 'x'));
  REQUIRE(stream.drain(unavoce::testing::patience(10s)));
  stream.put(numbered(1));
  REQUIRE(stream.drain(unavoce::testing::patience(10s)));
  CHECK(pipe.line().find(" warning 1 lines are missing here") != std::string::npos);
  CHECK(pipe.line() == numbered(1));
}

TEST_CASE("a reader who has gone for good holds up the end of the stream for a second", "[log]") {
  // Like standard error, it is never closed: the stream's thread may still hang in it.
  static const Pipe& pipe = *new Pipe;
  constexpr std::size_t kLines = 5000;  // more than a pipe holds
  const auto begin = std::chrono::steady_clock::now();
  {
    LogStream stream(pipe.writes());
    for (std::size_t i = 0; i < kLines; ++i) stream.put(numbered(i));
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 1s);
  CHECK(took < 1s + unavoce::testing::patience(10s));
  for (std::size_t i = 0; i < kLines; ++i) (void)pipe.line();  // lets the thread go
}
