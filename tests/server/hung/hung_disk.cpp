// For unavoced: the volume of its recordings hangs when it is looked at for the second time, as a network's may, and
// standard output says so.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

extern "C" int statvfs(const char* path, struct statvfs* volume) noexcept {
  static std::atomic<int> looks{0};
  if (std::string_view(path).ends_with("/blobs") && ++looks > 1) {
    constexpr std::string_view kWords = "the disk hangs\n";
    (void)!write(STDOUT_FILENO, kWords.data(), kWords.size());
    for (;;) pause();
  }
  const int folder = open(path, O_PATH | O_CLOEXEC);
  if (folder < 0) return -1;
  const int looked = fstatvfs(folder, volume);
  close(folder);
  return looked;
}
