// The real program, looked at from outside as an operator or an intruder would: what /proc shows, which files lie
// there and who may read them, how it starts and stops.
#include "tests/program.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/patience.hpp"

using namespace unavoce;
namespace fs = std::filesystem;

namespace {

constexpr uid_t kNobody = 65534;

/// Before a command that must end by itself.
std::string in_time() {
  return "timeout " + std::to_string(20 * testing::kSlower) + " ";
}

/// Root shows nothing of what one user may not do to another process of theirs: whoever tests as root becomes nobody in
/// the child that is looked at, or that looks. For those who are not root nothing changes.
void become_nobody() {
#if defined(__SANITIZE_ADDRESS__)
  // Its look for leaks at the end attaches to the process, which is what nobody may do.
  const char* set = getenv("ASAN_OPTIONS");
  setenv("ASAN_OPTIONS", (std::string(set == nullptr ? "" : set) + ":detect_leaks=0").c_str(), 1);
#endif
  if (geteuid() != 0) return;
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);  // as the service unit has it
  if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(126);
  // HOME stays root's, which nobody may enter: that keeps no service from starting.
}

/// Runs `job` in a child without privileges; whether it said yes.
template <class Job>
bool can_nobody(Job job) {
  const pid_t child = fork();
  if (child == 0) {
    become_nobody();
    _exit(job() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Whether another process of the same user can open a file below /proc/PID.
bool opens_for_its_user(pid_t pid, const std::string& name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  return can_nobody([&] { return open(path.c_str(), O_RDONLY) >= 0; });
}

/// A process of the same user that does nothing to protect itself; returns when it runs.
pid_t start_unprotected() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child == 0) {
    become_nobody();
    execlp("sleep", "sleep", "60", nullptr);
    _exit(127);
  }
  close(ends[1]);
  char c = 0;
  (void)!read(ends[0], &c, 1);  // ends with exec
  close(ends[0]);
  return child;
}

/// `unavoced` as a child process, until it says that it is ready.
class Program {
 public:
  enum class As { whoever_tests, nobody };

  explicit Program(const fs::path& data, As as = As::whoever_tests) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    if (as == As::nobody && geteuid() == 0 && chown(data.parent_path().c_str(), kNobody, kNobody) != 0)
      throw std::runtime_error("chown");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      umask(0);  // the worst that a service manager can do
      // Opened while one may: nobody need not be able to enter the folder it was built in.
      const int program = open(UNAVOCED_PROGRAM, O_PATH | O_CLOEXEC);
      if (as == As::nobody) become_nobody();
      const std::string folder = data.string();
      std::vector<const char*> arguments{"unavoced", "--port", "0", "--data", folder.c_str()};
      if (as == As::whoever_tests) arguments.push_back("--allow-root");
      arguments.push_back(nullptr);
      fexecve(program, const_cast<char* const*>(arguments.data()), environ);
      _exit(127);
    }
    close(ends[1]);
    char c = 0;
    while (read(ends[0], &c, 1) == 1 && c != '\n') said_.push_back(c);
    close(ends[0]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) stop(SIGKILL);
  }

  const std::string& said() const { return said_; }
  pid_t pid() const { return pid_; }
  /// A file below /proc/PID.
  std::string proc(const std::string& name) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  int stop(int signal) {
    int status = 0;
    kill(pid_, signal);
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  std::string said_;
};

constexpr const char* kKeyOfAWitness = "witness.example+02effaac+BPF22XeXMeGoDkZHozLdVt8RcgvTXA7pa68wE4/KS1td";

std::string line_of(const std::string& text, const std::string& start) {
  const auto at = text.find(start);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

}  // namespace

TEST_CASE("the service leaves no core dump, gets no new privileges, and stops in peace") {
  const testing::TemporaryFolder folder;
  Program program(folder.path() / "data", Program::As::nobody);
  REQUIRE(program.said().find("is ready: http://localhost:") != std::string::npos);
  CHECK(line_of(program.proc("limits"), "Max core file size").find(" 0 ") != std::string::npos);
  CHECK(line_of(program.proc("status"), "NoNewPrivs:") == "NoNewPrivs:\t1");
  // Not dumpable: another process of the same user may not read its memory.
  for (const char* name : {"environ", "mem", "maps"}) {
    CAPTURE(name);
    CHECK_FALSE(opens_for_its_user(program.pid(), name));
  }
  const pid_t unprotected = start_unprotected();
  CHECK(opens_for_its_user(unprotected, "environ"));  // so that the above says something
  kill(unprotected, SIGKILL);
  waitpid(unprotected, nullptr, 0);
  const int status = program.stop(SIGTERM);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

// The sanitizers make the locking of memory a call that does nothing and succeeds.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a service that can lock memory locks all of it; one that cannot lock a page does not start") {
  const testing::TemporaryFolder folder;
  {
    const Program program(folder.path() / "data", Program::As::nobody);
    REQUIRE(program.said().find("http") != std::string::npos);
    const std::string limit = line_of(program.proc("limits"), "Max locked memory");
    REQUIRE(!limit.empty());
    const std::string locked = line_of(program.proc("status"), "VmLck:");
    CAPTURE(locked);
    if (limit.find("unlimited") != std::string::npos)
      CHECK(std::stol(locked.substr(6)) > 10'000);  // kB; keys alone are a few pages
    else
      WARN("SKIPPED in part: nobody may lock as much memory as they like here");
  }
  const pid_t child = fork();
  if (child == 0) {
    const int program = open(UNAVOCED_PROGRAM, O_PATH | O_CLOEXEC);
    become_nobody();
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(126);
    const std::string data = folder / "data";
    const std::array<const char*, 6> arguments{"unavoced", "--port", "0", "--data", data.c_str(), nullptr};
    fexecve(program, const_cast<char* const*>(arguments.data()), environ);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 1));
}
#endif

TEST_CASE("everything in the data folder is the service's own, whatever the umask") {
  const testing::TemporaryFolder folder;
  Program program(folder.path() / "data");
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    const auto mode = entry.status().permissions();
    INFO(entry.path());
    CHECK((mode & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
    files += entry.is_regular_file() ? 1 : 0;
  }
  CHECK(files >= 4);  // database, slots, keys
}

TEST_CASE("a service that is killed starts again over the same data, and two do not share it") {
  const testing::TemporaryFolder folder;
  {
    Program first(folder.path() / "data");
    REQUIRE_FALSE(first.said().empty());
    Program second(folder.path() / "data");
    CHECK(second.said().empty());
    first.stop(SIGKILL);
  }
  Program again(folder.path() / "data");
  CHECK(again.said().find("is ready") != std::string::npos);
}

TEST_CASE("who is told to stop while its ledger is compared with a witness that says nothing stops in peace") {
  const testing::TemporaryFolder folder;
  const int witness = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  auto* address = reinterpret_cast<sockaddr*>(&place);
  REQUIRE(bind(witness, address, size) == 0);
  REQUIRE(listen(witness, 1) == 0);
  REQUIRE(getsockname(witness, address, &size) == 0);
  const std::string asked = "http://127.0.0.1:" + std::to_string(ntohs(place.sin_port)) + " " + kKeyOfAWitness;
  const std::string data = folder / "data";
  const pid_t service = fork();
  if (service == 0) {
    execl(UNAVOCED_PROGRAM, "unavoced", "--allow-root", "--port", "0", "--data", data.c_str(), "--witnesses",
          asked.c_str(), nullptr);
    _exit(127);
  }
  const int connection = accept(witness, nullptr, nullptr);
  REQUIRE(connection >= 0);
  kill(service, SIGTERM);
  int status = 0;
  waitpid(service, &status, 0);
  close(connection);
  close(witness);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("a start with few open files takes no more connections and publishers than fit into them, and says so") {
  // It goes no further than to its data folder, which cannot be made.
  const auto started = testing::run("(ulimit -n 1024 && exec " + in_time() + UNAVOCED_PROGRAM +
                                    " --allow-root --port 0 --data /proc/nothing/here 2>&1)");
  CHECK(started.exit_code == 1);
  CHECK(started.output.find("only 512 of max_connections = 1024 fit, beside 13 publishers, into 1024 open files") !=
        std::string::npos);
  CHECK(started.output.find("only 13 of max_publishers = 200 fit, beside 512 connections, into 1024 open files") !=
        std::string::npos);
}

TEST_CASE("a start that fails for what may pass says so by its exit code, one that would be refused again does not") {
  const testing::TemporaryFolder folder;
  const Program running(folder.path() / "data");
  const std::string port = running.said().substr(running.said().rfind(':') + 1);
  for (const char* name : {"elsewhere", "damaged"}) fs::create_directory(folder.path() / name);
  testing::write_text(folder / "elsewhere/checkpoint", "example.org/other\n1\nx\n");
  testing::write_text(folder / "damaged/service.key", "# unavoce service key v1\n");
  const std::string asks_nobody = std::string(" --witnesses 'http://127.0.0.1:1 ") + kKeyOfAWitness + "'";
  struct Start {
    std::string flags;
    int exit_code;
    const char* says;
  };
  const std::vector<Start> starts = {
      {"--port 0 --data " + (folder / "data"), EX_TEMPFAIL, "is in use by another process"},
      {"--port " + port + " --data " + (folder / "beside"), EX_TEMPFAIL, "Address already in use"},
      {"--port 0 --data " + (folder / "alone") + asks_nobody, EX_TEMPFAIL, "cannot be reached"},
      {"--port 0 --data " + (folder / "other") + " --ledger-checkpoint-copy " + (folder / "elsewhere/checkpoint"), 1,
       "has seen another ledger"},
      {"--port 0 --data " + (folder / "damaged"), 1, "is damaged"},
      {"--config " + (folder / "damaged") + " --port 0 --data " + (folder / "by default"), 1, "configuration file"},
      {"--port none --data " + (folder / "wrong"), 1, "port"}};
  for (const Start& start : starts) {
    const auto ended = testing::run(in_time() + UNAVOCED_PROGRAM + " --allow-root " + start.flags + " 2>&1");
    CAPTURE(start.flags, ended.output);
    CHECK(ended.exit_code == start.exit_code);
    CHECK(ended.output.find(start.says) != std::string::npos);
  }
}

TEST_CASE("root is refused unless it is insisted") {
  // A user namespace makes root of anybody, where the kernel allows it.
  const bool can_be_root = geteuid() == 0 || std::system("unshare --map-root-user true 2>/dev/null") == 0;
  if (!can_be_root) {
    WARN("SKIPPED: nobody can be root here");
    return;
  }
  const testing::TemporaryFolder folder;
  const std::string become = geteuid() == 0 ? "" : "unshare --map-root-user ";
  const auto start = [&](const std::string& flags) {
    return testing::run(in_time() + become + UNAVOCED_PROGRAM + " --port 0 --data " +
                        (folder.path() / "data").string() + flags + " 2>&1");
  };
  for (const char* writes : {"", " --make-invitation"}) {
    CAPTURE(writes);
    const auto refused = start(writes);
    CHECK(refused.exit_code == 1);
    CHECK(refused.output.find("--allow-root") != std::string::npos);
    CHECK_FALSE(fs::exists(folder.path() / "data"));
  }
  CHECK(start(" --check-config").exit_code == 0);
  CHECK_FALSE(fs::exists(folder.path() / "data"));
  CHECK(start(" --make-invitation --allow-root").exit_code == 0);
  CHECK(fs::exists(folder.path() / "data"));
}
