#include "server/write_confinement.hpp"

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
