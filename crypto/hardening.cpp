#include "crypto/hardening.hpp"

#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace unavoce::crypto {

namespace {

Error hardening_error(const char* what, int error, const char* remedy) {
  return Error{Errc::hardening, std::string(what) + ": " + std::strerror(error) + ". " + remedy};
}

/// mlockall with MCL_FUTURE makes every later allocation fail once RLIMIT_MEMLOCK is reached, so it is used only
/// without a limit; CAP_IPC_LOCK lifts the limit whatever it says, but then the limit can be raised as well.
bool memory_lock_is_unlimited() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  if (limit.rlim_cur == RLIM_INFINITY) return true;
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
}

Result<void> keep_memory_out_of_swap() {
  // MCL_ONFAULT locks a page when it is first used: nothing that ever held data can be swapped out, and the untouched
  // 8 MiB of every thread's stack need no RAM (mlockall(2)).
  if (memory_lock_is_unlimited() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
    return boost::outcome_v2::success();
  std::ifstream file("/proc/swaps");
  const std::string swaps{std::istreambuf_iterator<char>(file), {}};
  if (file && !lists_swap(swaps)) return boost::outcome_v2::success();
  return Error{
      Errc::hardening,
      "memory cannot be locked and this machine uses swap (or /proc/swaps cannot be read), so media and keys "
      "could reach a disk. Allow it with LimitMEMLOCK=infinity in the service unit (or `ulimit -l unlimited`), "
      "or turn swap off with `swapoff -a`"};
}

}  // namespace

Result<void> init() {
  if (sodium_init() < 0) return Error{Errc::hardening, "libsodium cannot be initialised: no random generator?"};
  std::array<unsigned char, 64> probe{};
  if (sodium_mlock(probe.data(), probe.size()) != 0) {
    return hardening_error("a page of memory for keys cannot be locked", errno,
                           "Raise RLIMIT_MEMLOCK: `ulimit -l`, or LimitMEMLOCK= in the service unit");
  }
  sodium_munlock(probe.data(), probe.size());
  return boost::outcome_v2::success();
}

Result<void> harden_process() {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) {
    return hardening_error("core dumps cannot be switched off", errno, "Set LimitCORE=0 in the service unit");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return hardening_error("the process cannot be made undumpable", errno, "Check the seccomp filter of the service");
  }
  return keep_memory_out_of_swap();
}

bool lists_swap(std::string_view proc_swaps) {
  // The first line is the column heading; every further line is one active swap area (proc(5)).
  const auto heading_end = proc_swaps.find('\n');
  if (heading_end == std::string_view::npos) return false;
  return proc_swaps.find_first_not_of(" \t\n", heading_end) != std::string_view::npos;
}

}  // namespace unavoce::crypto
