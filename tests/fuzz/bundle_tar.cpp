// A tar that claims to be a recording: no crash, nothing endless, and nothing in it passes that was not in the seed.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "consent/verifier.hpp"
#include "crypto/hardening.hpp"
#include "tests/fuzz/require.hpp"

namespace {

/// The bytes as a file that only this process sees.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t size) : fd_(memfd_create("bundle", 0)) {
    while (size > 0) {
      const ssize_t written = write(fd_, bytes, size);
      require(written > 0);
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace consent = unavoce::consent;
  static const bool ready = unavoce::crypto::init().has_value();
  require(ready);
  const MemoryFile file(bytes, size);
  const auto bundle = consent::Bundle::open(file.path());
  if (!bundle) return 0;
  std::uint64_t total = 0;
  for (const auto& one : bundle.value().files()) total += one.size_bytes;
  require(total <= size);  // nothing can be larger than the tar it lies in
  const consent::Report report = consent::verify_bundle(bundle.value());
  require(!report.rules.empty());
  return 0;
}
