#include "storage/volume.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/storage/temp_folder.hpp"

using namespace unavoce::storage;

namespace {

/// A system root with /sys/dev/block for the device under `path`, as the kernel shows it.
class FakeSystem {
 public:
  explicit FakeSystem(const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(stat(path.c_str(), &info) == 0);
    device_ = root_.path() / "sys/dev/block" /
              (std::to_string(major(info.st_dev)) + ":" + std::to_string(minor(info.st_dev)));
    std::filesystem::create_directories(root_.path() / "proc");
    std::ofstream(root_.path() / "proc/swaps") << "Filename Type Size Used Priority\n";
  }
  const std::filesystem::path& root() const { return root_.path(); }

  void add_device() { std::filesystem::create_directories(device_); }
  void add_mapping(const std::string& uuid) { add_mapping(device_, uuid); }
  /// LVM over one device for each of `uuids`.
  void add_lvm_over(const std::vector<std::string>& uuids) {
    add_mapping(device_, "LVM-abc");
    for (std::size_t i = 0; i < uuids.size(); ++i)
      add_mapping(device_ / "slaves" / ("dm-" + std::to_string(i)), uuids[i]);
  }
  void add_swap(const std::string& line) { std::ofstream(root_.path() / "proc/swaps", std::ios::app) << line << "\n"; }

 private:
  static void add_mapping(const std::filesystem::path& device, const std::string& uuid) {
    std::filesystem::create_directories(device / "dm");
    std::ofstream(device / "dm/uuid") << uuid << "\n";
  }

  TempFolder root_;
  std::filesystem::path device_;
};

bool has(const std::vector<Notice>& notices, Concern concern) {
  return std::ranges::any_of(notices, [&](const Notice& notice) { return notice.concern == concern; });
}

/// The source folder lies on a real disk; the temporary folder may be tmpfs.
const std::filesystem::path data_folder = UNAVOCE_SOURCE_DIR;

}  // namespace

TEST_CASE("a LUKS volume gives no notice") {
  FakeSystem system(data_folder);
  system.add_mapping("CRYPT-LUKS2-0123-data");
  const auto notices = inspect_volume(data_folder, system.root());
  CHECK_FALSE(has(notices, Concern::not_encrypted));
  CHECK_FALSE(has(notices, Concern::encryption_unknown));
}

TEST_CASE("a plain disk is reported") {
  FakeSystem system(data_folder);
  system.add_device();
  CHECK(has(inspect_volume(data_folder, system.root()), Concern::not_encrypted));
}

TEST_CASE("LVM counts as encrypted only if every disk below is") {
  FakeSystem good(data_folder);
  good.add_lvm_over({"CRYPT-LUKS2-a", "CRYPT-LUKS2-b"});
  CHECK_FALSE(has(inspect_volume(data_folder, good.root()), Concern::not_encrypted));
  FakeSystem half(data_folder);
  half.add_lvm_over({"CRYPT-LUKS2-a", "LVM-plain"});
  CHECK(has(inspect_volume(data_folder, half.root()), Concern::not_encrypted));
}

TEST_CASE("what cannot be found out is a notice, not silence") {
  FakeSystem system(data_folder);
  CHECK(has(inspect_volume(data_folder, system.root()), Concern::encryption_unknown));
  CHECK(has(inspect_volume("/does/not/exist", system.root()), Concern::encryption_unknown));
}

TEST_CASE("swap on a disk that is not known to be encrypted is reported, zram is not") {
  FakeSystem system(data_folder);
  CHECK_FALSE(has(inspect_volume(data_folder, system.root()), Concern::swap_not_encrypted));
  system.add_swap("/dev/zram0 partition 4 0 100");
  CHECK_FALSE(has(inspect_volume(data_folder, system.root()), Concern::swap_not_encrypted));
  system.add_swap("/swapfile-that-is-gone file 4 0 -2");
  CHECK(has(inspect_volume(data_folder, system.root()), Concern::swap_not_encrypted));
}
