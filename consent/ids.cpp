#include "consent/ids.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"
#include "crypto/random.hpp"

namespace unavoce::consent::detail {

std::string id_hex(std::span<const std::uint8_t> bytes) {
  return crypto::to_hex(bytes);
}

Result<void> parse_id(std::string_view hex, std::span<std::uint8_t> out) {
  if (hex.size() != 2 * out.size())
    return Error(Errc::malformed, "an id has " + std::to_string(hex.size()) + " characters, expected " +
                                      std::to_string(2 * out.size()) + " lower-case hex digits");
  BOOST_OUTCOME_TRY(const auto bytes, crypto::from_hex(hex));
  std::ranges::copy(bytes, out.begin());
  return boost::outcome_v2::success();
}

void random_id(std::span<std::uint8_t> out) {
  crypto::fill_random(out);
}

}  // namespace unavoce::consent::detail
