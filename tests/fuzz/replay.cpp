// Gives a fuzz target its seeds without libFuzzer: whole, cut off at every byte, and with every byte changed.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

/// Large seeds are changed at some hundred places only: the fuzzers do the rest.
constexpr std::size_t most_changes = 600;

void run(const Input& input) {
  const Input exact(input);  // no spare capacity, so that a sanitizer sees a read behind the end
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_with_changes(Input seed) {
  run(seed);
  const std::size_t step = seed.size() / most_changes + 1;
  for (std::size_t at = 0; at < seed.size(); at += step) {
    run(Input(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(at)));
    for (const int change : {0x01, 0x20, 0x80}) {
      seed[at] = static_cast<std::uint8_t>(seed[at] ^ change);
      run(seed);
      seed[at] = static_cast<std::uint8_t>(seed[at] ^ change);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS_FOLDER\n";
    return 2;
  }
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    run_with_changes(Input{std::istreambuf_iterator<char>(file), {}});
    ++seeds;
  }
  std::cout << seeds << " seeds replayed\n";
  return seeds > 0 ? 0 : 1;
}
