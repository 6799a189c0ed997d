// The real program, with a pipeline that hangs.
#include "tests/program.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>

using namespace unavoce;

namespace {

/// What comes from `fd` until it says `words`, or ends.
std::string read_until(int fd, const std::string& words) {
  std::string said;
  for (char c = 0; said.find(words) == std::string::npos && read(fd, &c, 1) == 1;) said.push_back(c);
  return said;
}

}  // namespace

TEST_CASE("a stop that leaves a pipeline behind says so and ends in peace, without static destructors", "[hung]") {
  const testing::TemporaryFolder folder;
  const std::string data = folder / "data";
  std::array<int, 2> output{};
  REQUIRE(pipe(output.data()) == 0);
  const pid_t service = fork();
  if (service == 0) {
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    close(output[0]);
    close(output[1]);
    execl(HUNG_UNAVOCED_PROGRAM, "unavoced", "--allow-root", "--port", "0", "--data", data.c_str(), nullptr);
    _exit(127);
  }
  close(output[1]);
  const std::string first = read_until(output[0], "is ready");
  kill(service, SIGTERM);
  const std::string last = read_until(output[0], "no such words");
  close(output[0]);
  int status = 0;
  waitpid(service, &status, 0);
  INFO(first << last);
  CHECK(last.find("WHIP session warm-up… does not end; the service ends without it") != std::string::npos);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
