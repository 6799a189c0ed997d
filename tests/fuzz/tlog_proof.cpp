// Proofs, consistency proofs and checkpoints from strangers: no crash, and one spelling: what was read is written the
// same way.

#include "consent/checkpoint.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace consent = unavoce::consent;
  const auto text = unavoce::crypto::as_text({bytes, size});
  const auto proof = consent::parse_proof(text);
  if (proof && text.find("\nextra ") == std::string_view::npos) require(consent::format_proof(proof.value()) == text);
  if (const auto hashes = consent::parse_consistency(text)) {
    require(consent::format_consistency(hashes.value()) == text);
    require(!hashes.value().empty() && size <= consent::kMaxConsistencyBytes);
  }
  const auto checkpoint = consent::parse_checkpoint(proof ? std::string_view(proof.value().checkpoint) : text);
  const std::string_view note = proof ? std::string_view(proof.value().checkpoint) : text;
  if (checkpoint) require(note.starts_with(consent::format_checkpoint(checkpoint.value())));  // extensions may follow
  return 0;
}
