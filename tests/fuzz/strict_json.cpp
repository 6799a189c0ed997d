// Texts from strangers in front of every JSON reader: no crash, and what is accepted keeps its promises.
#include "crypto/strict_json.hpp"

#include <cstdlib>

#include "crypto/bytes.hpp"
#include "crypto/utf8.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace crypto = unavoce::crypto;
  const auto text = crypto::as_text({bytes, size});
  const bool shallow = crypto::check_strict_json(text, 3).has_value();
  const bool deep = crypto::check_strict_json(text, 64).has_value();
  if (shallow && !deep) std::abort();                // a larger limit never refuses more
  if (deep && !crypto::is_utf8(text)) std::abort();  // two independent UTF-8 decoders agree
  return 0;
}
