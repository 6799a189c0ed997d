// Whatever parse_header() accepts, serialise() writes again byte for byte.
#include "crypto/age_header.hpp"

#include "tests/fuzz/require.hpp"

using namespace unavoce::crypto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto parsed = parse_header(bytes);
  if (parsed && parsed.value()) {
    require(serialise(parsed.value()->header) == as_text(bytes.first(parsed.value()->size_bytes)));
  }
  return 0;
}
