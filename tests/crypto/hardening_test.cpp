#include "crypto/hardening.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/crypto/must.hpp"

using namespace unavoce::crypto;

namespace {

/// Runs `work` in a child process, as hardening cannot be taken back, and gives its exit code.
template <class Work>
int in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("init proves that memory can be locked, and may be repeated") {
  CHECK(init().has_value());
  CHECK(init().has_value());
}

// The sanitizers make mlock a call that does nothing and succeeds.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("init refuses to run where memory cannot be locked") {
  const int result = in_child([] {
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 10;
    if (geteuid() == 0) {  // CAP_IPC_LOCK ignores the limit
      if (setgid(65534) != 0 || setuid(65534) != 0) return 11;
    }
    const auto refused = init();
    return !refused && refused.error().code == Errc::hardening ? 0 : 1;
  });
  CHECK(result == 0);
}
#endif

TEST_CASE("a hardened process leaves no core dump and cannot be traced") {
  const int result = in_child([] {
    if (!harden_process()) return 1;
    rlimit core{1, 1};
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 2;
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 3;
  });
  CHECK(result == 0);
}

TEST_CASE("active swap is seen in /proc/swaps") {
  const std::string heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  CHECK_FALSE(lists_swap(""));
  CHECK_FALSE(lists_swap(heading));
  CHECK(lists_swap(heading + "/dev/sda2                               partition\t8388604\t\t0\t\t-2\n"));
}
