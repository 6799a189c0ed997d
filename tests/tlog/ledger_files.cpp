// Writes a ledger as the public sees it, for judges that are not ours: `ledger_files FOLDER` makes FOLDER/vkey, and for
// a ledger that grew FOLDER/<size>/checkpoint with the tiles of that size under FOLDER/<size>/tile/. What was in the
// tree at size 256 is erased at 300. FOLDER/forked/ is another history signed with the same key. FOLDER/private-… is
// where the ledgers themselves are.
#include <iostream>

#include "crypto/hardening.hpp"
#include "tests/tlog/public_ledger.hpp"

using namespace unavoce;
using namespace unavoce::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::uint64_t, 4> kSizesBeforeErasing = {1, 3, 255, 256};
constexpr std::array<std::uint64_t, 2> kSizesAfter = {300, 1025};
const std::string kErased(32, 'a');

SignedLedger new_ledger(const fs::path& folder) {
  fs::create_directories(folder);
  return SignedLedger(folder);
}

void write_all(const fs::path& out) {
  SignedLedger honest = new_ledger(out / "private-honest");
  put(out / "vkey", honest.ledger.vkey());
  for (const std::uint64_t size : kSizesBeforeErasing) {
    honest.grow(size, "one history", kErased);
    publish(honest.ledger, out / std::to_string(size));
  }
  must(honest.ledger.erase_recording(kErased));
  for (const std::uint64_t size : kSizesAfter) {
    honest.grow(size, "one history");
    publish(honest.ledger, out / std::to_string(size));
  }
  SignedLedger other = new_ledger(out / "private-forked");
  other.grow(kSizesAfter.back(), "another history");
  publish(other.ledger, out / "forked");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: ledger_files FOLDER\n";
    return 2;
  }
  if (!unavoce::crypto::init()) return 1;
  try {
    write_all(argv[1]);
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
  return 0;
}
