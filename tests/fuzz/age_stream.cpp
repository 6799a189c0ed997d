// The first byte says how the rest is cut into writes. The rest as a sealed stream gives nothing (nobody knows the
// key); as plaintext it comes back.
#include <algorithm>

#include "crypto/stream.hpp"
#include "tests/fuzz/require.hpp"

using namespace unavoce::crypto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} + data[0] * std::size_t{300};
  const ByteView input(data + 1, size - 1);
  const auto through = [piece](auto& stream, ByteView bytes, Bytes& out) {
    const Sink sink = [&out](ByteView part) -> Result<void> {
      out.insert(out.end(), part.begin(), part.end());
      return boost::outcome_v2::success();
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (!stream.write(bytes.subspan(at, std::min(piece, bytes.size() - at)), sink)) return false;
    }
    return stream.finish(sink).has_value();
  };

  static const auto key = Secret<32>::random();
  Bytes forged;
  StreamOpener stranger(key);
  require(!through(stranger, input, forged) && forged.empty());

  Bytes sealed, opened;
  StreamSealer sealer(key);
  require(through(sealer, input, sealed));
  StreamOpener opener(key);
  require(through(opener, sealed, opened) && std::ranges::equal(opened, input));
  return 0;
}
