#include "server/write_confinement.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace unavoce::server {
namespace {

constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kAllWrites =
    kWriteFile | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

class Descriptor {
 public:
  explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error refused(const std::string& step) {
  const int os_error = errno;
  // Unavailable: a network disk for the copy of the checkpoint, say.
  return Error(code_of_os_error(os_error), "writing cannot be confined: " + step + ": " + std::strerror(os_error) +
                                               ". Check that disk, or the seccomp filter of the service");
}

Result<void> allow(const Descriptor& rules, const std::filesystem::path& path, std::uint64_t access) {
  const Descriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (place.get() < 0) {
    // A home that belongs to somebody else, or is none (/dev/null), is no folder of ours. No rule means no right.
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return boost::outcome_v2::success();
    return refused("open " + path.string());
  }
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = access;
  beneath.parent_fd = place.get();
  if (syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0) {
    return refused("allow " + path.string());
  }
  return boost::outcome_v2::success();
}

}  // namespace

Result<Confined> confine_writes(std::span<const std::filesystem::path> folders) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAllWrites;
  const Descriptor rules(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (rules.get() < 0) {
    if (errno == ENOSYS || errno == EOPNOTSUPP) return Confined::not_offered;  // not built in, or switched off at boot
    return refused("landlock_create_ruleset");
  }
  for (const auto& folder : folders) {
    BOOST_OUTCOME_TRY(allow(rules, folder, kAllWrites));
  }
  BOOST_OUTCOME_TRY(allow(rules, "/dev/null", kWriteFile));
  // The price of confining oneself without privilege; nothing we start is set-user-id.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS");
  if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return refused("landlock_restrict_self");
  return Confined::yes;
}

}  // namespace unavoce::server
