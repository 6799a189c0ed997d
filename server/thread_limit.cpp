#include "server/thread_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "recorder/thread_cost.hpp"

namespace unavoce::server {
namespace {

namespace fs = std::filesystem;

/// The server's own (ARCHITECTURE, "Threads"), with nine for witnesses, and the recorder's.
constexpr std::uint64_t kForTheService = 32 + recorder::threads_for_the_recorder;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The number that the text begins with, behind blanks.
std::optional<std::uint64_t> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// What stands behind a word at the beginning of a line (/proc/PID/status, /proc/PID/cgroup).
std::string_view behind(std::string_view text, std::string_view word) {
  for (std::size_t line = 0; line < text.size();) {
    const auto end = std::min(text.find('\n', line), text.size());
    const auto one = text.substr(line, end - line);
    if (one.starts_with(word)) return one.substr(word.size());
    line = end + 1;
  }
  return {};
}

std::uint64_t less(std::uint64_t limit, std::uint64_t used) {
  return limit - std::min(limit, used);
}

void tighten(ThreadsLeft& left, std::uint64_t threads, std::string limit) {
  if (threads < left.threads) left = {threads, std::move(limit)};
}

/// Of all processes together: /proc/loadavg has how many threads there are behind the fourth number's slash.
void of_the_machine(ThreadsLeft& left, const fs::path& root) {
  const std::string load = text_of(root / "proc/loadavg");
  const auto slash = std::min(load.find('/'), load.size() - 1);
  const auto used = number_in(std::string_view(load).substr(std::min(slash + 1, load.size()))).value_or(0);
  for (const char* name : {"threads-max", "pid_max"}) {
    const auto limit = number_in(text_of(root / "proc/sys/kernel" / name));
    if (limit) tighten(left, less(*limit, used), std::string("the machine's limit (sysctl kernel.") + name + ")");
  }
  // Each thread has a stack and its guard; the rest is for libraries and memory.
  constexpr std::uint64_t for_the_rest = 4096;
  const auto maps = number_in(text_of(root / "proc/sys/vm/max_map_count"));
  if (maps) tighten(left, less(*maps, for_the_rest) / 2, "the limit of memory areas (sysctl vm.max_map_count)");
}

/// A group's limit holds for all below it.
void of_the_groups(ThreadsLeft& left, const fs::path& root) {
  const std::string groups = text_of(root / "proc/self/cgroup");
  fs::path folder = root / "sys/fs/cgroup";
  const auto look = [&] {
    const auto limit = number_in(text_of(folder / "pids.max"));  // "max": none
    const auto used = number_in(text_of(folder / "pids.current")).value_or(0);
    if (limit)
      tighten(left, less(*limit, used), "the control group's limit (TasksMax, " + (folder / "pids.max").string() + ")");
  };
  look();
  for (const fs::path& part : fs::path(behind(groups, "0::")).relative_path()) {
    folder /= part;
    look();
  }
}

/// Threads of the processes whose real user is this one (setrlimit(2), RLIMIT_NPROC).
std::uint64_t threads_of_user(const fs::path& root, std::uint64_t user) {
  std::uint64_t threads = 0;
  std::error_code failed;
  for (fs::directory_iterator entry(root / "proc", failed), end; !failed && entry != end; entry.increment(failed)) {
    if (!number_in(entry->path().filename().string())) continue;
    const std::string status = text_of(entry->path() / "status");
    if (number_in(behind(status, "Uid:")) == user) threads += number_in(behind(status, "Threads:")).value_or(0);
  }
  return threads;
}

void of_the_user(ThreadsLeft& left, const fs::path& root, std::uint64_t limit) {
  if (limit == RLIM_INFINITY) return;
  const auto user = number_in(behind(text_of(root / "proc/self/status"), "Uid:"));
  if (!user || *user == 0) return;
  tighten(left, less(limit, threads_of_user(root, *user)), "the user's limit (LimitNPROC, ulimit -u)");
}

}  // namespace

std::uint64_t raise_thread_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) != 0) return RLIM_INFINITY;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NPROC, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

ThreadsLeft threads_left(std::uint64_t limit_of_user, const fs::path& root) {
  ThreadsLeft left;
  of_the_machine(left, root);
  of_the_groups(left, root);
  of_the_user(left, root, limit_of_user);
  return left;
}

std::uint32_t publishers_with_threads(std::uint32_t wanted, std::uint64_t threads) {
  const std::uint64_t fit = less(threads, kForTheService) / recorder::threads_for_each_publisher;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(fit, 1)));
}

}  // namespace unavoce::server
