// Envelopes from strangers: no crash, and an accepted one reads the same after it was written again.
#include "crypto/dsse.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace crypto = unavoce::crypto;
  const auto envelope = crypto::parse_envelope(crypto::as_text({bytes, size}));
  if (!envelope) return 0;
  const auto& first = envelope.value();
  const auto again = crypto::parse_envelope(crypto::serialise(first));
  // Writing adds at most a few escapes; only an envelope at the very limit may become too large by them.
  if (!again) return again.error().code == crypto::Errc::too_large ? 0 : (std::abort(), 0);
  const auto& second = again.value();
  if (second.payload_type != first.payload_type || second.payload != first.payload) std::abort();
  if (second.signatures.size() != first.signatures.size()) std::abort();
  for (std::size_t i = 0; i < first.signatures.size(); ++i) {
    if (second.signatures[i].keyid != first.signatures[i].keyid) std::abort();
    if (second.signatures[i].sig != first.signatures[i].sig) std::abort();
  }
  return 0;
}
