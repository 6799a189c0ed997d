// A WHIP client's SDP fragment: no crash; a candidate that is used is one line for a section of the offer, with an
// address and no name in it.
#include <sstream>

#include "crypto/bytes.hpp"
#include "recorder/trickle.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce;
  static const recorder::OfferedIce offered{{"here"}, {{"0", 0}, {"1", 0}, {"far", 2}}};
  const auto read = recorder::read_fragment(crypto::as_text({bytes, size}), offered);
  if (!read) {
    require(!read.error().text.empty());
    return 0;
  }
  for (const auto& candidate : read.value()) {
    require(candidate.section == 0 || candidate.section == 2);
    require(candidate.text.starts_with("candidate:"));
    require(candidate.text.find_first_of("\r\n") == std::string::npos);
    // candidate:foundation component transport priority address …; what follows may say what it likes.
    std::istringstream words(candidate.text);
    std::string address;
    for (int word = 0; word < 5; ++word) words >> address;
    require(!address.ends_with(".local"));
  }
  return 0;
}
