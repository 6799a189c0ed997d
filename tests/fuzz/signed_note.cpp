// Notes and verifier keys from strangers: no crash, and only what the known key signed opens.
#include <array>
#include <cstdlib>

#include "crypto/note.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace crypto = unavoce::crypto;
  // The example of golang.org/x/mod/sumdb/note, with the one text that its key signed for us.
  static const std::array known{
      crypto::NoteVerifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value()};
  static constexpr std::string_view signed_text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const auto input = crypto::as_text({bytes, size});
  const auto text = crypto::open_note(input, known);
  if (text && text.value() != signed_text) std::abort();
  const auto verifier = crypto::NoteVerifier::parse(input);
  if (verifier && verifier.value().vkey() != input) std::abort();  // one spelling per key
  return 0;
}
