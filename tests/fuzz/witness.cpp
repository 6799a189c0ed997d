// What logs ask of witnesses and what witnesses answer: no crash, and a request that was read is written the same way.

#include "consent/witness.hpp"

#include <array>

#include "crypto/hardening.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace consent = unavoce::consent;
  namespace crypto = unavoce::crypto;
  const auto text = crypto::as_text({bytes, size});
  if (const auto request = consent::parse_add_checkpoint(text))
    require(consent::format_add_checkpoint(request.value()) == text);
  (void)consent::parse_tree_size(text);
  static const auto witness = [] {
    (void)crypto::init();
    constexpr std::array<std::uint8_t, 32> seed{1};
    const auto key = crypto::SigningKey::from_seed(seed).value().public_key();
    return crypto::CosignatureVerifier::from_key("witness.example", key).value();
  }();
  (void)witness.time_in(text);
  (void)witness.pick(text, "example.org/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  if (const auto vkey = crypto::CosignatureVerifier::parse(text)) require(vkey.value().vkey() == text);
  return 0;
}
