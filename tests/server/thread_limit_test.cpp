// How many publishers a machine has threads for.
#include "server/thread_limit.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <string>

#include "recorder/thread_cost.hpp"
#include "tests/program.hpp"
#include "tests/storage/temp_folder.hpp"

using namespace unavoce;
using namespace unavoce::server;

namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t each = recorder::threads_for_each_publisher;

/// A machine with 900 threads, of which the service's control group has 5 and its user, 998, 7.
struct Machine {
  Machine() {
    write("proc/loadavg", "0.10 0.20 0.30 2/900 4711\n");
    write("proc/sys/kernel/threads-max", "192730\n");
    write("proc/sys/kernel/pid_max", "4194304\n");
    write("proc/sys/vm/max_map_count", "1048576\n");
    write("proc/self/cgroup", "0::/system.slice/unavoced.service\n");
    write("proc/self/status", status("998", 5));
    write("proc/20/status", status("998", 5));
    write("proc/21/status", status("998", 2));
    write("proc/22/status", status("0", 800));
    write("proc/not_a_process/status", status("998", 800));
    group("", "max", 900);
    group("system.slice", "max", 300);
    group("system.slice/unavoced.service", "max", 5);
  }
  static std::string status(const std::string& user, int threads) {
    return "Name:\tunavoced\nUid:\t" + user + "\t0\t0\t0\nThreads:\t" + std::to_string(threads) + "\n";
  }
  void write(const std::string& name, const std::string& text) const {
    const auto path = root.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void group(const std::string& name, const std::string& limit, int used) const {
    write("sys/fs/cgroup/" + name + "/pids.max", limit + "\n");
    write("sys/fs/cgroup/" + name + "/pids.current", std::to_string(used) + "\n");
  }
  ThreadsLeft left(std::uint64_t limit_of_user = RLIM_INFINITY) const {
    return threads_left(limit_of_user, root.path());
  }
  storage::TempFolder root;
};

}  // namespace

TEST_CASE("there are no more publishers than threads for them, beside the service's own", "[threads]") {
  CHECK(publishers_with_threads(200, no_limit) == 200);
  CHECK(publishers_with_threads(200, 96 + 200 * each) == 200);
  CHECK(publishers_with_threads(200, 96 + 200 * each - 1) == 199);
  CHECK(publishers_with_threads(200, 96 + 10 * each) == 10);
  CHECK(publishers_with_threads(200, 20) == 1);  // who may have none at all learns it from the first
}

TEST_CASE("the tightest limit of threads counts, without what others use of it, and is named", "[threads]") {
  Machine machine;
  SECTION("the machine's") {
    CHECK(machine.left().threads == 192730 - 900);
    CHECK(machine.left().limit.find("kernel.threads-max") != std::string::npos);
  }
  SECTION("the numbers that processes and threads have") {
    machine.write("proc/sys/kernel/pid_max", "32768\n");
    CHECK(machine.left().threads == 32768 - 900);
    CHECK(machine.left().limit.find("kernel.pid_max") != std::string::npos);
  }
  SECTION("memory areas, of which each thread needs two") {
    machine.write("proc/sys/vm/max_map_count", "65530\n");
    CHECK(machine.left().threads == (65530 - 4096) / 2);
    CHECK(machine.left().limit.find("vm.max_map_count") != std::string::npos);
  }
  SECTION("the service's own control group's") {
    machine.group("system.slice/unavoced.service", "2355", 5);
    CHECK(machine.left().threads == 2350);
    CHECK(machine.left().limit.find("TasksMax") != std::string::npos);
    CHECK(machine.left().limit.find("system.slice/unavoced.service/pids.max") != std::string::npos);
  }
  SECTION("a group's above it, which others are in, too") {
    machine.group("system.slice/unavoced.service", "2355", 5);
    machine.group("system.slice", "1000", 300);
    CHECK(machine.left().threads == 700);
    CHECK(machine.left().limit.find("system.slice/pids.max") != std::string::npos);
  }
  SECTION("a container's, which sees its own group as the root of all") {
    machine.write("proc/self/cgroup", "0::/\n");
    machine.group("", "512", 12);
    CHECK(machine.left().threads == 500);
  }
  SECTION("the user's") {
    CHECK(machine.left(1000).threads == 1000 - 7);
    CHECK(machine.left(1000).limit.find("LimitNPROC") != std::string::npos);
    CHECK(machine.left(5).threads == 0);
  }
  SECTION("the user's, which does not hold for root") {
    machine.write("proc/self/status", Machine::status("0", 5));
    CHECK(machine.left(1000).threads == 192730 - 900);
  }
}

TEST_CASE("a start with few threads takes no more publishers than fit into them, and says so", "[threads]") {
  if (geteuid() != 0) {
    WARN("SKIPPED: only root can become a user that has no threads yet");
    return;
  }
  // It goes no further than to its data folder, which cannot be made.
  const auto started = testing::run("exec prlimit --nproc=1000 setpriv --reuid=65534 --regid=65534 --clear-groups " +
                                    std::string(UNAVOCED_PROGRAM) + " --port 0 --data /proc/nothing/here 2>&1");
  CHECK(started.exit_code == 1);
  INFO(started.output);
  CHECK(started.output.find(" of max_publishers = 200 fit into the 9") != std::string::npos);
  CHECK(started.output.find(" threads that are left; raise the user's limit (LimitNPROC, ulimit -u)") !=
        std::string::npos);
}

TEST_CASE("what cannot be read limits nothing, and this machine has threads", "[threads]") {
  const storage::TempFolder empty;
  CHECK(threads_left(RLIM_INFINITY, empty.path()).threads == no_limit);
  CHECK(threads_left(raise_thread_limit()).threads > 0);
}
