#include "server/write_confinement.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

using namespace unavoce::server;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("unavoce-confined-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path / "data" / "deep"), fs::create_directories(path / "elsewhere"); }
  ~Folder() { fs::remove_all(path); }
};

bool can_write(const fs::path& path) {
  std::ofstream out(path);
  out << "x" << std::flush;
  return out.good();
}

constexpr uid_t kNobody = 65534;

/// Root may enter every folder: whoever tests as root becomes nobody in the child. What `job` gives, as its exit code.
template <class Job>
int in_a_child(Job job) {
  const pid_t child = fork();
  if (child == 0) {
    const bool dropped = geteuid() != 0 || (setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0);
    _exit(dropped ? static_cast<int>(job()) : 126);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void give_to_the_child(const fs::path& path) {
  if (geteuid() == 0) REQUIRE(chown(path.c_str(), kNobody, kNobody) == 0);
}

}  // namespace

TEST_CASE("a confined process writes beneath its data folder and nowhere else, and still reads everywhere") {
  const Folder folder;
  std::ofstream(folder.path / "elsewhere" / "old") << "old";
  // Landlock concerns a thread and its children: the test program itself stays free.
  std::thread([&] {
    const std::array data{folder.path / "data", folder.path / "does-not-exist"};
    const auto confined = confine_writes(data);
    REQUIRE(confined);
    if (confined.value() == Confined::not_offered) {
      WARN("SKIPPED: this kernel offers no Landlock");
      return;
    }
    CHECK(can_write(folder.path / "data" / "new"));
    CHECK(can_write(folder.path / "data" / "deep" / "new"));
    CHECK(can_write("/dev/null"));
    fs::rename(folder.path / "data" / "new", folder.path / "data" / "newer");
    fs::create_directory(folder.path / "data" / "more");

    CHECK_FALSE(can_write(folder.path / "elsewhere" / "new"));
    CHECK_FALSE(can_write(folder.path / "elsewhere" / "old"));
    std::error_code error;
    CHECK_FALSE(fs::remove(folder.path / "elsewhere" / "old", error));
    CHECK_FALSE(fs::create_directory(folder.path / "elsewhere" / "more", error));
    CHECK_FALSE(can_write(fs::temp_directory_path() / "unavoce-confined-media"));
    std::string text;
    CHECK(std::ifstream(folder.path / "elsewhere" / "old") >> text);
    std::thread([&] { CHECK_FALSE(can_write(folder.path / "elsewhere" / "new")); }).join();
  }).join();
}

TEST_CASE("a folder that cannot be reached keeps nobody from being confined, and gets no right by that") {
  const Folder folder;
  const fs::path locked = folder.path / "locked";
  const fs::path home = locked / "home";  // of somebody else, say
  fs::create_directories(home);
  std::ofstream(folder.path / "elsewhere" / "file") << "no folder";
  for (const fs::path& path : {folder.path / "data", folder.path / "elsewhere", locked, home}) give_to_the_child(path);
  enum Answer : int { as_it_should_be, refused, not_confined, right_granted, not_offered };
  REQUIRE(chmod(locked.c_str(), 0) == 0);
  const int answer = in_a_child([&] {
    const std::array folders{folder.path / "data", home, folder.path / "elsewhere" / "file" / "cache"};
    const auto confined = confine_writes(folders);
    if (!confined) return refused;
    if (confined.value() == Confined::not_offered) return not_offered;
    if (!can_write(folder.path / "data" / "new") || can_write(folder.path / "elsewhere" / "new")) return not_confined;
    // Open to its owner by now, but not to this process.
    if (chmod(locked.c_str(), 0700) != 0) return refused;
    return can_write(home / "new") ? right_granted : as_it_should_be;
  });
  chmod(locked.c_str(), 0700);  // so that it can be removed
  if (answer == not_offered) {
    WARN("SKIPPED: this kernel offers no Landlock");
    return;
  }
  CHECK(answer == as_it_should_be);
}
